#include "store/rows.h"

#include "store/schema.h"
#include "tests/support/store_contract.h"

namespace refrain::store::rows {
namespace {

class Rows : public testing::Test {
 protected:
  void SetUp() override {
    auto made =
        disk::sqlite::Connection::open(folder_.path() + "/x.sqlite", disk::sqlite::Access::write);
    ASSERT_TRUE(made);
    connection_ = std::move(*made);
    Result<> ready = schema::prepare(*connection_, "x.sqlite", Durability::process);
    ASSERT_TRUE(ready) << ready.error().what;
  }
  Record add(const std::string& text, EntryId id) {
    Record record = record_of(text);
    record.id = id;
    Result<> added = insert(*connection_, record);
    EXPECT_TRUE(added) << added.error().what;
    return record;
  }
  StoreFolder folder_;
  std::unique_ptr<disk::sqlite::Connection> connection_;
  std::vector<EntryId> corrupt_;
};

TEST_F(Rows, ReadGivesWhatInsertTook) {
  Record record = add("a", 5);
  EXPECT_EQ(*read(*connection_, 5, Detail::whole, corrupt_), record);
  EXPECT_EQ(*read(*connection_, 6, Detail::whole, corrupt_), std::nullopt);
}

TEST_F(Rows, EraseLeavesNothingInAnyTable) {
  add("a", 5);
  EXPECT_TRUE(*erase(*connection_, 5));
  EXPECT_FALSE(*erase(*connection_, 5));
  for (const char* table : {"entries", "questions", "answers"}) {
    EXPECT_EQ(*connection_->number(std::string("SELECT count(*) FROM ") + table), 0) << table;
  }
}

TEST_F(Rows, WalkSkipsDamagedRowsAndNamesThem) {
  for (EntryId id = 1; id <= 3; ++id) add(std::to_string(id), id);
  ASSERT_TRUE(connection_->execute("UPDATE entries SET tenant = 'evil' WHERE id = 2"));
  std::vector<EntryId> seen;
  ASSERT_TRUE(walk(*connection_, 0, Detail::head, corrupt_, [&](Record&& record) -> Result<bool> {
    seen.push_back(record.id);
    return true;
  }));
  EXPECT_EQ(seen, (std::vector<EntryId>{1, 3}));
  EXPECT_EQ(corrupt_, std::vector<EntryId>{2});
}

TEST_F(Rows, ARowWithoutItsAnswerIsDamaged) {
  add("a", 1);
  ASSERT_TRUE(connection_->execute("DELETE FROM answers"));
  EXPECT_EQ(*read(*connection_, 1, Detail::whole, corrupt_), std::nullopt);
  EXPECT_EQ(corrupt_, std::vector<EntryId>{1});
}

TEST_F(Rows, LeanAndExpiredSeeOnlyWhatTheyAreAskedFor) {
  Record record = record_of("a");
  for (EntryId id = 1; id <= 5; ++id) {
    record.id = id;
    if (id > 2) record.expires = at(100 * static_cast<std::int64_t>(id));
    ASSERT_TRUE(insert(*connection_, record));
  }
  auto some = lean(*connection_, 2, 2);
  ASSERT_EQ(some->size(), 2U);
  EXPECT_EQ((*some)[0].id, 3U);
  EXPECT_EQ((*some)[0].facts.cost_microseconds, 1500000U);
  EXPECT_GT((*some)[0].facts.bytes, 100U);
  EXPECT_EQ(*expired(*connection_, at(400), 10), (std::vector<EntryId>{3, 4}));
}

}  // namespace
}  // namespace refrain::store::rows
