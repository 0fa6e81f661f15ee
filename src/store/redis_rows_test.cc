#include "store/redis_rows.h"

#include "tests/support/store_contract.h"

namespace refrain::store::redis_rows {
namespace {

using redis::Reply;

Reply text(std::string bytes) { return {.kind = Reply::Kind::text, .text = std::move(bytes)}; }

Reply row_of(const Record& record) {
  Fields fields = fields_of(record);
  Reply out{.kind = Reply::Kind::list};
  out.list = {text(hex_of(record.id)), text(fields.facts), text(fields.question),
              text(fields.answer),     text("1000000"),    text("0")};
  return out;
}

TEST(RedisRows, ARecordComesBackWhole) {
  Record record = record_of("a", 2000);
  record.id = 7;
  record.expires = at(5);
  EXPECT_EQ(**read_row(row_of(record), Detail::whole), record);
}

TEST(RedisRows, AnyByteThatIsWrongIsCorrupt) {
  Record record = record_of("a");
  record.id = 7;
  const Reply good = row_of(record);
  for (std::size_t field : {1U, 2U, 3U}) {
    for (std::size_t i = 0; i < good.list[field].text.size(); ++i) {
      Reply bad = good;
      bad.list[field].text[i] ^= 1;
      EXPECT_FALSE(read_row(bad, Detail::whole)) << field << " " << i;
      bad.list[field].text.resize(i);
      bool absent_question = field == 2 && i == 0;
      EXPECT_TRUE(absent_question || !read_row(bad, Detail::whole)) << field << " " << i;
    }
  }
}

TEST(RedisRows, IdsSortAsText) {
  EXPECT_LT(hex_of(9), hex_of(10));
  EXPECT_LT(hex_of(1), hex_of(1ULL << 40U));
  EXPECT_EQ(id_of(hex_of(1ULL << 62U)), 1ULL << 62U);
  EXPECT_EQ(id_of("no id"), 0U);
  EXPECT_EQ(ids_of(hex_of(3) + "," + hex_of(4)), (std::vector<EntryId>{3, 4}));
  EXPECT_TRUE(ids_of("").empty());
}

}  // namespace
}  // namespace refrain::store::redis_rows
