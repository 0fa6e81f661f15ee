#include "store/sqlite_store.h"

#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <future>

#include "disk/sqlite.h"
#include "tests/support/store_contract.h"

namespace refrain::store {
namespace {

// Each opening has a folder of its own, so that a test may open with other options.
struct MakeSqliteStore {
  std::unique_ptr<Store> open(Options options, const base::Clock& clock) {
    folders.push_back(std::make_unique<StoreFolder>());
    options.folder = folders.back()->path();
    auto store = open_sqlite(options, clock);
    EXPECT_TRUE(store) << store.error().what;
    return store ? std::move(*store) : nullptr;
  }
  std::vector<std::unique_ptr<StoreFolder>> folders;
};

INSTANTIATE_TYPED_TEST_SUITE_P(SqliteStore, StoreContract, MakeSqliteStore);

class SqliteStoreFiles : public testing::Test {
 protected:
  Result<std::unique_ptr<Store>> open(Options options = {}) {
    options.folder = folder_.path();
    return open_sqlite(options, clock_);
  }
  void alter(const std::string& sql) {
    auto connection = disk::sqlite::Connection::open(folder_.path() + "/store.sqlite",
                                                     disk::sqlite::Access::write);
    ASSERT_TRUE(connection);
    Result<> done = (*connection)->execute(sql);
    ASSERT_TRUE(done) << done.error().what;
  }
  static std::optional<Record> find(Store& store, const std::string& text) {
    Record like = record_of(text);
    return *store.find({}, like.exact, like.canonical);
  }

  StoreFolder folder_;
  StoreClock clock_;
};

TEST_F(SqliteStoreFiles, RecordsOutliveTheStore) {
  Record record = record_of("a", 3000);
  record.id = (*put({}, **open(), {record}))[0];
  auto store = *open();
  EXPECT_EQ(find(*store, "a"), record);
  EXPECT_EQ(store->stats().records, 1U);
}

TEST_F(SqliteStoreFiles, IdsNeverComeBackAfterAReopenStoredOrNot) {
  EntryId given = 0;
  {
    auto store = *open();
    Batch batch;
    batch.erases = *put({}, *store, {record_of("a")});
    ASSERT_TRUE(commit({}, *store, std::move(batch)));
    for (int i = 0; i < 100000; ++i) given = store->allot();
    ASSERT_TRUE(put({}, *store, {record_of("b")}));
  }
  EXPECT_GT((*open())->allot(), given);
}

TEST_F(SqliteStoreFiles, TheLastIdIsTheSameAfterAnOrderlyReopen) {
  EntryId last = 0;
  {
    auto store = *open();
    store->allot();
    ASSERT_TRUE(put({}, *store, {record_of("a")}));
    last = store->last_id();
  }
  EXPECT_EQ((*open())->last_id(), last);
  EXPECT_EQ((*open())->allot(), last + 1);
}

TEST_F(SqliteStoreFiles, AFolderInUseIsRefusedWithItsProcess) {
  auto store = *open();
  auto second = open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::Code::conflict);
  EXPECT_EQ(second.error().what, "data folder '" + folder_.path() + "' is in use by process " +
                                     std::to_string(::getpid()));
}

TEST_F(SqliteStoreFiles, ALaterSchemaIsRefusedWithAdvice) {
  ASSERT_TRUE(open());
  alter("PRAGMA user_version = 77");
  auto store = open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, base::Code::unsupported);
  EXPECT_NE(store.error().what.find("has schema version 77, this program knows up to 2: run the "
                                    "later refrain"),
            std::string::npos)
      << store.error().what;
}

TEST_F(SqliteStoreFiles, AFileThatIsNoDatabaseIsCorrupt) {
  std::ofstream(folder_.path() + "/store.sqlite") << std::string(9000, 'x');
  auto store = open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, base::Code::corrupt);
}

TEST_F(SqliteStoreFiles, ADamagedRecordIsAnErrorOnceThenAbsentAndAnnounced) {
  EntryId id = (*put({}, **open(), {record_of("a"), record_of("b")}))[0];
  alter("UPDATE answers SET answer = x'0058' WHERE id = " + std::to_string(id));
  auto store = *open();
  std::vector<EntryId> erased;
  store->on_erased([&](std::span<const EntryId> ids) { erased.assign(ids.begin(), ids.end()); });
  Record like = record_of("a");
  auto found = store->find({}, like.exact, like.canonical);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, base::Code::corrupt);
  ASSERT_TRUE(commit({}, *store, {}));  // behind the erasure
  EXPECT_EQ(find(*store, "a"), std::nullopt);
  EXPECT_NE(find(*store, "b"), std::nullopt);
  EXPECT_EQ(erased, std::vector<EntryId>{id});
  EXPECT_EQ(store->stats().corrupt, 1U);
}

TEST_F(SqliteStoreFiles, ARowUnderAnotherIdIsDamageToo) {
  std::vector<EntryId> ids = *put({}, **open(), {record_of("a"), record_of("b")});
  std::string one = std::to_string(ids[0]), two = std::to_string(ids[1]);
  alter("DELETE FROM answers WHERE id = " + two + "; UPDATE answers SET id = " + two +
        " WHERE id = " + one);
  auto store = *open();
  auto records = store->get({}, ids);
  ASSERT_TRUE(records);
  EXPECT_EQ((*records)[0], std::nullopt);
  EXPECT_EQ((*records)[1], std::nullopt);
}

