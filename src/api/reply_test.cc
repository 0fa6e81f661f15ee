#include "api/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_exchange.h"
#include "tests/support/manual_clock.h"
#include "tests/support/scripted_producer.h"

namespace refrain::api {
namespace {

using namespace std::chrono_literals;
using serve::Outcome;
using testing::HasSubstr;

std::string value(const net::Headers& headers, std::string_view name) {
  const std::string* found = net::find(headers, name);
  return found ? *found : "";
}

net::Headers headers_of(Outcome outcome, const chat::Head& head = {}) {
  serve::Ticket ticket;
  ticket.outcome = outcome;
  return cache_headers(ticket, head, "req-1", base::WallTime(10s));
}

TEST(CacheHeaders, SpeakRfc9211) {
  EXPECT_EQ(value(headers_of(Outcome::miss), "cache-status"), "refrain; fwd=miss");
  EXPECT_EQ(value(headers_of(Outcome::bypass), "cache-status"), "refrain; fwd=bypass");
  EXPECT_EQ(value(headers_of(Outcome::refresh), "cache-status"), "refrain; fwd=request");
  EXPECT_EQ(value(headers_of(Outcome::coalesced), "cache-status"), "refrain; fwd=miss; collapsed");
  EXPECT_EQ(value(headers_of(Outcome::hit, {.tier = "semantic"}), "cache-status"),
            "refrain; hit; detail=semantic");
}

TEST(CacheHeaders, AHitTellsItsTierItsLikenessItsEntryAndItsAge) {
  chat::Head head;
  head.tier = "semantic";
  head.similarity = 0.95F;
  head.answer_id = 255;
  head.stored = base::WallTime(7s);
  net::Headers headers = headers_of(Outcome::hit, head);
  EXPECT_EQ(value(headers, "x-refrain-cache"), "hit");
  EXPECT_EQ(value(headers, "x-refrain-tier"), "semantic");
  EXPECT_EQ(value(headers, "x-refrain-similarity"), "0.95");
  EXPECT_EQ(value(headers, "x-refrain-answer-id"), "00000000000000ff");
  EXPECT_EQ(value(headers, "x-refrain-request-id"), "req-1");
  EXPECT_EQ(value(headers, "age"), "3");
}

TEST(CacheHeaders, AMissHasNoAgeAndAClockThatWentBackGivesNone) {
  EXPECT_EQ(value(headers_of(Outcome::miss), "age"), "");
  chat::Head future{.tier = "exact"};
  future.stored = base::WallTime(11s);
  EXPECT_EQ(value(headers_of(Outcome::hit, future), "age"), "0");
}

// Says little, so that what the reply does shows.
class PlainVoice final : public Voice {
 public:
  std::string whole(const chat::Answer& answer, const chat::Head&, Outcome outcome) override {
    return std::string(serve::name(outcome)) + ":" + chat::text(answer);
  }
  void begin(const chat::Head&) override {}
  void event(const chat::Event& event, std::string& out) override {
    out += "<" + *event.choices[0].content + ">";
  }
  void end(std::string& out) override { out += "."; }
  void broken(const base::Error& error, std::string_view upstream, std::string& out) override {
    out += "!" + (upstream.empty() ? error.what : std::string(upstream));
  }
  std::string error(const base::Error& error, int status) override {
    return std::to_string(status) + " " + error.what;
  }
};

struct ReplyTest : testing::Test {
  ReplyTest() { flight->join(); }
  void start(bool stream) {
    ReplyPlan plan;
    plan.request_id = "req-1";
    plan.stream = stream;
    plan.voice = std::make_unique<PlainVoice>();
    plan.done = [this](const chat::Head&, Outcome outcome, const chat::Answer* answer) {
      ++reports;
      reported = outcome;
      reported_text = answer ? chat::text(*answer) : "none";
    };
    serve::Ticket ticket;
    ticket.flight = flight;
    answer(exchange, std::move(ticket), std::move(plan), clock);
  }
  void fail(base::Code code, const std::string& what) {
    flight->finish({chat::End::Kind::failed, {}, {code, what}});
  }

