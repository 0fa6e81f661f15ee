#include "store/writer.h"

#include "tests/support/store_contract.h"

namespace refrain::store {
namespace {

class WriterTest : public testing::Test {
 protected:
  std::unique_ptr<Writer> open(const Options& options = {}) {
    auto made = Writer::open(folder_.path() + "/x.sqlite", options, clock_);
    EXPECT_TRUE(made) << made.error().what;
    return std::move(*made);
  }
  Result<Applied> put(Writer& writer, std::vector<Record> records) {
    Batch batch;
    batch.puts = std::move(records);
    for (Record& record : batch.puts) {
      if (record.id == 0) record.id = next_++;
    }
    Batch* only[] = {&batch};
    return writer.apply(only, {}, next_);
  }
  StoreFolder folder_;
  StoreClock clock_;
  EntryId next_ = 1;
};

TEST_F(WriterTest, AFailedTransactionChangesNothing) {
  auto writer = open();
  Record taken = record_of("a");
  taken.id = 1;
  next_ = 2;
  ASSERT_TRUE(put(*writer, {taken}));
  taken.canonical += "!";
  EXPECT_EQ(put(*writer, {record_of("b"), taken}).error().code, base::Code::conflict);
  EXPECT_EQ(writer->held().records, 1U);
  EXPECT_TRUE(put(*writer, {record_of("c")}));
}

TEST_F(WriterTest, ReservationsStayAheadOfTheIdsGiven) {
  EntryId first = open()->first_id();
  auto writer = open();
  EXPECT_GT(writer->first_id(), first);
  EntryId reserved = writer->reserved();
  next_ = reserved + 5;
  ASSERT_TRUE(put(*writer, {record_of("a")}));
  EXPECT_GT(writer->reserved(), next_);
  EntryId promised = writer->reserved();
  writer.reset();
  EXPECT_GT(open()->first_id(), promised);
}

TEST_F(WriterTest, WhatIsGivenBackIsGivenNext) {
  auto writer = open();
  next_ = writer->first_id() + 7;
  ASSERT_TRUE(put(*writer, {record_of("a")}));
  ASSERT_TRUE(writer->give_back(next_));
  writer.reset();
  EXPECT_EQ(open()->first_id(), next_);
}

TEST_F(WriterTest, MakingRoomNeverTakesWhatTheSameBatchPut) {
  auto writer = open({.bytes_max = 1 << 20, .value = [](const Facts& facts) {
                        return -static_cast<double>(facts.used.time_since_epoch().count());
                      }});  // the freshest are worth least
  std::string noise;
  for (std::uint32_t i = 0; i < 30000; ++i) noise += std::to_string(i * 2654435761U);
  for (int i = 0; i < 50; ++i) {
    Record record = record_of(std::to_string(i));
    record.answer = noise.substr(static_cast<std::size_t>(i), 60000);
    record.used = at(1000000 + i);
    auto applied = put(*writer, {record});
    ASSERT_TRUE(applied) << applied.error().what;
    for (EntryId gone : applied->gone) EXPECT_NE(gone, applied->ids[0][0]);
  }
}

TEST_F(WriterTest, PurgeTakesBoundedBitesUntilNothingIsExpired) {
  auto writer = open();
  std::vector<Record> records;
  for (int i = 0; i < 1500; ++i) {
    records.push_back(record_of(std::to_string(i)));
    records.back().expires = at(1000001);
  }
  ASSERT_TRUE(put(*writer, records));
  EXPECT_TRUE(writer->purge()->empty());
  clock_.set(1000001);
  EXPECT_EQ(writer->purge()->size(), 1000U);
  EXPECT_EQ(writer->purge()->size(), 500U);
  EXPECT_TRUE(writer->purge()->empty());
}

TEST_F(WriterTest, CompactingGivesErasedSpaceBackToTheSystem) {
  auto writer = open();
  std::string noise;
  for (std::uint32_t i = 0; i < 30000; ++i) noise += std::to_string(i * 2654435761U);
  Record large = record_of("a");
  large.answer = noise;
  auto applied = put(*writer, {large});
  ASSERT_TRUE(applied);
  ASSERT_TRUE(writer->compact());
  std::uintmax_t full = std::filesystem::file_size(folder_.path() + "/x.sqlite");
  Batch batch;
  batch.erases = applied->ids[0];
  Batch* only[] = {&batch};
  ASSERT_TRUE(writer->apply(only, {}, next_));
  ASSERT_TRUE(writer->compact());
  EXPECT_LT(std::filesystem::file_size(folder_.path() + "/x.sqlite"), full - 100000);
}

}  // namespace
}  // namespace refrain::store
