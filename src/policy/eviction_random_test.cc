#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/eviction_shelf.h"

namespace refrain::policy {
namespace {

Trace victims_of(std::uint64_t seed) {
  Shelf shelf("random", 50, seed);
  for (std::uint64_t name = 0; name < 1000; ++name) shelf.ask(name);
  return shelf.trace();
}

TEST(RandomEviction, TheSeedDecides) {
  EXPECT_EQ(victims_of(1), victims_of(1));
  EXPECT_NE(victims_of(1), victims_of(2));
}

TEST(RandomEviction, AnItemIsAsLikelyAsAnother) {
  std::vector<int> gone(10, 0);
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    Shelf shelf("random", 10, seed);
    for (std::uint64_t name = 0; name < 11; ++name) shelf.ask(name);
    ++gone.at(shelf.trace().at(0));
  }
  // 500 each; five standard deviations of the binomial are 106.
  EXPECT_GT(*std::ranges::min_element(gone), 394);
  EXPECT_LT(*std::ranges::max_element(gone), 606);
}

}  // namespace
}  // namespace refrain::policy
