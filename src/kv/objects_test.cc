// The part of Store that knows objects by their names.
#include <gtest/gtest.h>

#include "tests/support/kv_store.h"

namespace refrain::kv {
namespace {

using namespace std::chrono_literals;

void settle(StoreProbe& probe) { ASSERT_TRUE(probe.store().erase("nobody", "nothing")); }

TEST(KvObjects, ASecondUploadIsANewVersion) {
  StoreProbe probe;
  auto first = *probe.keep(tokens_from(0, 16), "n");
  auto second = *probe.keep(tokens_from(50, 16), "n");
  EXPECT_EQ(first->version, 1U);
  EXPECT_EQ(second->version, 2U);
  EXPECT_NE(first->content, second->content);
  EXPECT_EQ(probe.store().find("t", "n")->id, second->id);
  EXPECT_EQ(probe.store().find("t", "n", 1)->id, first->id);
  EXPECT_FALSE(probe.store().find("u", "n"));
}

TEST(KvObjects, EverythingSaidOfItComesBackAfterARestart) {
  StoreProbe probe;
  NewPrompt prompt = StoreProbe::prompt(tokens_from(0, 20), "n");
  prompt.text = "the text";
  prompt.labels = {{"a", "b"}};
  prompt.cost = 5ms;
  prompt.pinned = true;
  ASSERT_TRUE(probe.keep(prompt));
  probe.reopen();
  auto facts = probe.store().find("t", "n");
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->pinned);
  EXPECT_EQ(facts->cost, 5ms);
  EXPECT_EQ(facts->model, "tests/small");
  EXPECT_EQ(facts->tokens, 20U);
  auto manifest = probe.store().manifest(facts->id);
  EXPECT_EQ(manifest->text, "the text");
  EXPECT_EQ(manifest->tokens, tokens_from(0, 20));
  EXPECT_EQ(manifest->labels, prompt.labels);
}

TEST(KvObjects, ErasingTakesTheBlocksThatNobodyElseNeeds) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 32), "long"));
  ASSERT_TRUE(probe.keep(tokens_from(0, 16), "short"));
  EXPECT_EQ(*probe.store().erase("t", "long"), 1U);
  EXPECT_EQ(probe.store().stats().blocks, 1U);
  EXPECT_EQ(*probe.store().erase("t", "short"), 1U);
  EXPECT_EQ(probe.store().stats().blocks, 0U);
  EXPECT_EQ(probe.store().stats().disk_bytes, 0U);
  EXPECT_EQ(*probe.store().erase("t", "short"), 0U);
  probe.reopen();
  EXPECT_EQ(probe.store().stats().lost + probe.store().stats().orphans, 0U);
}

TEST(KvObjects, ErasingSparesWhatAPromptKeptWithoutAName) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 16)));
  ASSERT_TRUE(probe.keep(tokens_from(0, 32), "n"));
  ASSERT_TRUE(probe.store().erase("t", "n"));
  EXPECT_EQ(probe.checked(tokens_from(0, 32)), 16U);
}

TEST(KvObjects, WhatWasHeldWhileErasedGoesLater) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 16), "n"));
  {
    Match held = probe.store().find(StoreProbe::space(), tokens_from(0, 16));
    ASSERT_TRUE(probe.store().erase("t", "n"));
    EXPECT_TRUE(probe.store().load({}, held.blocks()[0]));
  }
  probe.store().upkeep();
  settle(probe);
  EXPECT_EQ(probe.store().stats().blocks, 0U);
}

TEST(KvObjects, AnObjectPastItsTimeIsGoneUnlessPinnedOrLeased) {
  StoreProbe probe;
  for (std::string name : {"a", "pinned", "leased"}) {
    NewPrompt prompt =
        StoreProbe::prompt(tokens_from(static_cast<Token>(name.size() * 100), 16), name);
    prompt.ttl = 10s;
    prompt.pinned = name == "pinned";
    ASSERT_TRUE(probe.keep(prompt));
  }
  ASSERT_TRUE(probe.store().lease(probe.store().find("t", "leased")->id, 20s));
  probe.clock.set(1010);
  EXPECT_FALSE(probe.store().find("t", "a"));
  probe.store().upkeep();
  settle(probe);
  EXPECT_EQ(probe.store().stats().expired, 1U);
  EXPECT_EQ(probe.store().stats().objects, 2U);
  probe.clock.set(1021);
  probe.store().upkeep();
  settle(probe);
  EXPECT_EQ(probe.store().stats().objects, 1U);
}

TEST(KvObjects, OnlyTheLatestVersionsStay) {
  StoreProbe probe({.versions_max = 3});
  ASSERT_TRUE(probe.keep(tokens_from(0, 16), "n"));
  ASSERT_TRUE(probe.store().pin(probe.store().find("t", "n")->id));
  for (Token i = 1; i < 6; ++i) ASSERT_TRUE(probe.keep(tokens_from(i * 100, 16), "n"));
  Query all{.tenant = "t", .all_versions = true};
  std::vector<std::uint64_t> versions;
  for (const Description& facts : probe.store().list(all)) versions.push_back(facts.version);
  EXPECT_EQ(versions, (std::vector<std::uint64_t>{6, 5, 1}));
}

TEST(KvObjects, AQuotaRefusesAndSaysHowMuchIsLeft) {
  StoreProbe probe({.tenant_bytes_max = 3000});
  ASSERT_TRUE(probe.keep(tokens_from(0, 16), "a"));
  ASSERT_TRUE(probe.keep(tokens_from(0, 16), "b"));
  auto refused = probe.keep(tokens_from(0, 16), "c");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::unavailable);
  EXPECT_EQ(refused.error().what,
            "the quota of 3000 bytes is used up: 2048 are taken, 1024 more are wanted");
  NewPrompt other = StoreProbe::prompt(tokens_from(0, 16), "c");
  other.tenant = "u";
  EXPECT_TRUE(probe.keep(other));
}

TEST(KvObjects, PinsAndLeasesOfNobodyAreNotFound) {
  StoreProbe probe;
  EXPECT_EQ(probe.store().pin(9).error().code, base::Code::not_found);
  EXPECT_EQ(probe.store().unpin(9).error().code, base::Code::not_found);
  EXPECT_EQ(probe.store().lease(9, 1s).error().code, base::Code::not_found);
  EXPECT_EQ(probe.store().manifest(9).error().code, base::Code::not_found);
}

TEST(KvObjects, AnUnpinnedObjectMayBeEvictedAgain) {
  StoreProbe probe({.disk_bytes_max = 2 * 1536});
  ASSERT_TRUE(probe.keep(tokens_from(0, 32), "n"));
  ObjectId id = probe.store().find("t", "n")->id;
  ASSERT_TRUE(probe.store().pin(id));
  EXPECT_FALSE(probe.keep(tokens_from(500, 32)));
  ASSERT_TRUE(probe.store().unpin(id));
  EXPECT_TRUE(probe.keep(tokens_from(500, 32)));
  EXPECT_FALSE(probe.store().find("t", "n"));
  EXPECT_EQ(probe.store().stats().evicted_objects, 1U);
}

}  // namespace
}  // namespace refrain::kv
