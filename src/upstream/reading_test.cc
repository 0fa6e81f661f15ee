#include "upstream/reading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::upstream {
namespace {

using base::Code;
using chat::Delivery, chat::End, chat::Origin;
using testing::HasSubstr;

constexpr std::string_view kStream =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"
    ": a comment\r\n\r\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\u00e4b\"},"
    "\"finish_reason\":\"stop\"}]}\n\n"
    "data: [DONE]\n\n";
constexpr std::string_view kError = R"({"error":{"message":"overloaded","type":"x"}})";

// A reply read in pieces of a size, and the flight it makes.
struct Reply {
  chat::Flight flight{1 << 20};
  Reading reading;
  End end;

  explicit Reply(Origin origin = Origin::openai_chat, std::vector<json::Value> items = {})
      : reading({origin, std::move(items)}, {10'000, 1'000}, "upstream http://h") {}

  Reply& gets(std::string_view type, std::string_view body, std::size_t piece = SIZE_MAX,
              int status = 200) {
    reading.head(status, {{"content-type", std::string(type)}, {"x-request-id", "7"}});
    bool more = true;
    while (more && !body.empty()) {
      std::string_view part = body.substr(0, piece);
      body.remove_prefix(part.size());
      more = reading.data(part, flight);
    }
    return *this;
  }
  Reply& ends(base::Result<> result = {}) {
    end = reading.end(std::move(result), flight);
    return *this;
  }
  std::string text() { return chat::text({Origin::openai_chat, {}, flight.read(0).events}); }
};

TEST(UpstreamReading, AWholeReplyIsOneEvent) {
  Reply reply;
  reply
      .gets("application/json",
            R"({"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]})")
      .ends();
  EXPECT_EQ(reply.end.kind, End::Kind::answered);
  EXPECT_EQ(reply.text(), "hi");
  auto head = reply.flight.read(0).head;
  EXPECT_EQ(head->delivery, Delivery::whole);
  EXPECT_THAT(head->upstream_headers, testing::ElementsAre(testing::Pair("x-request-id", "7")));
}

TEST(UpstreamReading, AStreamGivesTheSameEventsInPiecesOfAnySize) {
  for (std::size_t piece = 1; piece <= kStream.size(); ++piece) {
    Reply reply;
    reply.gets("text/event-stream; charset=utf-8", kStream, piece).ends();
    EXPECT_EQ(reply.end.kind, End::Kind::answered) << piece;
    EXPECT_EQ(reply.text(), "a\u00e4b") << piece;
    EXPECT_EQ(reply.flight.read(0).events.size(), 2U) << piece;
  }
}

TEST(UpstreamReading, AFinishReasonWithoutDoneEndsAStreamThatClosedInOrder) {
  Reply reply;
  reply.gets("text/event-stream", kStream.substr(0, kStream.find("data: [DONE]"))).ends();
  EXPECT_EQ(reply.end.kind, End::Kind::answered);
}

TEST(UpstreamReading, DoneWithoutABlankLineBehindItCounts) {
  Reply reply;
  reply.gets("text/event-stream", kStream.substr(0, kStream.size() - 2)).ends();
  EXPECT_EQ(reply.end.kind, End::Kind::answered);
}

TEST(UpstreamReading, AStreamWithoutItsTerminalEventFails) {
  Reply reply;
  reply.gets("text/event-stream", kStream.substr(0, kStream.find(':', 10) + 60)).ends();
  EXPECT_EQ(reply.end.kind, End::Kind::failed);
  EXPECT_EQ(reply.end.error.code, Code::io);
  EXPECT_THAT(reply.end.error.what, HasSubstr("ended before its terminal event"));
}

TEST(UpstreamReading, AStreamThatIsCutFailsAlthoughItsFinishReasonCame) {
  Reply reply;
  reply.gets("text/event-stream", kStream.substr(0, kStream.find("data: [DONE]")))
      .ends(base::fail(Code::io, "http://h: reset"));
  EXPECT_EQ(reply.end.kind, End::Kind::failed);
  EXPECT_EQ(reply.end.error.what, "upstream http://h: reset");
}

TEST(UpstreamReading, ACutAfterDoneIsNoLoss) {
  Reply reply;
  reply.gets("text/event-stream", kStream).ends(base::fail(Code::io, "http://h: reset"));
  EXPECT_EQ(reply.end.kind, End::Kind::answered);
}

TEST(UpstreamReading, AnErrorEventEndsTheStreamAndIsKept) {
  Reply reply;
  std::string bytes = std::string(kStream.substr(0, kStream.find('\n') + 2)) +
                      "data: " + std::string(kError) + "\n\n" + std::string(kStream);
  reply.gets("text/event-stream", bytes).ends(base::fail(Code::cancelled, "stopped"));
  EXPECT_EQ(reply.end.kind, End::Kind::failed);
  EXPECT_EQ(reply.end.refusal.body, kError);
  EXPECT_EQ(reply.end.error.what, "upstream http://h: sent an error: overloaded");
  EXPECT_EQ(reply.text(), "a");
}

