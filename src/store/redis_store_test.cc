#include "store/redis_store.h"

#include <gmock/gmock.h>

#include "base/log.h"
#include "redis/connection.h"
#include "tests/support/database_servers.h"
#include "tests/support/store_crash.h"
#include "tests/support/store_faults.h"

namespace refrain::store {
namespace {

using testing::HasSubstr;

// One server for all tests of the process.
RedisServer& redis_server() {
  static RedisServer server;
  return server;
}

Options on_redis(std::uint16_t port, Options options = {}) {
  static int number = 0;
  options.remote.url = "redis://127.0.0.1:" + std::to_string(port) + "/0";
  options.remote.prefix = "t" + std::to_string(::getpid()) + "_" + std::to_string(++number);
  return options;
}

void tell(std::uint16_t port, const redis::Command& command) {
  auto done = (*redis::Connection::open({.port = port}))->command({}, command);
  EXPECT_TRUE(done) << done.error().what;
}

struct MakeRedisStore {
  std::unique_ptr<Store> open(Options options, const base::Clock& clock) {
    auto store = store::open(on_redis(redis_server().port(), std::move(options)), clock);
    EXPECT_TRUE(store) << store.error().what;
    return store ? std::move(*store) : nullptr;
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(RedisStore, StoreContract, MakeRedisStore);

class RedisPlace {
 public:
  std::uint16_t port() { return redis_server().port(); }
  Options options(std::uint16_t port) {
    Options out = on_redis(port);
    out.remote.prefix = prefix_;
    return out;
  }
  std::unique_ptr<Store> open(const base::Clock& clock) {
    auto store = store::open(options(port()), clock);
    return store ? std::move(*store) : nullptr;
  }
  void set_read_only(bool on) {
    if (on) {
      tell(port(), {"REPLICAOF", "127.0.0.1", "1"});
    } else {
      tell(port(), {"REPLICAOF", "NO", "ONE"});
    }
  }
  void crash() { redis_server().crash(); }
  void restart() { redis_server().start(); }
  void forget_changes() { tell(port(), {"XTRIM", prefix_ + ":changes", "MAXLEN", "0"}); }
  static constexpr bool kLogIsNeverTorn = false;
  const std::string prefix_ = on_redis(1).remote.prefix;
};
INSTANTIATE_TYPED_TEST_SUITE_P(Redis, StoreFaults, RedisPlace);
INSTANTIATE_TYPED_TEST_SUITE_P(Redis, StoreSharing, RedisPlace);
INSTANTIATE_TYPED_TEST_SUITE_P(Redis, StoreCrash, RedisPlace);

TEST(RedisStore, RecordsOutliveTheStore) {
  RedisPlace server;
  StoreClock clock;
  Record record = record_of("a", 3000);
  record.id = put({}, *server.open(clock), {record})->at(0);
  auto store = server.open(clock);
  EXPECT_EQ(*store->find({}, record.exact, record.canonical), record);
  EXPECT_EQ(store->stats().records, 1U);
  EXPECT_GT(store->allot(), record.id);
}

TEST(RedisStore, OnAFullServerWritesFailAndReadsGoOn) {
  RedisPlace server;
  StoreClock clock;
  auto store = server.open(clock);
  ASSERT_TRUE(put({}, *store, {record_of("a")}));
  tell(server.port(), {"CONFIG", "SET", "maxmemory", "1"});
  auto refused = put({}, *store, {record_of("b")});
  EXPECT_TRUE(has(*store, "a"));
  tell(server.port(), {"CONFIG", "SET", "maxmemory", "0"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::io);
  EXPECT_THAT(refused.error().what, HasSubstr("OOM"));
  EXPECT_TRUE(put({}, *store, {record_of("b")}));
}

TEST(RedisStore, ADamagedRecordIsAnErrorOnceThenAbsentAndAnnounced) {
  RedisPlace server;
  StoreClock clock;
  auto store = server.open(clock);
  EntryId id = put({}, *store, {record_of("a"), record_of("b")})->at(0);
  std::vector<EntryId> erased;
  store->on_erased([&](std::span<const EntryId> ids) { erased.assign(ids.begin(), ids.end()); });
  const std::string key = server.prefix_ + ":e:" + base::hex(id);
  tell(server.port(), {"HSET", key, "a", "x"});
  Record like = record_of("a");
  EXPECT_EQ(store->find({}, like.exact, like.canonical).error().code, base::Code::corrupt);
  ASSERT_TRUE(commit({}, *store, {}));  // behind the erasure
  EXPECT_FALSE(has(*store, "a"));
  EXPECT_TRUE(has(*store, "b"));
  EXPECT_EQ(erased, std::vector<EntryId>{id});
}

TEST(RedisStore, AnEntryThatRedisDroppedByItselfIsAbsentAndForgotten) {
  RedisPlace server;
  StoreClock clock;
  auto store = server.open(clock);
  EntryId id = put({}, *store, {record_of("a"), record_of("b")})->at(0);
  tell(server.port(), {"DEL", server.prefix_ + ":e:" + base::hex(id)});
  EXPECT_EQ(store->scan({}, {.filter = {.everything = true}})->records.size(), 1U);
  ASSERT_TRUE(commit({}, *store, {}));  // behind the erasure
  EXPECT_EQ(store->stats().records, 1U);
}

TEST(RedisStore, AUserOfAnAccessListAndANumberedDatabaseAreUsed) {
  RedisServer server(
      {"--user", "refrain", "on", ">secret", "~*", "&*", "+@all", "--user", "default", "off"});
  StoreClock clock;
  Options options = on_redis(server.port());
  options.remote.url = "redis://refrain@127.0.0.1:" + std::to_string(server.port()) + "/3";
  options.remote.password = "secret";
  auto store = store::open(options, clock);
  ASSERT_TRUE(store) << store.error().what;
  ASSERT_TRUE(put({}, **store, {record_of("a")}));
  options.remote.url = "redis://refrain@127.0.0.1:" + std::to_string(server.port()) + "/0";
  EXPECT_EQ((*store::open(options, clock))->stats().records, 0U);
  options.remote.password = "wrong";
  auto refused = store::open(options, clock);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::invalid);
}

TEST(RedisStore, AServerThatPromisesLessThanIsWantedIsNamedAtStart) {
  RedisServer server({"--appendonly", "no", "--maxmemory-policy", "allkeys-lru"});
  StoreClock clock;
  std::string log;
  base::log::set_sink([&](std::string_view line) { log += line; });
  auto store = store::open(on_redis(server.port()), clock);
  base::log::set_sink({});
  ASSERT_TRUE(store);
  EXPECT_THAT(log, HasSubstr("keeps no log"));
  EXPECT_THAT(log, HasSubstr("maxmemory-policy=allkeys-lru"));
}

TEST(RedisStore, KeysOfAnotherVersionAreRefused) {
  RedisPlace server;
  StoreClock clock;
  Options options = server.options(server.port());
  tell(server.port(), {"HSET", server.prefix_ + ":state", "version", "77"});
  auto store = store::open(options, clock);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, base::Code::unsupported);
}

}  // namespace
}  // namespace refrain::store
