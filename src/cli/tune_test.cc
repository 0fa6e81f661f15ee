#include "cli/tune.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "cli/decision_profile.h"
#include "tests/support/hash_embedder.h"
#include "tests/support/temp_folder.h"

namespace refrain::cli {
namespace {

using testing::HasSubstr;

TEST(TuneInput, PairsMayBeLinesAListOrLabels) {
  const auto lines = read_labelled(R"({"a":"x","b":"y","same":true}
{"question":"x","stored":"z","label":0,"group":"g"}
)");
  ASSERT_TRUE(lines) << lines.error().what;
  ASSERT_EQ(lines->size(), 2U);
  EXPECT_TRUE((*lines)[0].right);
  EXPECT_FALSE((*lines)[1].right);
  EXPECT_EQ((*lines)[1].group, "g");
  EXPECT_EQ(read_labelled(R"([{"a":"x","b":"y","same":1}])")->size(), 1U);
}

TEST(TuneInput, FeedbackComesWithItsFeatures) {
  std::string features;
  for (std::size_t i = policy::kAlone; i < policy::kFeatures; ++i) {
    features += fmt::format("{}\"{}\":{}", features.empty() ? "" : ",", policy::feature_name(i),
                            i == policy::kAlone ? 1.0 : 0.25);
  }
  const auto read = read_labelled(
      R"({"labels":[{"answer_id":"7","verdict":"wrong","judgement":{"features":{)" + features +
      "}}}]}");
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_DOUBLE_EQ((*read)[0].evidence[policy::kAlone + 1], 0.25);
  EXPECT_DOUBLE_EQ((*read)[0].evidence[1], 0);
  EXPECT_EQ((*read)[0].group, "7");
}

TEST(TuneInput, WhatIsNoLabelIsNamedByItsNumber) {
  EXPECT_THAT(read_labelled("{\"a\":\"x\",\"b\":\"y\",\"same\":true}\n{\"a\":\"x\"}").error().what,
              HasSubstr("item 2"));
  EXPECT_FALSE(read_labelled("[]"));
  EXPECT_FALSE(read_labelled("not json"));
}

TEST(TuneInput, PairsThatShareATextAreOneGroup) {
  test::HashEmbedder embedder;
  const auto examples = examples_of(embedder, {{"one x", "two x", {}, true, ""},
                                               {"two x", "three x", {}, false, ""},
                                               {"four y", "five y", {}, false, ""}});
  ASSERT_TRUE(examples);
  EXPECT_EQ((*examples)[0].group, (*examples)[1].group);
  EXPECT_NE((*examples)[0].group, (*examples)[2].group);
}

TEST(Tune, WritesAProfileThatCanBeLoadedAndWarnsOfTooFewLabels) {
  TempFolder folder;
  test::HashEmbedder embedder;
  const std::string file = folder.path() + "/pairs.jsonl";
  const std::string profile = folder.path() + "/profile.json";
  std::ofstream(file) << R"({"a":"how do i pay my bill","b":"how can i pay my bill","same":true})";
  testing::internal::CaptureStdout();
  EXPECT_EQ(tune({}, {file, profile, 0.01}, embedder), 0);
  const std::string text = testing::internal::GetCapturedStdout();
  EXPECT_THAT(text, HasSubstr("warning: "));
  EXPECT_THAT(text, HasSubstr("--decision-profile"));
  EXPECT_TRUE(load_profile(profile));
}

TEST(Tune, AFileThatIsNotThereIsAnError) {
  test::HashEmbedder embedder;
  EXPECT_NE(tune({}, {"/none/of/it", "", 0.01}, embedder), 0);
}

}  // namespace
}  // namespace refrain::cli