TEST_F(SqliteStoreFiles, ConcurrentPutsShareTransactions) {
  auto store = *open();
  std::promise<void> hold;
  std::shared_future<void> held = hold.get_future().share();
  store->write({}, [held](auto) { held.wait(); });  // the writer is busy while all others queue
  std::atomic<int> done{0};
  for (int i = 0; i < 100; ++i) {
    Batch batch;
    batch.puts = {record_of(std::to_string(i))};
    store->write(std::move(batch), [&done](auto ids) { done += ids ? 1 : 0; });
  }
  hold.set_value();
  ASSERT_TRUE(commit({}, *store, {}));
  EXPECT_EQ(done, 100);
  EXPECT_LE(store->stats().commits, 4U);
}

TEST_F(SqliteStoreFiles, ABadBatchDoesNotFailItsNeighbours) {
  auto store = *open();
  std::promise<void> hold;
  std::shared_future<void> held = hold.get_future().share();
  EntryId taken = (*put({}, *store, {record_of("taken")}))[0];
  store->write({}, [held](auto) { held.wait(); });
  std::vector<std::future<Result<std::vector<EntryId>>>> results;
  for (int i = 0; i < 3; ++i) {
    Batch batch;
    batch.puts = {record_of(std::to_string(i))};
    if (i == 1) batch.puts[0].id = taken;
    auto promise = std::make_shared<std::promise<Result<std::vector<EntryId>>>>();
    results.push_back(promise->get_future());
    store->write(std::move(batch), [promise](auto ids) { promise->set_value(std::move(ids)); });
  }
  hold.set_value();
  EXPECT_TRUE(results[0].get());
  EXPECT_EQ(results[1].get().error().code, base::Code::conflict);
  EXPECT_TRUE(results[2].get());
}

TEST_F(SqliteStoreFiles, AFullQueueIsBusyAtOnce) {
  auto store = *open({.queue_max = 1});
  std::promise<void> hold, began;
  std::shared_future<void> held = hold.get_future().share();
  store->write({}, [held, &began](auto) {
    began.set_value();
    held.wait();
  });
  began.get_future().wait();
  store->write({}, {});
  std::optional<base::Code> code;
  store->write({}, [&code](auto ids) { code = ids.error().code; });
  EXPECT_EQ(code, base::Code::busy);
  EXPECT_EQ(store->stats().refused, 1U);
  hold.set_value();
}

TEST_F(SqliteStoreFiles, ClosingWritesWhatIsQueued) {
  std::atomic<int> done{0};
  {
    auto store = *open();
    for (int i = 0; i < 200; ++i) {
      Batch batch;
      batch.puts = {record_of(std::to_string(i))};
      store->write(std::move(batch), [&done](auto ids) { done += ids ? 1 : 0; });
    }
  }
  EXPECT_EQ(done, 200);
  EXPECT_EQ((*open())->stats().records, 200U);
}

TEST_F(SqliteStoreFiles, OnAFullDiskWritesFailAndReadsGoOn) {
  ::signal(SIGXFSZ, SIG_IGN);
  auto store = *open();
  ASSERT_TRUE(put({}, *store, {record_of("a")}));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = 200000;  // the log is the file that meets it
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  std::string noise;
  for (std::uint32_t i = 0; i < 100000; ++i) noise += std::to_string(i * 2654435761U);
  Record large = record_of("large");
  large.answer = noise;
  auto ids = put({}, *store, {record_of("small"), large});
  EXPECT_FALSE(ids);
  EXPECT_NE(find(*store, "a"), std::nullopt);
  EXPECT_EQ(find(*store, "small"), std::nullopt);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  if (!ids) {
    EXPECT_EQ(ids.error().code, base::Code::io) << ids.error().what;
  }
  EXPECT_TRUE(put({}, *store, {record_of("small"), large}));
  EXPECT_EQ(find(*store, "large")->answer, noise);
}

TEST_F(SqliteStoreFiles, ASmallerBudgetAtReopenGivesSpaceBack) {
  std::string noise;
  for (std::uint32_t i = 0; i < 8000; ++i) noise += std::to_string(i * 2654435761U);
  {
    auto store = *open({.bytes_max = 64 << 20});
    for (std::size_t i = 0; i < 400; ++i) {
      Record record = record_of(std::to_string(i));
      record.answer = noise.substr(i, 20000);
      ASSERT_TRUE(put({}, *store, {record}));
    }
    EXPECT_GT(store->stats().bytes, 4U << 20);
  }
  auto store = *open({.bytes_max = 2 << 20});
  ASSERT_TRUE(put({}, *store, {record_of("last")}));
  ASSERT_TRUE(store->upkeep({}));
  EXPECT_LE(store->stats().bytes, 2U << 20);
  EXPECT_NE(find(*store, "last"), std::nullopt);
}

TEST_F(SqliteStoreFiles, ErasedTextIsGoneFromTheFiles) {
  {
    auto store = *open();
    Batch batch;
    batch.erases = *put({}, *store, {record_of("a secret nobody may find again")});
    ASSERT_TRUE(put({}, *store, {record_of("b")}));
    ASSERT_TRUE(commit({}, *store, std::move(batch)));
    ASSERT_TRUE(store->upkeep({}));
  }
  for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
    std::ifstream in(file.path(), std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(in), {});
    EXPECT_EQ(bytes.find("secret nobody"), std::string::npos) << file.path();
  }
}

}  // namespace
}  // namespace refrain::store
