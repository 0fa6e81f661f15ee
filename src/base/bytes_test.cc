#include "base/bytes.h"

#include <gtest/gtest.h>

#include <limits>

namespace refrain::base {
namespace {

TEST(Bytes, WhatIsWrittenIsReadBack) {
  ByteWriter out;
  out.u8(7);
  out.u32(0xdeadbeef);
  out.u64(0x0123456789abcdef);
  out.text("hello");
  out.raw("!!");
  std::string bytes = out.take();

  ByteReader in(bytes);
  EXPECT_EQ(in.u8().value(), 7);
  EXPECT_EQ(in.u32().value(), 0xdeadbeef);
  EXPECT_EQ(in.u64().value(), 0x0123456789abcdefU);
  EXPECT_EQ(in.text().value(), "hello");
  EXPECT_EQ(in.raw(2).value(), "!!");
  EXPECT_EQ(in.left(), 0U);
}

TEST(Bytes, NumbersAreLittleEndian) {
  ByteWriter out;
  out.u32(0x01020304);
  EXPECT_EQ(out.take(), std::string("\x04\x03\x02\x01"));
}

TEST(Bytes, VarintsOfEverySizeAreReadBack) {
  for (unsigned bits = 0; bits <= 64; ++bits) {
    std::uint64_t value =
        bits == 64 ? std::numeric_limits<std::uint64_t>::max() : (std::uint64_t{1} << bits) - 1;
    ByteWriter out;
    out.varint(value);
    std::string bytes = out.take();
    EXPECT_EQ(bytes.size(), bits == 0 ? 1 : (bits + 6) / 7);
    EXPECT_EQ(ByteReader(bytes).varint().value(), value);
  }
}

TEST(Bytes, VarintOverSixtyFourBitsIsCorrupt) {
  std::string bytes(9, '\xff');
  bytes += '\x02';
  EXPECT_EQ(ByteReader(bytes).varint().error().code, Code::corrupt);
}

TEST(Bytes, TruncatedInputIsCorrupt) {
  EXPECT_EQ(ByteReader("").u8().error().code, Code::corrupt);
  EXPECT_EQ(ByteReader("abc").u32().error().code, Code::corrupt);
  EXPECT_EQ(ByteReader("abcdefg").u64().error().code, Code::corrupt);
  EXPECT_EQ(ByteReader("\x80").varint().error().code, Code::corrupt);
  EXPECT_EQ(ByteReader("\x05"
                       "abc")
                .text()
                .error()
                .code,
            Code::corrupt);
}

TEST(Bytes, CountBeyondTheBytesIsCorrupt) {
  std::string bytes(
      "\x03"
      "abcdef");
  EXPECT_EQ(ByteReader(bytes).count(2).value(), 3U);
  EXPECT_EQ(ByteReader(bytes).count(3).error().code, Code::corrupt);
}

}  // namespace
}  // namespace refrain::base
