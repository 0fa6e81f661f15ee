#include "cli/check.h"

#include <gtest/gtest.h>

#include "tests/support/hash_embedder.h"

namespace refrain::cli {
namespace {

TEST(Check, ADecisiveWordIsNamed) {
  test::HashEmbedder embedder;
  const auto checked = check_texts(embedder, "is it safe", "is it not safe");
  ASSERT_TRUE(checked);
  EXPECT_FALSE(checked->pair.serve);
  EXPECT_TRUE(render(*checked).contains("no polarity"));
  EXPECT_TRUE(render_json(*checked).contains("\"served\":false"));
}

TEST(Check, IdenticalTextsAreServed) {
  test::HashEmbedder embedder;
  const auto checked = check_texts(embedder, "what is a cache", "What is a cache?");
  ASSERT_TRUE(checked);
  EXPECT_TRUE(checked->pair.serve);
  EXPECT_TRUE(render(*checked).starts_with("served"));
}

TEST(Check, AFailingEmbedderIsAnError) {
  test::HashEmbedder embedder;
  EXPECT_FALSE(check_texts(embedder, "", ""));
}

}  // namespace
}  // namespace refrain::cli
