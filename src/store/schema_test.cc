#include "store/schema.h"

#include "store/sqlite_store.h"
#include "tests/support/store_contract.h"

namespace refrain::store::schema {
namespace {

class Schema : public testing::Test {
 protected:
  std::unique_ptr<disk::sqlite::Connection> connect() {
    auto made = disk::sqlite::Connection::open(folder_.path() + "/store.sqlite",
                                               disk::sqlite::Access::write);
    EXPECT_TRUE(made);
    return std::move(*made);
  }
  StoreFolder folder_;
};

// A file as the first version wrote it; never edited. One entry, id 41.
constexpr const char* kVersionOne = R"sql(
PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = 0x5246524e; PRAGMA user_version = 1;
CREATE TABLE entries(id INTEGER PRIMARY KEY, exact BLOB NOT NULL, space BLOB NOT NULL,
  tenant TEXT NOT NULL, user TEXT NOT NULL, scope INTEGER NOT NULL, model TEXT NOT NULL,
  dialect TEXT NOT NULL, tags BLOB NOT NULL, stored INTEGER NOT NULL, expires INTEGER,
  cost INTEGER NOT NULL, checksum INTEGER NOT NULL, used INTEGER NOT NULL, hits INTEGER NOT NULL,
  bytes INTEGER NOT NULL);
CREATE INDEX entries_by_exact ON entries(exact);
CREATE TABLE questions(id INTEGER PRIMARY KEY, text BLOB NOT NULL, embedder TEXT NOT NULL,
  vector BLOB NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE answers(id INTEGER PRIMARY KEY, canonical BLOB NOT NULL, answer BLOB NOT NULL,
  checksum INTEGER NOT NULL);
CREATE TABLE numbers(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO numbers VALUES('allotted', 70000);
INSERT INTO entries VALUES(41, x'01000000000000000200000000000000',
  x'03000000000000000400000000000000', 'acme', '', 1, 'model-a', 'openai.chat', x'0103666171',
  1000, 900000000, 1500000, 3868405504822437185, 2000, 3, 400);
INSERT INTO questions VALUES(41, x'0068656c6c6f', 'fake@1', x'0000803f00000000',
  -6886274735784322414);
INSERT INTO answers VALUES(41, x'00712868656c6c6f29', x'00776f726c64', -8999251538273067342);
)sql";

TEST_F(Schema, AFileOfTheFirstVersionIsBroughtUpWithItsEntries) {
  ASSERT_TRUE(connect()->execute(kVersionOne));
  StoreClock clock;
  auto store = open_sqlite({.folder = folder_.path()}, clock);
  ASSERT_TRUE(store) << store.error().what;
  auto found = (*store)->find({}, Key{1, 2}, "q(hello)");
  ASSERT_TRUE(found) << found.error().what;
  ASSERT_TRUE(*found);
  EXPECT_EQ((*found)->id, 41U);
  EXPECT_EQ((*found)->answer, "world");
  EXPECT_EQ((*found)->text, "hello");
  EXPECT_EQ((*found)->vector, (std::vector<float>{1.0F, 0.0F}));
  EXPECT_EQ((*found)->tags, std::vector<std::string>{"faq"});
  EXPECT_EQ((*found)->hits, 3U);
  EXPECT_GT((*store)->allot(), 70000U);
  EXPECT_EQ(*connect()->number("PRAGMA user_version"), kVersion);
}

TEST_F(Schema, TheResultIsTheSameFromEveryVersion) {
  const char* all =
      "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema "
      "WHERE sql IS NOT NULL ORDER BY name)";
  auto schema_from = [&](std::size_t version) {
    StoreFolder folder;
    auto made =
        disk::sqlite::Connection::open(folder.path() + "/x.sqlite", disk::sqlite::Access::write);
    EXPECT_TRUE(made);
    for (std::size_t i = 0; i < version; ++i) EXPECT_TRUE((*made)->execute(migrations()[i]));
    if (version > 0) {
      EXPECT_TRUE((*made)->execute("PRAGMA application_id = 0x5246524e; PRAGMA user_version = " +
                                   std::to_string(version)));
    }
    Result<> done = prepare(**made, "x.sqlite", Durability::process);
    EXPECT_TRUE(done) << done.error().what;
    auto query = (*made)->query(all);
    EXPECT_TRUE(*query->step());
    return std::string(query->bytes(0));
  };
  std::string fresh = schema_from(0);
  EXPECT_NE(fresh.find("entries_by_expiry"), std::string::npos);
  for (std::size_t version = 1; version <= kVersion; ++version) {
    EXPECT_EQ(schema_from(version), fresh) << version;
  }
}

TEST_F(Schema, ADatabaseOfAnotherProgramIsLeftAlone) {
  ASSERT_TRUE(connect()->execute("CREATE TABLE precious(a)"));
  Result<> prepared = prepare(*connect(), "x.sqlite", Durability::process);
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().code, base::Code::invalid);
  EXPECT_EQ(*connect()->number("SELECT count(*) FROM sqlite_schema"), 1);
}

TEST_F(Schema, TheModesAreThoseThatDurabilityNeeds) {
  auto connection = connect();
  ASSERT_TRUE(prepare(*connection, "x.sqlite", Durability::power_loss));
  EXPECT_EQ(*connection->number("PRAGMA synchronous"), 2);
  EXPECT_EQ(*connection->number("PRAGMA auto_vacuum"), 2);
  auto mode = connection->query("PRAGMA journal_mode");
  ASSERT_TRUE(*mode->step());
  EXPECT_EQ(mode->bytes(0), "wal");
}

}  // namespace
}  // namespace refrain::store::schema
