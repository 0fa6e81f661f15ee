#include "cli/kv.h"

#include <gtest/gtest.h>

#include "tests/support/kv_store.h"

namespace refrain::cli {
namespace {

TEST(KvCommand, VerifyAnswersWithAnExitStatus) {
  kv::StoreProbe probe;
  ASSERT_TRUE(probe.keep(kv::tokens_from(0, 40), "n"));
  testing::internal::CaptureStdout();
  EXPECT_EQ(kv_verify({.server = {}, .json = true}, probe.options()), 1);  // in use
  EXPECT_NE(testing::internal::GetCapturedStdout().find("in use by process"), std::string::npos);
  probe.close();
  testing::internal::CaptureStdout();
  EXPECT_EQ(kv_verify({}, probe.options()), 0);
  const std::string said = testing::internal::GetCapturedStdout();
  EXPECT_NE(said.find("3 blocks, 1 objects"), std::string::npos);
  EXPECT_NE(said.find("every checksum is right"), std::string::npos);
}

}  // namespace
}  // namespace refrain::cli
