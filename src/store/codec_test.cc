#include "store/codec.h"

#include <random>

#include "tests/support/store_contract.h"

namespace refrain::store::codec {
namespace {

Result<Record> decode_all(const EntryRow& entry, const QuestionRow& question,
                          const AnswerRow& answer) {
  Record record;
  TRY_DO(decode(entry, record));
  TRY_DO(decode(question, record));
  TRY_DO(decode(answer, record));
  return record;
}

struct Rows {
  explicit Rows(const Record& from) : record(from) {
    entry = entry_row(record, owned);
    question = question_row(record, owned);
    answer = answer_row(record, owned);
  }
  const Record record;
  Owned owned;
  EntryRow entry;
  QuestionRow question;
  AnswerRow answer;
};

TEST(StoreCodec, RowsGiveTheRecordBack) {
  Rows rows(record_of("what is a cache?", 5000));
  Result<Record> record = decode_all(rows.entry, rows.question, rows.answer);
  ASSERT_TRUE(record) << record.error().what;
  EXPECT_EQ(*record, rows.record);
}

TEST(StoreCodec, PackingIsUndoneWhateverTheBytes) {
  std::mt19937_64 dice(5);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(dice() % 2000, '\0'), prefix(dice() % 700, '\0');
    std::uint64_t letters = 1 + dice() % 255;
    for (char& c : bytes) c = static_cast<char>(dice() % letters);
    for (char& c : prefix) c = static_cast<char>(dice() % letters);
    if (dice() % 2 == 0) bytes += prefix;
    ASSERT_EQ(*unpack(pack(bytes, prefix), prefix), bytes);
  }
}

TEST(StoreCodec, TheTextInsideTheCanonicalBytesCostsNextToNothing) {
  std::string text;
  std::mt19937_64 dice(5);
  for (int i = 0; i < 300; ++i) text += static_cast<char>('a' + dice() % 26);
  EXPECT_LT(pack("{\"messages\":[{\"content\":\"" + text + "\"}]}", text).size(), 70U);
}

TEST(StoreCodec, SmallAndIncompressibleBytesStayAsTheyAre) {
  EXPECT_EQ(pack("short"), std::string("\0short", 6));
  EXPECT_EQ(pack(std::string(255, 'a')).size(), 256U);
  EXPECT_LT(pack(std::string(256, 'a')).size(), 40U);
}

TEST(StoreCodec, UnpackRefusesWhatItCannotHaveMade) {
  std::string packed = pack(std::string(5000, 'a'));
  EXPECT_EQ(unpack("").error().code, base::Code::corrupt);
  EXPECT_EQ(unpack("\x09zzz").error().code, base::Code::corrupt);
  EXPECT_EQ(unpack("\x01zzz").error().code, base::Code::corrupt);
  EXPECT_FALSE(unpack(packed.substr(0, packed.size() - 1)));
  // A frame of 13 bytes that states 2^40 bytes of content.
  std::string bomb("\x01\x28\xb5\x2f\xfd\xe0\x00\x00\x00\x00\x00\x01\x00\x00\x01\x00\x00", 17);
  EXPECT_EQ(unpack(bomb).error().code, base::Code::corrupt);
}

TEST(StoreCodec, EveryChangedColumnIsCorrupt) {
  Rows rows(record_of("a"));
  auto refused = [&](auto change) {
    EntryRow entry = rows.entry;
    QuestionRow question = rows.question;
    AnswerRow answer = rows.answer;
    change(entry, question, answer);
    Result<Record> record = decode_all(entry, question, answer);
    return !record && record.error().code == base::Code::corrupt;
  };
  EXPECT_TRUE(refused([](EntryRow& e, auto&, auto&) { e.id += 1; }));
  EXPECT_TRUE(refused([](EntryRow& e, auto&, auto&) { e.tenant = "acne"; }));
  EXPECT_TRUE(refused([](EntryRow& e, auto&, auto&) { e.user = "u"; }));
  EXPECT_TRUE(refused([](EntryRow& e, auto&, auto&) { e.scope = 0; }));
  EXPECT_TRUE(refused([](EntryRow& e, auto&, auto&) { e.stored += 1; }));
  EXPECT_TRUE(refused([](EntryRow& e, auto&, auto&) { e.expires = -1; }));
  EXPECT_TRUE(refused([](EntryRow& e, auto&, auto&) { std::swap(e.tenant, e.model); }));
  EXPECT_TRUE(refused([](auto&, QuestionRow& q, auto&) { q.embedder = "fake@2"; }));
  EXPECT_TRUE(refused([](auto&, QuestionRow& q, auto&) { q.vector.remove_suffix(4); }));
  EXPECT_TRUE(refused([](auto&, auto&, AnswerRow& a) { a.answer.remove_suffix(1); }));
  EXPECT_TRUE(refused([](auto&, auto&, AnswerRow& a) { std::swap(a.answer, a.canonical); }));
}

}  // namespace
}  // namespace refrain::store::codec
