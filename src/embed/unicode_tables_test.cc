#include "embed/unicode_tables.h"

#include <gtest/gtest.h>

namespace refrain::embed::unicode {
namespace {

void expect_sorted(std::span<const Range> ranges) {
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    EXPECT_LE(ranges[i].first, ranges[i].last);
    if (i > 0) {
      EXPECT_GT(ranges[i].first, ranges[i - 1].last + 1) << "neighbours not joined";
    }
  }
}

TEST(UnicodeTables, RangesAreSortedAndApart) {
  expect_sorted(control());
  expect_sorted(nonspacing());
  expect_sorted(punctuation());
}

TEST(UnicodeTables, FoldsAreSortedByWhatTheyFold) {
  for (std::size_t i = 1; i < fold_runs().size(); ++i) {
    EXPECT_GT(fold_runs()[i].first, fold_runs()[i - 1].last);
  }
  for (std::size_t i = 1; i < fold_pairs().size(); ++i) {
    EXPECT_GT(fold_pairs()[i].from, fold_pairs()[i - 1].from);
  }
  for (std::size_t i = 1; i < fold_several().size(); ++i) {
    EXPECT_GT(fold_several()[i].from, fold_several()[i - 1].from);
  }
}

}  // namespace
}  // namespace refrain::embed::unicode
