#include "store/queued_store.h"

#include <future>

#include "tests/support/store_contract.h"

namespace refrain::store {
namespace {

// Records in a map, and what the queue asked of it.
struct FakeDatabase {
  std::map<EntryId, Record> records;
  std::vector<std::size_t> groups;  // batches of each transaction
  News news;
  std::optional<EntryId> refused;  // a transaction with this record fails
  std::shared_future<void> held;   // the first transaction waits for it
  std::promise<void> began;
};

class FakeSource final : public Source {
 public:
  explicit FakeSource(FakeDatabase& base) : base_(base) {}
  Result<std::optional<Record>> find(const Call&, const Key& exact, std::string_view,
                                     std::vector<EntryId>&) override {
    for (const auto& [id, record] : base_.records) {
      if (record.exact == exact) return record;
    }
    return std::nullopt;
  }
  Result<std::vector<std::optional<Record>>> get(const Call&, std::span<const EntryId> ids, Detail,
                                                 std::vector<EntryId>&) override {
    std::vector<std::optional<Record>> out;
    for (EntryId id : ids) {
      auto at = base_.records.find(id);
      out.push_back(at == base_.records.end() ? std::nullopt : std::optional(at->second));
    }
    return out;
  }
  Result<> walk(const Call&, const Walk&, std::vector<EntryId>&, const Each&) override {
    return {};
  }

 private:
  FakeDatabase& base_;
};

class FakeSink final : public Sink {
 public:
  explicit FakeSink(FakeDatabase& base) : base_(base) {}
  Result<Applied> apply(std::span<Batch* const> batches, std::span<const Touch>, EntryId) override {
    if (base_.held.valid() && base_.groups.empty()) {
      base_.began.set_value();
      base_.held.wait();
    }
    base_.groups.push_back(batches.size());
    Applied applied;
    for (Batch* batch : batches) {
      std::vector<EntryId>& ids = applied.ids.emplace_back();
      for (const Record& record : batch->puts) {
        if (record.id == base_.refused) return base::fail(base::Code::io, "refused");
        ids.push_back(record.id);
      }
    }
    for (Batch* batch : batches) {
      for (const Record& record : batch->puts) base_.records[record.id] = record;
    }
    return applied;
  }
  Result<std::vector<EntryId>> purge() override { return std::vector<EntryId>{}; }
  Result<> compact() override { return {}; }
  Result<News> news() override { return std::exchange(base_.news, {}); }
  std::uint64_t group_bytes_max() const noexcept override { return 1 << 20; }
  Held held() const noexcept override { return {base_.records.size(), 0}; }

 private:
  FakeDatabase& base_;
};

class QueuedStoreTest : public testing::Test {
 protected:
  std::unique_ptr<QueuedStore> open(Options options = {}) {
    QueuedStore::Parts parts;
    parts.label = "fake";
    parts.first_id = 1000;
    parts.source = std::make_unique<FakeSource>(database_);
    parts.sink = std::make_unique<FakeSink>(database_);
    return std::make_unique<QueuedStore>(std::move(options), clock_, std::move(parts));
  }
  static Batch one(EntryId id) {
    Batch batch;
    batch.puts = {record_of(std::to_string(id))};
    batch.puts[0].id = id;
    return batch;
  }
  FakeDatabase database_;
  StoreClock clock_;
};

TEST_F(QueuedStoreTest, IdsBeginWhereTheDatabaseSays) { EXPECT_EQ(open()->allot(), 1000U); }

TEST_F(QueuedStoreTest, WhatWaitsTogetherIsCommittedTogether) {
  std::promise<void> hold;
  database_.held = hold.get_future().share();
  auto store = open();
  store->write({}, {});
  database_.began.get_future().wait();
  for (int i = 0; i < 50; ++i) store->write(one(store->allot()), {});
  hold.set_value();
  ASSERT_TRUE(commit({}, *store, {}));
  EXPECT_EQ(database_.records.size(), 50U);
  EXPECT_LE(database_.groups.size(), 3U);
}

TEST_F(QueuedStoreTest, WhenAGroupFailsItsBatchesAreTriedAlone) {
  std::promise<void> hold;
  database_.held = hold.get_future().share();
  auto store = open();
  store->write({}, {});
  database_.began.get_future().wait();
  std::vector<int> results(3, -1);
  for (std::size_t i = 0; i < 3; ++i) {
    EntryId id = store->allot();
    if (i == 1) database_.refused = id;
    store->write(one(id), [&results, i](auto ids) { results[i] = ids ? 1 : 0; });
  }
  hold.set_value();
  ASSERT_TRUE(commit({}, *store, {}));
  EXPECT_EQ(results, (std::vector<int>{1, 0, 1}));
  EXPECT_EQ(store->stats().failed, 1U);
}

TEST_F(QueuedStoreTest, UpkeepTellsWhatOthersDidGoneFirst) {
  auto store = open();
  std::string heard;
  store->on_erased([&](auto ids) { heard += "gone" + std::to_string(ids.size()) + " "; });
  store->on_arrived([&](auto records) { heard += "came" + std::to_string(records.size()) + " "; });
  store->on_lost([&] { heard += "lost "; });
  database_.records[5] = record_of("five");
  database_.news = {.gone = {1, 2}, .put = {5, 6}, .lost = true};  // 6 went before it was read
  ASSERT_TRUE(store->upkeep({}));
  EXPECT_EQ(heard, "lost gone2 came1 ");
}

}  // namespace
}  // namespace refrain::store
