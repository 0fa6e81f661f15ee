#include "cli/terminal.h"

#include <gtest/gtest.h>

namespace refrain::cli {
namespace {

TEST(Terminal, DurationsReadLikePeopleSayThem) {
  EXPECT_EQ(duration_text(2.4), "2 s");
  EXPECT_EQ(duration_text(190), "3 min 10 s");
  EXPECT_EQ(duration_text(3720), "1 h 2 min");
}

}  // namespace
}  // namespace refrain::cli
