#include "serve/prompt_kv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::serve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PromptKvTest : public testing::Test {
 protected:
  static key::Tenant tenant(const char* id) {
    key::Tenant out;
    out.id = id;
    return out;
  }
  base::SystemClock clock_;
  PromptKv kv_{{.items_max = 2, .tenants_max = 2}, nullptr, clock_};
};

TEST_F(PromptKvTest, ADefaultNameIsALetterAndEightDigits) {
  EXPECT_EQ(PromptKv::default_key("abc"), "p90015098");
}

TEST_F(PromptKvTest, TheLeastRecentlyStoredItemGoes) {
  for (const char* name : {"A", "B", "A", "C"}) kv_.store_item(tenant("t"), name);
  EXPECT_THAT(kv_.items(tenant("t")), ElementsAre("A", "C"));
}

TEST_F(PromptKvTest, StoringAgainChangesNoCount) {
  kv_.store_item(tenant("t"), "k1");
  kv_.store_item(tenant("t"), "k1");
  EXPECT_THAT(kv_.items(tenant("t")), ElementsAre("k1"));
}

TEST_F(PromptKvTest, TenantsDoNotSeeEachOthersItems) {
  kv_.store_item(tenant("a"), "k1");
  EXPECT_THAT(kv_.items(tenant("b")), IsEmpty());
  ASSERT_TRUE(kv_.clear_items(tenant("b")));
  EXPECT_THAT(kv_.items(tenant("a")), ElementsAre("k1"));
  ASSERT_TRUE(kv_.clear_items(tenant("a")));
  EXPECT_THAT(kv_.items(tenant("a")), IsEmpty());
}

TEST_F(PromptKvTest, TheNumberOfTenantsIsBounded) {
  for (const char* id : {"a", "b", "c"}) kv_.store_item(tenant(id), "k");
  EXPECT_THAT(kv_.items(tenant("a")), IsEmpty());
  EXPECT_THAT(kv_.items(tenant("c")), ElementsAre("k"));
}

TEST_F(PromptKvTest, WithoutAnEngineGeneratingSaysWhatIsMissing) {
  auto flight = kv_.generate(tenant("t"), {});
  EXPECT_EQ(flight->read(0).end->error.code, base::Code::unavailable);
  EXPECT_FALSE(kv_.entry(tenant("t"), "x"));
  EXPECT_EQ(kv_.clear(tenant("t")).value(), 0U);
}

}  // namespace
}  // namespace refrain::serve
