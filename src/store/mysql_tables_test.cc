#include "store/mysql_tables.h"

#include "tests/support/database_servers.h"
#include "tests/support/store_contract.h"

namespace refrain::store::mysql_tables {
namespace {

class MysqlTables : public testing::Test {
 protected:
  void SetUp() override {
    auto made = mysql::Connection::open(
        {.port = server_.port(), .user = "refrain", .password = "secret", .database = "refrain"});
    ASSERT_TRUE(made) << made.error().what;
    connection_ = std::move(*made);
    Result<> prepared = tables_.prepare(*connection_, at(0));
    ASSERT_TRUE(prepared) << prepared.error().what;
  }
  std::vector<EntryId> insert(EntryId count) {
    std::vector<std::unique_ptr<Encoded>> rows;
    std::vector<EntryId> ids;
    for (EntryId id = 1; id <= count; ++id) {
      records_.push_back(record_of(std::to_string(id)));
      records_.back().id = id;
      ids.push_back(id);
    }
    for (const Record& record : records_) rows.push_back(std::make_unique<Encoded>(record));
    Result<> done = tables_.insert(*connection_, rows);
    EXPECT_TRUE(done) << done.error().what;
    return ids;
  }
  MariadbServer server_;
  Tables tables_{"t"};
  std::unique_ptr<mysql::Connection> connection_;
  std::vector<Record> records_;
  std::vector<EntryId> corrupt_;
};

TEST_F(MysqlTables, RowsOfEveryNumberGoInAndOut) {
  std::vector<EntryId> ids = insert(64 + 8 + 5);  // one statement of each length, and more
  auto some = tables_.read(*connection_, {std::span(ids).subspan(70), Detail::whole}, corrupt_);
  ASSERT_TRUE(some) << some.error().what;
  ASSERT_EQ(some->size(), 7U);
  EXPECT_EQ(some->back(), records_.back());
  auto erased = tables_.erase(*connection_, std::span(ids).first(64));
  ASSERT_TRUE(erased);
  EXPECT_EQ(erased->ids.size(), 64U);
  EXPECT_GT(erased->bytes, 64 * 100);
}

TEST_F(MysqlTables, PreparingTwiceIsNoError) {
  EXPECT_TRUE(tables_.prepare(*connection_, at(1)));
  EXPECT_EQ(*tables_.count_opening(*connection_), 1U);
  EXPECT_EQ(*tables_.count_opening(*connection_), 2U);
}

TEST_F(MysqlTables, TouchesOfUnknownIdsChangeNothing) {
  insert(3);
  std::vector<Touch> touches = {{2, at(2000000), 4}, {99, at(1), 1}};
  ASSERT_TRUE(tables_.touch(*connection_, touches));
  auto rows = tables_.lean(*connection_, 1, 10);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].facts.hits, 4U);
  EXPECT_EQ((*rows)[0].facts.used, at(2000000));
  EXPECT_EQ((*rows)[1].facts.hits, 0U);
}

TEST_F(MysqlTables, NotesAreFoundByTheirGroupAndForgottenByTime) {
  ASSERT_TRUE(tables_.write_note(*connection_, {5, 2, 9, at(100), "p", "g"}));
  EXPECT_TRUE(*tables_.has_note(*connection_, 2, 9));
  EXPECT_FALSE(*tables_.has_note(*connection_, 2, 8));
  EXPECT_EQ(tables_.notes(*connection_, 4)->at(0).put, "p");
  ASSERT_TRUE(tables_.forget_notes(*connection_, at(101)));
  EXPECT_TRUE(tables_.notes(*connection_, 0)->empty());
}

}  // namespace
}  // namespace refrain::store::mysql_tables
