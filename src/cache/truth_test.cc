#include "cache/truth.h"

#include <gtest/gtest.h>

namespace refrain::cache {
namespace {

struct TruthTest : testing::Test {
  TruthTest() { store = std::move(*store::open(store::Options{}, clock)); }
  ~TruthTest() override { store.reset(); }
  void put(const std::string& name, const std::string& embedder, std::vector<float> vector) {
    store::Record record;
    record.canonical = name;
    record.exact = base::digest(name);
    record.space = {1, 2};
    record.text = name;
    record.embedder = embedder;
    record.vector = std::move(vector);
    record.answer = "a";
    store::Batch batch;
    batch.puts.push_back(record);
    auto written = store::commit({}, *store, std::move(batch));
    ASSERT_TRUE(written) << written.error().what;
  }
  base::SystemClock clock;
  std::unique_ptr<store::Store> store;
};

TEST_F(TruthTest, GivesTheVectorsOfItsEmbedderByRisingIdAndCountsTheOthers) {
  put("a", "e@1", {1, 0});
  put("b", "", {});
  put("c", "other@1", {1, 0});
  put("d", "e@1", {0, 1});
  put("e", "e@1", {1, 0, 0});
  StoreTruth truth({.embedder = "e@1", .dim = 2, .settled = 7, .page = 2}, *store);
  std::vector<key::EntryId> ids;
  for (;;) {
    auto rows = truth.next();
    ASSERT_TRUE(rows);
    if (rows->empty()) break;
    for (const auto& row : *rows) {
      ids.push_back(row.id);
      EXPECT_EQ(row.space, (key::Key{1, 2}));
      EXPECT_EQ(row.vector.size(), 2U);
    }
  }
  EXPECT_EQ(ids, (std::vector<key::EntryId>{1, 4}));
  EXPECT_EQ(truth.strangers(), 2U);
  EXPECT_EQ(truth.settled(), 7U);
}

TEST_F(TruthTest, APageWithoutAnyVectorIsNotTheEnd) {
  for (int i = 0; i < 10; ++i) put("x" + std::to_string(i), "", {});
  put("last", "e@1", {1, 0});
  StoreTruth truth({.embedder = "e@1", .dim = 2, .page = 2}, *store);
  EXPECT_EQ(truth.next()->size(), 1U);
  EXPECT_TRUE(truth.next()->empty());
}

}  // namespace
}  // namespace refrain::cache