TEST(UpstreamReading, AnErrorObjectInASuccessIsPassedOnAsItCame) {
  Reply reply;
  reply.gets("application/json", kError).ends();
  EXPECT_EQ(reply.end.kind, End::Kind::refused);
  EXPECT_EQ(reply.end.refusal.status, 200);
  EXPECT_EQ(reply.end.refusal.body, kError);
  EXPECT_FALSE(reply.flight.read(0).head);
}

TEST(UpstreamReading, ASuccessThatIsNoJsonIsPassedOnAsItCame) {
  Reply reply;
  reply.gets("text/html", "<p>hello").ends();
  EXPECT_EQ(reply.end.kind, End::Kind::refused);
  EXPECT_EQ(reply.end.refusal.body, "<p>hello");
  EXPECT_EQ(fetch::header(reply.end.refusal.headers, "content-type"), "text/html");
}

TEST(UpstreamReading, ARefusalKeepsStatusHeadersAndBody) {
  Reply reply;
  reply.gets("application/json", kError, SIZE_MAX, 429).ends();
  EXPECT_EQ(reply.end.kind, End::Kind::refused);
  EXPECT_EQ(reply.end.refusal.status, 429);
  EXPECT_EQ(reply.end.refusal.body, kError);
  EXPECT_FALSE(reply.reading.retryable({}));
}

TEST(UpstreamReading, BodiesAreBoundedByWhatTheyAre) {
  Reply refusal;
  refusal.gets("text/plain", std::string(1'001, 'x'), 100, 500).ends();
  EXPECT_EQ(refusal.end.error.code, Code::too_large);
  Reply whole;
  whole.gets("application/json", std::string(10'001, ' '), 100).ends();
  EXPECT_EQ(whole.end.error.code, Code::too_large);
}

TEST(UpstreamReading, AnAnswerOverTheFlightsLimitFails) {
  Reply reply;
  std::string event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" +
                      std::string(700'000, 'x') + "\"}}]}\n\n";
  reply.gets("text/event-stream", event + event).ends(base::fail(Code::cancelled, "stopped"));
  EXPECT_EQ(reply.end.error.code, Code::too_large);
}

TEST(UpstreamReading, OverloadIsRetriedUnlessItSaysWhen) {
  Reply reply;
  reply.gets("text/plain", "busy", SIZE_MAX, 503);
  EXPECT_TRUE(reply.reading.retryable({}));
  reply.reading.head(503, {{"retry-after", "3"}});
  EXPECT_FALSE(reply.reading.retryable({}));
  reply.reading.head(500, {});
  EXPECT_FALSE(reply.reading.retryable({}));
}

TEST(UpstreamReading, OnlyFailuresBeforeAReplyAreRetried) {
  Reply fresh;
  EXPECT_TRUE(fresh.reading.retryable(base::fail(Code::unavailable, "refused")));
  EXPECT_TRUE(fresh.reading.retryable(base::fail(Code::io, "closed")));
  EXPECT_FALSE(fresh.reading.retryable(base::fail(Code::deadline, "idle")));
  fresh.gets("text/event-stream", kStream.substr(0, 80));
  EXPECT_FALSE(fresh.reading.retryable(base::fail(Code::io, "cut")));
}

TEST(UpstreamReading, ATgiStreamEndsWithItsWholeText) {
  Reply reply(Origin::tgi);
  reply.gets("text/event-stream",
             "data:{\"index\":1,\"token\":{\"id\":1,\"text\":\"a\",\"logprob\":0,"
             "\"special\":false},\"generated_text\":null,\"details\":null}\n\n");
  EXPECT_FALSE(reply.reading.done());
  reply.gets("text/event-stream",
             "data:{\"index\":2,\"token\":{\"id\":2,\"text\":\"b\",\"logprob\":0,"
             "\"special\":false},\"generated_text\":\"ab\",\"details\":{\"finish_reason\":"
             "\"length\",\"generated_tokens\":2,\"seed\":null}}\n\n");
  EXPECT_TRUE(reply.reading.done());
  EXPECT_EQ(reply.ends().end.kind, End::Kind::answered);
}

TEST(UpstreamReading, EmbeddingsAreOneEventForEachInput) {
  Reply reply(Origin::openai_embedding, {json::Value("x"), json::Value("y")});
  reply
      .gets("application/json",
            R"({"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}],"model":"e"})")
      .ends();
  EXPECT_EQ(reply.end.kind, End::Kind::answered);
  EXPECT_EQ(reply.flight.read(0).events.size(), 2U);
}

}  // namespace
}  // namespace refrain::upstream
