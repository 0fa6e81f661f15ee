#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

namespace refrain::base {
namespace {

TEST(Random, NumbersDoNotRepeat) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random64());
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(Random, IdHasTheLengthAndOnlyLettersAndDigits) {
  for (std::size_t length : {0U, 1U, 10U, 11U, 29U}) {
    std::string id = random_id(length);
    EXPECT_EQ(id.size(), length);
    EXPECT_TRUE(std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c); }));
  }
  EXPECT_NE(random_id(20), random_id(20));
}

TEST(Random, SecretFillsTheWholeSpan) {
  std::array<std::byte, 64> first{};
  std::array<std::byte, 64> second{};
  random_secret(first);
  random_secret(second);
  EXPECT_NE(first, second);
  // 64 zeros by chance: never, in the life of the universe.
  EXPECT_FALSE(
      std::all_of(first.begin() + 32, first.end(), [](std::byte b) { return b == std::byte{0}; }));
}

}  // namespace
}  // namespace refrain::base
