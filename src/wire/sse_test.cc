#include "wire/sse.h"

#include <gtest/gtest.h>

namespace refrain::wire {
namespace {

using Events = std::vector<SseEvent>;

/// The events of a stream that comes in pieces of this many bytes.
Events read(std::string_view bytes, std::size_t piece = std::string_view::npos) {
  SseParser parser;
  Events out;
  while (!bytes.empty()) {
    auto events = parser.feed(bytes.substr(0, piece));
    EXPECT_TRUE(events);
    if (events) out.insert(out.end(), events->begin(), events->end());
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  return out;
}

TEST(SseParser, BlankLineEndsAnEvent) {
  EXPECT_EQ(read("data: one\n\ndata: two\n\n"), (Events{{"", "one"}, {"", "two"}}));
}

TEST(SseParser, LinesEndInAnyOfThreeWays) {
  EXPECT_EQ(read("data: a\r\n\r\ndata: b\r\rdata: c\n\n"),
            (Events{{"", "a"}, {"", "b"}, {"", "c"}}));
}

TEST(SseParser, AnyTwoSplitsGiveTheSameEvents) {
  const std::string_view bytes =
      "\xEF\xBB\xBF: hello\r\nevent: tick\r\ndata:x\r\ndata: y\r\r\n: c\rid: 7\ndata\n\n"
      "retry: 5\rdata:  z\n\r\n";
  const Events whole = read(bytes);
  ASSERT_EQ(whole.size(), 3U);
  EXPECT_EQ(whole[0], (SseEvent{"tick", "x\ny"}));
  EXPECT_EQ(whole[1], (SseEvent{"", ""}));
  EXPECT_EQ(whole[2], (SseEvent{"", " z"}));
  for (std::size_t first = 0; first <= bytes.size(); ++first) {
    for (std::size_t second = first; second <= bytes.size(); ++second) {
      SseParser parser;
      Events events;
      for (std::string_view piece : {bytes.substr(0, first), bytes.substr(first, second - first),
                                     bytes.substr(second)}) {
        auto some = parser.feed(piece);
        ASSERT_TRUE(some);
        events.insert(events.end(), some->begin(), some->end());
      }
      ASSERT_EQ(events, whole) << first << " " << second;
    }
  }
  EXPECT_EQ(read(bytes, 1), whole);
}

TEST(SseParser, OnlyOneSpaceAfterTheColonIsTaken) {
  EXPECT_EQ(read("data:a\n\ndata:  b\n\n"), (Events{{"", "a"}, {"", " b"}}));
}

TEST(SseParser, EventWithoutDataIsDroppedAndItsNameForgotten) {
  EXPECT_EQ(read("event: x\n\ndata: 1\n\n"), (Events{{"", "1"}}));
}

TEST(SseParser, ByteOrderMarkIsSkippedOnlyAtTheStart) {
  EXPECT_EQ(read("\xEF\xBB\xBF" "data: 1\n\n\xEF\xBB\xBF" "data: 2\n\n"), (Events{{"", "1"}}));
  EXPECT_EQ(read("\xEF\xBB" "data: 1\n\ndata: 2\n\n", 1), (Events{{"", "2"}}));
}

TEST(SseParser, UnfinishedEventIsToldAtTheEnd) {
  SseParser parser;
  ASSERT_TRUE(parser.feed("data: whole\n\ndata: [DO"));
  ASSERT_TRUE(parser.feed("NE]"));
  EXPECT_EQ(parser.finish(), (SseEvent{"", "[DONE]"}));
  EXPECT_EQ(parser.finish(), std::nullopt);
}

TEST(SseParser, EndBetweenEventsLeavesNothing) {
  SseParser parser;
  ASSERT_TRUE(parser.feed("data: whole\n\n: comment"));
  EXPECT_EQ(parser.finish(), std::nullopt);
}

TEST(SseParser, LineOverItsLimitIsTooLarge) {
  for (std::size_t piece : {1U, 100U}) {
    SseParser parser(SseParser::Options{.line_bytes_max = 20, .event_bytes_max = 100});
    base::Result<Events> last = Events{};
    std::string_view bytes = "data: 12345678901234567890\n";
    while (last && !bytes.empty()) {
      last = parser.feed(bytes.substr(0, piece));
      bytes.remove_prefix(std::min<std::size_t>(piece, bytes.size()));
    }
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error().code, base::Code::too_large);
  }
}

TEST(SseParser, EventOverItsLimitIsTooLarge) {
  SseParser parser(SseParser::Options{.line_bytes_max = 20, .event_bytes_max = 30});
  std::string bytes;
  for (int i = 0; i < 3; ++i) bytes += "data: 1234567890\n";
  auto events = parser.feed(bytes);
  ASSERT_FALSE(events);
  EXPECT_EQ(events.error().code, base::Code::too_large);
}

TEST(Sse, WrittenEventsAreReadBack) {
  std::string bytes;
  append_event("one", bytes);
  append_event("two\nlines\n", bytes);
  append_event("", bytes);
  bytes += kDone;
  EXPECT_EQ(read(bytes),
            (Events{{"", "one"}, {"", "two\nlines\n"}, {"", ""}, {"", "[DONE]"}}));
}

TEST(Sse, DoneIsKnownWithSpaces) {
  EXPECT_TRUE(is_done("[DONE]"));
  EXPECT_TRUE(is_done(" [DONE] "));
  EXPECT_FALSE(is_done("{\"DONE\":1}"));
  EXPECT_FALSE(is_done(""));
}

}  // namespace
}  // namespace refrain::wire
