#include "store/mysql_store.h"

#include <gmock/gmock.h>

#include "mysql/connection.h"
#include "tests/support/database_servers.h"
#include "tests/support/store_crash.h"
#include "tests/support/store_faults.h"

namespace refrain::store {
namespace {

using testing::HasSubstr;
using testing::Not;

// One server for all tests of the process: starting one takes two seconds.
MariadbServer& mariadb() {
  static MariadbServer server({"--max-allowed-packet=4M"});
  return server;
}

Options on_mariadb(std::uint16_t port, Options options = {}) {
  static int number = 0;
  options.remote.url = "mysql://refrain@127.0.0.1:" + std::to_string(port) + "/refrain";
  options.remote.password = "secret";
  options.remote.prefix = "t" + std::to_string(::getpid()) + "_" + std::to_string(++number);
  return options;
}

std::unique_ptr<mysql::Connection> administrator(std::uint16_t port) {
  return *mysql::Connection::open({.port = port, .user = "root", .database = "refrain"});
}

struct MakeMysqlStore {
  std::unique_ptr<Store> open(Options options, const base::Clock& clock) {
    auto store = store::open(on_mariadb(mariadb().port(), std::move(options)), clock);
    EXPECT_TRUE(store) << store.error().what;
    return store ? std::move(*store) : nullptr;
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(MysqlStore, StoreContract, MakeMysqlStore);

class MysqlServer {
 public:
  std::uint16_t port() { return mariadb().port(); }
  Options options(std::uint16_t port) {
    Options out = on_mariadb(port);
    out.remote.prefix = prefix_;
    return out;
  }
  std::unique_ptr<Store> open(const base::Clock& clock) {
    auto store = store::open(options(port()), clock);
    return store ? std::move(*store) : nullptr;
  }
  void set_read_only(bool on) {
    ASSERT_TRUE(administrator(port())->execute(on ? "SET GLOBAL read_only = 1"
                                                  : "SET GLOBAL read_only = 0"));
  }
  void crash() { mariadb().crash(); }
  void restart() { mariadb().start(); }
  void forget_changes() {
    ASSERT_TRUE(administrator(port())->execute("DELETE FROM " + prefix_ + "_changes"));
  }
  static constexpr bool kLogIsNeverTorn = true;
  const std::string prefix_ = on_mariadb(1).remote.prefix;
};
INSTANTIATE_TYPED_TEST_SUITE_P(Mysql, StoreFaults, MysqlServer);
INSTANTIATE_TYPED_TEST_SUITE_P(Mysql, StoreSharing, MysqlServer);
INSTANTIATE_TYPED_TEST_SUITE_P(Mysql, StoreCrash, MysqlServer);

TEST(MysqlStore, RecordsOutliveTheStoreWithFourByteLetters) {
  MysqlServer server;
  StoreClock clock;
  Record record = record_of("Was kostet das? \xf0\x9f\x98\x80", 3000);
  record.tenant = record.user = "\xf0\x9f\x98\x80 ";
  record.id = put({}, *server.open(clock), {record})->at(0);
  auto store = server.open(clock);
  EXPECT_EQ(*store->find({}, record.exact, record.canonical), record);
  EXPECT_EQ(store->stats().records, 1U);
  EXPECT_GT(store->allot(), record.id);
}

TEST(MysqlStore, ALocalSocketDoesToo) {
  StoreClock clock;
  Options options = on_mariadb(1);
  options.remote.url += "?socket=" + mariadb().socket();
  auto store = store::open(options, clock);
  ASSERT_TRUE(store) << store.error().what;
  EXPECT_TRUE(put({}, **store, {record_of("a")}));
}

TEST(MysqlStore, ALaterSchemaIsRefusedWithAdvice) {
  MysqlServer server;
  StoreClock clock;
  ASSERT_NE(server.open(clock), nullptr);
  ASSERT_TRUE(administrator(server.port())
                  ->execute("INSERT INTO " + server.prefix_ + "_schema VALUES(77, 0)"));
  auto store = store::open(server.options(server.port()), clock);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, base::Code::unsupported);
  EXPECT_THAT(store.error().what, HasSubstr("schema version 77, this program knows up to 1"));
}

TEST(MysqlStore, ARefusalNamesThePlaceAndNotThePassword) {
  StoreClock clock;
  Options options = on_mariadb(mariadb().port());
  options.remote.password = "tell-nobody";
  auto store = store::open(options, clock);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, base::Code::invalid);
  EXPECT_THAT(store.error().what, HasSubstr("mysql://127.0.0.1:"));
  EXPECT_THAT(store.error().what, Not(HasSubstr("tell-nobody")));
}

TEST(MysqlStore, ADamagedRecordIsAnErrorOnceThenAbsentAndAnnounced) {
  MysqlServer server;
  StoreClock clock;
  auto store = server.open(clock);
  EntryId id = put({}, *store, {record_of("a"), record_of("b")})->at(0);
  std::vector<EntryId> erased;
  store->on_erased([&](std::span<const EntryId> ids) { erased.assign(ids.begin(), ids.end()); });
  ASSERT_TRUE(administrator(server.port())
                  ->execute("UPDATE " + server.prefix_ +
                            "_answers SET answer = 'x' WHERE id = " + std::to_string(id)));
  Record like = record_of("a");
  EXPECT_EQ(store->find({}, like.exact, like.canonical).error().code, base::Code::corrupt);
  ASSERT_TRUE(commit({}, *store, {}));  // behind the erasure
  EXPECT_FALSE(has(*store, "a"));
  EXPECT_TRUE(has(*store, "b"));
  EXPECT_EQ(erased, std::vector<EntryId>{id});
  EXPECT_EQ(store->stats().corrupt, 1U);
}

TEST(MysqlStore, AnEntryOverTheServersPacketIsTooLargeAndTheNextOneIsKept) {
  MysqlServer server;
  StoreClock clock;
  auto store = server.open(clock);
  std::string noise;
  for (std::uint32_t i = 0; i < 1000000; ++i) noise += std::to_string(i * 2654435761U);
  Record large = record_of("large");
  large.answer = noise;
  auto refused = put({}, *store, {large});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::too_large) << refused.error().what;
  EXPECT_TRUE(put({}, *store, {record_of("small")}));
}

TEST(MysqlStore, OnAFullServerWritesFailAndReadsGoOn) {
  MariadbServer full(
      {"--innodb-data-file-path=ibdata1:12M:autoextend:max:24M", "--innodb-file-per-table=0"});
  StoreClock clock;
  auto store = store::open(on_mariadb(full.port()), clock);
  ASSERT_TRUE(store) << store.error().what;
  ASSERT_TRUE(put({}, **store, {record_of("a")}));
  std::string noise;
  for (std::uint32_t i = 0; i < 60000; ++i) noise += std::to_string(i * 2654435761U);
  Result<std::vector<EntryId>> last;
  for (int i = 0; i < 100 && last; ++i) {
    Record large = record_of("large" + std::to_string(i));
    large.answer = noise.substr(static_cast<std::size_t>(i));
    last = put({}, **store, {large});
  }
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code, base::Code::io);
  EXPECT_THAT(last.error().what, HasSubstr("it is full"));
  EXPECT_TRUE(has(**store, "a"));
}

}  // namespace
}  // namespace refrain::store
