#include "answers/pictures.h"

#include <gtest/gtest.h>

#include "tests/support/answers_probe.h"

namespace refrain::answers {
namespace {

using Texts = std::vector<std::string>;

const Collection kHere{"t", "m", "multicache"}, kThere{"t", "other", "multicache"};

TEST(Pictures, OnesThatDifferInFewBitsAreAlikeNearestFirst) {
  Pictures pictures({});
  pictures.add(kHere, {"one", 0xff0f});
  pictures.add(kHere, {"two", 0xff00});
  pictures.add(kHere, {"far", 0xff00'0000'0000});
  EXPECT_EQ(pictures.alike(kHere, {"asked", 0xff01}, 9), (Texts{"two", "one"}));
  EXPECT_EQ(pictures.alike(kHere, {"asked", 0xff01}, 1), Texts{"two"});
  EXPECT_EQ(pictures.alike(kHere, {"two", 0xff00}, 9), Texts{"one"});
}

TEST(Pictures, CollectionsDoNotMeetAndAreForgottenAlone) {
  Pictures pictures({});
  pictures.add(kHere, {"one", 7});
  pictures.add(kThere, {"two", 7});
  EXPECT_EQ(pictures.alike(kHere, {"asked", 7}, 9), Texts{"one"});
  pictures.forget(kHere);
  EXPECT_EQ(pictures.alike(kHere, {"asked", 7}, 9), Texts{});
  EXPECT_EQ(pictures.size(), 1U);
}

TEST(Pictures, WhatHasNoLooksIsKnownByItsBytesAlone) {
  Pictures pictures({});
  const Picture text = pictures.look_at("no image");
  EXPECT_EQ(text.looks, std::nullopt);
  EXPECT_NE(text.content, pictures.look_at("no images").content);
  pictures.add(kHere, text);
  pictures.add(kHere, {"of one shade", 0});
  EXPECT_EQ(pictures.size(), 0U);
}

TEST(Pictures, NoMoreThanTheLimitAreHeld) {
  Pictures pictures({.pictures_max = 1});
  pictures.add(kHere, {"one", 1});
  pictures.add(kHere, {"two", 2});
  EXPECT_EQ(pictures.size(), 1U);
}

TEST(Pictures, ATagComesBack) {
  const Picture picture{"abc-3", 0x1234};
  EXPECT_EQ(picture_of(tag_of(picture)), picture);
  for (const char* tag : {"", "looks:", "looks:0000000000001234", "looks:000000000000123x:abc"}) {
    EXPECT_EQ(picture_of(tag), std::nullopt) << tag;
  }
}

TEST(Pictures, AreThereAgainAfterARestart) {
  test::AnswersProbe probe;
  probe.embedder.set("a", 1);
  std::vector<Entry> entries;
  entries.push_back(
      {question_of(kHere, {.image = "abc-3", .text = "a"}), "A", {tag_of({"abc-3", 0x1234})}});
  ASSERT_TRUE(probe.service().insert({}, kHere, std::move(entries)));
  Pictures pictures({});
  ASSERT_TRUE(pictures.load({}, *probe.cache, "multicache"));
  EXPECT_EQ(pictures.alike(kHere, {"asked", 0x1234}, 9), Texts{"abc-3"});
}

TEST(Pictures, ADistanceThatMeansNothingIsRefused) {
  EXPECT_FALSE(Pictures::Options{.distance_max = 33}.check());
}

}  // namespace
}  // namespace refrain::answers
