#include "kv/catalog.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "tests/support/kv_samples.h"
#include "tests/support/temp_folder.h"

namespace refrain::kv {
namespace {

base::WallTime at(std::int64_t seconds) { return base::WallTime(std::chrono::seconds(seconds)); }

class KvCatalog : public testing::Test {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    catalog_.reset();
    catalog_ = std::move(*Catalog::open(path(), Durability::process));
  }
  std::string path() const { return folder_.path() + "/catalog.sqlite"; }
  void execute(const std::string& sql) {
    auto other = disk::sqlite::Connection::open(path(), disk::sqlite::Access::write);
    ASSERT_TRUE((*other)->execute(sql));
  }

  TempFolder folder_;
  std::unique_ptr<Catalog> catalog_;
};

Node sample_node() {
  Node node;
  node.parent = {1, 2};
  node.tokens = {7, -1};
  node.first = 16;
  node.bytes = 4096;
  node.saved = 0.25;
  node.made = at(5);
  node.used = at(6);
  node.hits = 3;
  node.loose = true;
  return node;
}

Named sample_object() {
  Named object;
  Description& facts = object.facts;
  facts.id = 7;
  facts.tenant = "t";
  facts.name = "n";
  facts.version = 3;
  facts.model = "m";
  facts.fingerprint = {3, 4};
  facts.content = {5, 6};
  facts.provenance = Provenance::repaired;
  facts.tokens = 18;
  facts.bytes = 999;
  facts.created = at(1);
  facts.expires = at(2);
  facts.pinned = true;
  facts.hits = 4;
  facts.used = at(3);
  facts.cost = std::chrono::microseconds(12);
  object.leaf = {8, 9};
  return object;
}

TEST_F(KvCatalog, RowsComeBackAfterReopening) {
  Node node = sample_node();
  Named object = sample_object();
  ASSERT_TRUE(catalog_->apply({.add_blocks = {{{8, 9}, &node}}, .add_objects = {{&object, "M"}}}));
  reopen();
  auto rows = catalog_->read();
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->blocks.size(), 1U);
  const auto& [hash, read] = rows->blocks[0];
  EXPECT_EQ(hash, (base::Digest{8, 9}));
  EXPECT_EQ(read.tokens, node.tokens);
  EXPECT_EQ(read.parent, node.parent);
  EXPECT_EQ(read.used, node.used);
  EXPECT_EQ(read.hits, 3U);
  EXPECT_EQ(read.saved, 0.25);
  EXPECT_TRUE(read.loose);
  ASSERT_EQ(rows->objects.size(), 1U);
  const Description& facts = rows->objects[0].facts;
  EXPECT_EQ(facts.name, "n");
  EXPECT_EQ(facts.expires, at(2));
  EXPECT_FALSE(facts.leased);
  EXPECT_TRUE(facts.pinned);
  EXPECT_EQ(facts.cost.count(), 12);
  EXPECT_EQ(rows->objects[0].leaf, object.leaf);
  EXPECT_EQ(*catalog_->manifest(7), "M");
  EXPECT_EQ(catalog_->manifest(8).error().code, base::Code::not_found);
}

TEST_F(KvCatalog, ADamagedRowIsLeftOutAndCounted) {
  Node node = sample_node();
  Named object = sample_object();
  ASSERT_TRUE(catalog_->apply({.add_blocks = {{{8, 9}, &node}}, .add_objects = {{&object, "M"}}}));
  execute("UPDATE blocks SET tokens = x'0800000009000000'; UPDATE objects SET bytes = 1");
  auto rows = catalog_->read();
  EXPECT_EQ(rows->corrupt, 2U);
  EXPECT_TRUE(rows->blocks.empty());
  EXPECT_TRUE(rows->objects.empty());
}

TEST_F(KvCatalog, AnIdIsNotGivenTwice) {
  Named object = sample_object();
  ASSERT_TRUE(catalog_->apply({.add_objects = {{&object, "M"}}}));
  ASSERT_TRUE(catalog_->apply({.drop_objects = {7}}));
  EXPECT_EQ(catalog_->read()->next_id, 8U);
}

TEST_F(KvCatalog, ATransactionThatFailsLeavesNothing) {
  Node node = sample_node();
  Named object = sample_object();
  ASSERT_TRUE(catalog_->apply({.add_objects = {{&object, "M"}}}));
  object.facts.id = 8;  // the same name and version again
  EXPECT_FALSE(catalog_->apply({.add_blocks = {{{8, 9}, &node}}, .add_objects = {{&object, "M"}}}));
  EXPECT_TRUE(catalog_->read()->blocks.empty());
  EXPECT_TRUE(catalog_->apply({.add_blocks = {{{8, 9}, &node}}}));
}

TEST_F(KvCatalog, AFullDiskIsUnavailableAndLeavesNothing) {
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  struct sigaction old = {}, ignore = {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &ignore, &old);
  Named object = sample_object();
  const std::string large(1 << 20, 'x');
  rlimit small{1 << 16, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  auto full = catalog_->apply({.add_objects = {{&object, std::string_view(large)}}});
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::sigaction(SIGXFSZ, &old, nullptr);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, base::Code::unavailable) << full.error().what;
  EXPECT_TRUE(catalog_->read()->objects.empty());
  EXPECT_TRUE(catalog_->apply({.add_objects = {{&object, "M"}}}));
}

TEST_F(KvCatalog, StatisticsAndTermsChangeInPlace) {
  Node node = sample_node();
  Named object = sample_object();
  ASSERT_TRUE(catalog_->apply({.add_blocks = {{{8, 9}, &node}}, .add_objects = {{&object, "M"}}}));
  node.hits = 9;
  node.loose = false;
  object.facts.pinned = false;
  object.facts.leased = at(50);
  ASSERT_TRUE(catalog_->apply({.touch_blocks = {{{8, 9}, &node}}, .touch_objects = {&object}}));
  auto rows = catalog_->read();
  EXPECT_EQ(rows->blocks[0].second.hits, 9U);
  EXPECT_FALSE(rows->blocks[0].second.loose);
  EXPECT_FALSE(rows->objects[0].facts.pinned);
  EXPECT_EQ(rows->objects[0].facts.leased, at(50));
}

TEST_F(KvCatalog, ALaterVersionIsRefusedAndLeftAsItIs) {
  execute("PRAGMA user_version = 2");
  EXPECT_EQ(Catalog::open(path(), Durability::process).error().code, base::Code::unsupported);
}

}  // namespace
}  // namespace refrain::kv
