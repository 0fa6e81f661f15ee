#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "chat/answer.h"

namespace refrain::chat {
namespace {

using base::Code;
using testing::HasSubstr;

json::Value value(std::string_view text) { return json::parse(text).value(); }

Answer sample() {
  Event event;
  ChoiceDelta choice;
  choice.index = 1;
  choice.role = "assistant";
  choice.content = "";
  choice.reasoning = "hm";
  choice.reasoning_name = "reasoning";
  choice.tools.push_back({.index = 2,
                          .id = "id",
                          .type = "function",
                          .name = "f",
                          .arguments = "{",
                          .extra = {{"x", nullptr}}});
  choice.logprobs = value("[1.50,true,false]");
  choice.finish = "stop";
  choice.delta_extra = {{"refusal", nullptr}};
  choice.extra = {{"k", "v"}};
  event.choices.push_back(choice);
  event.usage = value("{\"total_tokens\":3}");
  event.head = {{"model", "m"}};
  Answer answer;
  answer.origin = Origin::tgi;
  answer.delivery = Delivery::stream;
  answer.events = {std::make_shared<const Event>(event), std::make_shared<const Event>()};
  return answer;
}

void expect_equal(const Answer& a, const Answer& b) {
  EXPECT_EQ(a.origin, b.origin);
  EXPECT_EQ(a.delivery, b.delivery);
  ASSERT_EQ(a.events.size(), b.events.size());
  for (std::size_t i = 0; i < a.events.size(); ++i) EXPECT_EQ(*a.events[i], *b.events[i]);
}

// Bytes with a right checksum: what a fault in our own writer, or an attacker, would give.
std::string sealed(std::string_view payload) {
  std::string bytes("RFA\x01");
  std::uint64_t checksum = base::hash64(payload);
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(checksum >> (8 * i));
  return bytes + std::string(payload);
}

base::Error error_of(std::string_view payload) {
  base::Result<Answer> answer = decode(sealed(payload));
  EXPECT_FALSE(answer);
  return answer ? base::Error{} : answer.error();
}

TEST(AnswerCodec, WhatIsEncodedIsDecoded) {
  expect_equal(decode(encode(sample())).value(), sample());
  expect_equal(decode(encode(Answer())).value(), Answer());
}

// The bytes of version 1. They are in files: if this fails, the version must grow.
TEST(AnswerCodec, VersionOneHasTheseBytes) {
  std::string hex;
  for (char c : encode(sample())) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  EXPECT_EQ(
      hex,
      "52464101db11cef98a1d23d103010201011b09617373697374616e740002686d0473746f7009726561736f6e"
      "696e6701020269640866756e6374696f6e0166017b0101780005030304312e353002010107726566757361"
      "6c0001016b04017606010c746f74616c5f746f6b656e7303013301056d6f64656c04016d000000");
}

TEST(AnswerCodec, EveryTruncationIsCorrupt) {
  std::string bytes = encode(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(decode(std::string_view(bytes).substr(0, size)).error().code, Code::corrupt);
  }
}

TEST(AnswerCodec, EveryTruncatedPayloadIsCorruptEvenWithARightChecksum) {
  std::string payload = encode(sample()).substr(12);
  for (std::size_t size = 0; size < payload.size(); ++size) {
    EXPECT_EQ(error_of(std::string_view(payload).substr(0, size)).code, Code::corrupt);
  }
}

TEST(AnswerCodec, EveryFlippedBitIsNoticed) {
  std::string bytes = encode(sample());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(decode(changed));
  }
}

TEST(AnswerCodec, LaterVersionIsUnsupported) {
  std::string bytes = encode(sample());
  bytes[3] = 2;
  EXPECT_EQ(decode(bytes).error().code, Code::unsupported);
}

TEST(AnswerCodec, CountsBeyondTheBytesAreCorrupt) {
  EXPECT_THAT(error_of("\x03\x01\xff\xff\xff\xff\x0f").what, HasSubstr("cannot fit"));
}

TEST(AnswerCodec, UnknownTagsOriginsAndFlagsAreCorrupt) {
  using std::string_literals::operator""s;
  EXPECT_THAT(error_of("\x09\x00\x00"s).what, HasSubstr("origin 9"));
  EXPECT_THAT(error_of("\x00\x00\x01\x00\x09\x00"s).what, HasSubstr("tag 9"));
  EXPECT_THAT(error_of("\x00\x00\x01\x01\x00\x20\x00\x00\x00\x00\x00\x00\x00"s).what,
              HasSubstr("flags 0x20"));
  EXPECT_THAT(error_of("\x00\x00\x00\x00"s).what, HasSubstr("1 bytes too many"));
}

TEST(AnswerCodec, NumberThatIsNoneIsCorrupt) {
  using std::string_literals::operator""s;
  EXPECT_TRUE(
      decode(sealed("\x00\x00\x01\x00\x03\x02"
                    "12\x00"s)));
  EXPECT_THAT(error_of("\x00\x00\x01\x00\x03\x02"
                       "1,\x00"s)
                  .what,
              HasSubstr("number"));
  EXPECT_THAT(error_of("\x00\x00\x01\x00\x03\x02"
                       " 1\x00"s)
                  .what,
              HasSubstr("number"));
}

TEST(AnswerCodec, NestingIsBounded) {
  using std::string_literals::operator""s;
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "\x05\x01";
  EXPECT_THAT(error_of("\x00\x00\x01\x00"s + deep).what, HasSubstr("deeper than 128"));
}

}  // namespace
}  // namespace refrain::chat
