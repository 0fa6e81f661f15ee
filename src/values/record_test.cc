#include "values/record.h"

#include <gtest/gtest.h>

#include "base/hash.h"

namespace refrain::values {
namespace {

std::string encoded(const Record& record, std::uint64_t seed) {
  std::string bytes(encoded_bytes(record), '\0');
  encode(record, seed, bytes.data());
  return bytes;
}

Record put_of(std::string_view value) {
  Record record{.kind = Kind::put, .space = "0:default", .key = "key"};
  record.expires = base::WallTime(std::chrono::milliseconds(1'800'000'000'123));
  record.value = value;
  record.value_bytes = value.size();
  record.value_check = base::hash64(value);
  return record;
}

TEST(ValueRecord, PutComesBack) {
  const std::string bytes = encoded(put_of("some value"), 7);
  EXPECT_EQ(bytes.size() % 8, 0U);
  const auto back = decode(bytes, 7);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->bytes, bytes.size());
  EXPECT_EQ(back->record.space, "0:default");
  EXPECT_EQ(back->record.key, "key");
  EXPECT_EQ(back->record.value, "some value");
  EXPECT_EQ(back->record.expires, put_of("").expires);
}

TEST(ValueRecord, LargeKeepsItsPieces) {
  const std::uint64_t pieces[] = {1, 2, 3};
  Record record{.kind = Kind::large, .space = "s", .key = "odd"};
  record.value_bytes = 2 * kPieceBytes + 1;
  record.file = 99;
  record.pieces = pieces;
  const auto back = decode(encoded(record, 1), 1);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->pieces, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(back->record.file, 99U);
}

TEST(ValueRecord, AnotherSegmentsRecordIsNone) {
  EXPECT_FALSE(decode(encoded(put_of("v"), 7), 8));
}

TEST(ValueRecord, EveryFlippedBitOfTheHeadIsSeen) {
  const std::string good = encoded(put_of("value"), 7);
  const std::size_t head = kRecordHeadBytes + 12;
  for (std::size_t bit = 0; bit < 8 * head; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_FALSE(decode(bad, 7)) << bit;
  }
}

TEST(ValueRecord, EveryCutIsNoRecordOrHasNoValue) {
  const std::string good = encoded(put_of("value"), 7);
  for (std::size_t size = 0; size < kRecordHeadBytes + 12 + 5; ++size) {
    const auto cut = decode(std::string_view(good).substr(0, size), 7);
    ASSERT_TRUE(!cut || cut->record.value.empty()) << size;
  }
}

TEST(ValueRecord, NothingIsZeroes) { EXPECT_FALSE(decode(std::string(4096, '\0'), 0)); }

}  // namespace
}  // namespace refrain::values