  test::ManualClock clock;
  std::shared_ptr<chat::Flight> flight = std::make_shared<chat::Flight>(100000);
  std::shared_ptr<net::FakeExchange> exchange = net::FakeExchange::make("POST", "/");
  int reports = 0;
  Outcome reported = Outcome::bypass;
  std::string reported_text;
};

TEST_F(ReplyTest, AWholeReplyWaitsForTheEnd) {
  start(false);
  flight->begin({.upstream_headers = {{"x-ratelimit", "9"}, {"content-type", "text/odd"}}});
  flight->append(test::text_event("a"));
  EXPECT_FALSE(exchange->answered());
  flight->append(test::text_event("b"));
  flight->finish({});
  EXPECT_EQ(exchange->body(), "miss:ab");
  EXPECT_EQ(exchange->header("x-ratelimit"), "9");
  EXPECT_EQ(exchange->header("content-type"), "application/json");
}

TEST_F(ReplyTest, AStreamPassesEventsOnAsTheyCome) {
  start(true);
  EXPECT_FALSE(exchange->answered());
  flight->begin({});
  EXPECT_TRUE(exchange->streamed());
  flight->append(test::text_event("a"));
  EXPECT_EQ(exchange->body(), "<a>");
  flight->append(test::text_event("b"));
  flight->finish({});
  EXPECT_EQ(exchange->body(), "<a><b>.");
  EXPECT_TRUE(exchange->finished());
}

TEST_F(ReplyTest, AReaderThatReadsNothingGetsAllInOnePieceLater) {
  start(true);
  flight->begin({});
  exchange->pause();
  for (const char* text : {"a", "b", "c"}) flight->append(test::text_event(text));
  exchange->resume();
  EXPECT_EQ(exchange->pieces(), std::vector<std::string>{"<a><b><c>"});
}

TEST_F(ReplyTest, AHitByMeaningIsAHitOfTheFlight) {
  start(false);
  flight->begin({.tier = "semantic"});
  flight->append(test::text_event("a"));
  flight->finish({});
  EXPECT_EQ(exchange->body(), "hit:a");
  EXPECT_EQ(exchange->header("x-refrain-cache"), "hit");
}

TEST_F(ReplyTest, AStreamThatBreaksEndsCleanlyAfterItsError) {
  start(true);
  flight->begin({});
  flight->append(test::text_event("a"));
  fail(base::Code::io, "cut");
  EXPECT_EQ(exchange->body(), "<a>!cut");
  EXPECT_TRUE(exchange->finished());
}

TEST_F(ReplyTest, AStreamThatFailsBeforeItsFirstEventIsAWholeError) {
  start(true);
  fail(base::Code::deadline, "too slow");
  EXPECT_EQ(exchange->status(), 504);
  EXPECT_EQ(exchange->body(), "504 too slow");
  EXPECT_FALSE(exchange->streamed());
}

TEST_F(ReplyTest, AStreamWhoseHeadCameWithItsRefusalIsAWholeErrorToo) {
  flight->begin({});
  flight->finish({chat::End::Kind::refused, {500, {}, "model is broken"}, {}});
  start(true);
  EXPECT_EQ(exchange->status(), 500);
  EXPECT_EQ(exchange->body(), "model is broken");
}

TEST_F(ReplyTest, ABusyServerSaysWhenToComeAgain) {
  start(false);
  fail(base::Code::busy, "full");
  EXPECT_EQ(exchange->status(), 503);
  EXPECT_EQ(exchange->header("retry-after"), "1");
}

TEST_F(ReplyTest, WhatWasNotCachedIs504) {
  start(false);
  fail(base::Code::not_found, "only-if-cached");
  EXPECT_EQ(exchange->status(), 504);
}

TEST_F(ReplyTest, AClientThatLeavesLeavesTheFlightOnce) {
  flight->join();
  start(true);
  flight->begin({});
  exchange->leave();
  EXPECT_FALSE(flight->stop_token().stop_requested()) << "another reader is there";
  flight->leave();
  EXPECT_TRUE(flight->stop_token().stop_requested());
}

TEST_F(ReplyTest, TheEndIsReportedOnceWithTheAnswer) {
  start(true);
  flight->begin({});
  flight->append(test::text_event("a"));
  EXPECT_EQ(reports, 0);
  flight->finish({});
  EXPECT_EQ(reports, 1);
  EXPECT_EQ(reported, Outcome::miss);
  EXPECT_EQ(reported_text, "a");
}

TEST_F(ReplyTest, AFailureIsReportedWithoutAnAnswer) {
  start(false);
  fail(base::Code::io, "cut");
  EXPECT_EQ(reports, 1);
  EXPECT_EQ(reported_text, "none");
}

TEST_F(ReplyTest, AnAnswerFromMemoryIsStreamedInOnePiece) {
  auto stored = std::make_shared<chat::Answer>();
  stored->events = {test::text_event("a"), test::text_event("b")};
  serve::Ticket ticket;
  ticket.outcome = Outcome::hit;
  ticket.answer = stored;
  ticket.head.tier = "exact";
  ReplyPlan plan;
  plan.stream = true;
  plan.voice = std::make_unique<PlainVoice>();
  answer(exchange, std::move(ticket), std::move(plan), clock);
  EXPECT_EQ(exchange->pieces(), std::vector<std::string>{"<a><b>."});
  EXPECT_EQ(exchange->header("content-type"), "text/event-stream");
}

}  // namespace
}  // namespace refrain::api
