#include "kv/verify.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/kv_files.h"
#include "tests/support/kv_store.h"

namespace refrain::kv {
namespace {

namespace fs = std::filesystem;

TEST(KvVerify, AWholeStoreHasNoFindings) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 40), "n"));
  probe.close();
  auto verified = verify_store(probe.options(), probe.clock);
  ASSERT_TRUE(verified) << verified.error().what;
  EXPECT_EQ(verified->blocks, 3U);
  EXPECT_EQ(verified->objects, 1U);
  EXPECT_TRUE(verified->findings.empty());
}

TEST(KvVerify, DamageIsNamedAndDropped) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 40), "n"));
  probe.close();
  for (const auto& entry : fs::recursive_directory_iterator(probe.path() + "/blocks")) {
    if (!entry.is_regular_file()) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-1, std::ios::end);
    file.put('!');
    break;
  }
  auto verified = verify_store(probe.options(), probe.clock);
  ASSERT_TRUE(verified);
  EXPECT_GE(verified->findings.size(), 1U);
  EXPECT_NE(verified->findings[0].what.find("block "), std::string::npos);
  verified = verify_store(probe.options(), probe.clock);
  EXPECT_TRUE(verified->findings.empty());
  EXPECT_EQ(verified->objects, 0U);
}

TEST(KvVerify, AStoreInUseOrAbsentIsRefused) {
  StoreProbe probe;
  EXPECT_EQ(verify_store(probe.options(), probe.clock).error().code, base::Code::conflict);
  EXPECT_EQ(verify_store({.folder = probe.path() + "/none"}, probe.clock).error().code,
            base::Code::not_found);
}

}  // namespace
}  // namespace refrain::kv
