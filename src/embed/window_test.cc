#include "embed/window.h"

#include <limits>
#include <numeric>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::embed {
namespace {

using llama::TokenId;
using testing::ElementsAre;

constexpr Cut kSmall{.tokens_max = 6, .overlap = 1};

std::vector<TokenId> count_to(std::size_t n) {
  std::vector<TokenId> ids(n);
  std::iota(ids.begin(), ids.end(), 1);
  return ids;
}

TEST(Window, ShortTextIsOneWindow) {
  EXPECT_THAT(windows(count_to(2), 101, 102, kSmall), ElementsAre(ElementsAre(101, 1, 2, 102)));
}

TEST(Window, TextThatJustFitsIsOneWindow) {
  EXPECT_THAT(windows(count_to(4), 101, 102, kSmall),
              ElementsAre(ElementsAre(101, 1, 2, 3, 4, 102)));
}

TEST(Window, NeighboursOverlapAndTheLastOneIsFull) {
  EXPECT_THAT(windows(count_to(8), 101, 102, kSmall),
              ElementsAre(ElementsAre(101, 1, 2, 3, 4, 102), ElementsAre(101, 4, 5, 6, 7, 102),
                          ElementsAre(101, 5, 6, 7, 8, 102)));
}

TEST(Window, EveryTokenIsSeen) {
  for (std::size_t n = 1; n < 60; ++n) {
    std::set<TokenId> seen;
    for (const auto& window : windows(count_to(n), 101, 102, kSmall)) {
      EXPECT_LE(window.size(), kSmall.tokens_max);
      seen.insert(window.begin() + 1, window.end() - 1);
    }
    EXPECT_EQ(seen.size(), n);
    EXPECT_EQ(windows(count_to(n), 101, 102, kSmall).size(), window_count(n, kSmall));
  }
}

TEST(Window, NormalisedRowHasLengthOne) {
  std::vector<float> row = {3, 4};
  ASSERT_TRUE(normalise(row));
  EXPECT_THAT(row, ElementsAre(testing::FloatEq(0.6F), testing::FloatEq(0.8F)));
}

TEST(Window, ZeroAndInfinityCannotBeNormalised) {
  std::vector<float> zero = {0, 0};
  std::vector<float> infinite = {1, std::numeric_limits<float>::infinity()};
  EXPECT_FALSE(normalise(zero));
  EXPECT_FALSE(normalise(infinite));
}

TEST(Window, PartsAreAddedByWeight) {
  std::vector<float> sum = {1, 1};
  add_scaled(sum, std::vector<float>{1, 2}, 3);
  EXPECT_THAT(sum, ElementsAre(4, 7));
}

}  // namespace
}  // namespace refrain::embed
