#include "cli/analyze.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/gate_embedder.h"

namespace refrain::cli {
namespace {

using testing::ElementsAre;

struct AnalyzeTest : testing::Test {
  test::GateEmbedder embedder;
};

TEST_F(AnalyzeTest, OnePairOfFourTextsIsASixthOfAllPairs) {
  embedder.set("one two", 1.0F);
  embedder.set("two", 0.95F);
  embedder.set("three", 0.0F);
  embedder.set("four", -1.0F);
  auto found = analyze(embedder, {"one two", "two", "three", "four"}, {});
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(found->prompts, 4U);
  EXPECT_DOUBLE_EQ(found->words_mean, 1.25);
  EXPECT_EQ(found->pairs, 1U);
  EXPECT_NEAR(found->share_percent, 16.67, 0.005);
  ASSERT_EQ(found->samples.size(), 1U);
  EXPECT_EQ(found->samples[0].first, 0U);
  EXPECT_EQ(found->samples[0].second, 1U);
  EXPECT_NEAR(found->samples[0].cosine, 0.95F, 1e-5F);
}

TEST_F(AnalyzeTest, ThePairAtTheThresholdCounts) {
  embedder.set("a", 1.0F);
  embedder.set("b", 0.9F);
  EXPECT_EQ(analyze(embedder, {"a", "b"}, {})->pairs, 1U);
}

TEST_F(AnalyzeTest, TheBestSamplesAreKeptBestFirst) {
  embedder.set("a", 1.0F);
  for (auto [text, cosine] : {std::pair{"b", 0.93F}, {"c", 0.99F}, {"d", 0.91F}}) {
    embedder.set(text, cosine);
  }
  AnalyzeOptions options;
  options.threshold = 0.9F;
  options.samples_max = 2;
  auto found = analyze(embedder, {"a", "b", "c", "d"}, options);
  ASSERT_EQ(found->samples.size(), 2U);
  EXPECT_GE(found->samples[0].cosine, found->samples[1].cosine);
  EXPECT_GT(found->pairs, 2U);
}

TEST_F(AnalyzeTest, ProgressIsToldBatchByBatch) {
  std::vector<std::string> prompts(100, "a");
  embedder.set("a", 1.0F);
  std::vector<std::uint64_t> seen;
  AnalyzeOptions options;
  options.progress = [&](std::uint64_t done) { seen.push_back(done); };
  ASSERT_TRUE(analyze(embedder, prompts, options));
  EXPECT_THAT(seen, ElementsAre(64, 100));
}

TEST_F(AnalyzeTest, AFailingEmbedderIsAnErrorAndOnePromptHasNoPair) {
  EXPECT_FALSE(analyze(embedder, {"unknown"}, {}));
  embedder.set("a", 1.0F);
  EXPECT_EQ(analyze(embedder, {"a"}, {})->share_percent, 0);
}

}  // namespace
}  // namespace refrain::cli
