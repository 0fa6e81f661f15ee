#include "cli/exit.h"

#include <gtest/gtest.h>

namespace refrain::cli {
namespace {

TEST(Exit, StatusesTellKindsApart) {
  EXPECT_EQ(exit_status(base::Code::invalid), 2);
  EXPECT_EQ(exit_status(base::Code::not_found), 3);
  EXPECT_EQ(exit_status(base::Code::unavailable), 4);
  EXPECT_EQ(exit_status(base::Code::io), 1);
}

}  // namespace
}  // namespace refrain::cli
