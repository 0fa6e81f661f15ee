#include "net/exchange.h"

#include <gtest/gtest.h>

#include <thread>

#include "net/reply_head.h"
#include "tests/support/fake_exchange.h"
#include "tests/support/net_probe.h"

namespace refrain::net {
namespace {

struct CountingParty : Party {
  void arrived() override { ++news; }
  int news = 0;
};

struct Desk {
  Desk() { core = std::make_shared<Core>(Request(), box, &party); }
  ~Desk() { box->close(); }
  std::shared_ptr<Ticket> ticket() { return std::make_shared<Ticket>(core, errors); }
  void deliver() {
    for (const auto& mailed : box->take()) mailed->deliver();
  }

  int rings = 0;
  CountingParty party;
  std::shared_ptr<Mailbox> box = std::make_shared<Mailbox>([this] { ++rings; });
  std::shared_ptr<const ErrorBody> errors = std::make_shared<ErrorBody>(plain_error);
  std::shared_ptr<Core> core;
};

TEST(Exchange, AnswerInsideHandleNeedsNoRing) {
  Desk desk;
  desk.ticket()->reply({200, {}, "a"});
  const auto answer = desk.core->end_handling();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->response.body, "a");
  EXPECT_EQ(desk.rings, 0);
}

TEST(Exchange, LaterAnswerRingsAndArrives) {
  Desk desk;
  const auto ticket = desk.ticket();
  EXPECT_FALSE(desk.core->end_handling());
  ticket->reply({200, {}, "a"});
  EXPECT_EQ(desk.rings, 1);
  desk.deliver();
  EXPECT_EQ(desk.party.news, 1);
  EXPECT_EQ(desk.core->take_answer()->response.body, "a");
}

TEST(Exchange, FirstAnswerCounts) {
  Desk desk;
  const auto ticket = desk.ticket();
  ticket->reply({200, {}, "first"});
  ticket->reply({201, {}, "second"});
  ticket->stream(202, {}, nullptr);
  EXPECT_EQ(desk.core->end_handling()->response.body, "first");
}

TEST(Exchange, DroppedTicketAnswers500) {
  Desk desk;
  desk.ticket().reset();
  EXPECT_EQ(desk.core->end_handling()->response.status, 500);
}

TEST(Exchange, ManyWakesRingOnceUntilDelivered) {
  Desk desk;
  const auto ticket = desk.ticket();
  for (int i = 0; i < 5; ++i) ticket->wake();
  EXPECT_EQ(desk.rings, 1);
  desk.deliver();
  EXPECT_EQ(desk.party.news, 1);
  EXPECT_TRUE(desk.core->take_wake());
  EXPECT_FALSE(desk.core->take_wake());
  ticket->wake();
  EXPECT_EQ(desk.rings, 2);
}

TEST(Exchange, CloseRunsEveryWorkOnceAndLaterOnesAtOnce) {
  Desk desk;
  const auto ticket = desk.ticket();
  int ran = 0;
  ticket->on_close([&] { ++ran; });
  ticket->on_close([&] { ++ran; });
  desk.core->close();
  EXPECT_EQ(ran, 2);
  ticket->on_close([&] { ++ran; });
  EXPECT_EQ(ran, 3);
}

TEST(Exchange, AfterCloseNothingIsMailed) {
  Desk desk;
  const auto ticket = desk.ticket();
  desk.core->end_handling();
  desk.core->close();
  ticket->wake();
  ticket->reply({200, {}, ""});
  EXPECT_EQ(desk.rings, 0);
}

TEST(Exchange, MailThatCrossesACloseIsHarmless) {
  Desk desk;
  const auto ticket = desk.ticket();
  ticket->wake();
  desk.core->close();
  desk.deliver();
  EXPECT_EQ(desk.party.news, 0);
}

TEST(Exchange, ClosedMailboxDropsWhatItHasAndGets) {
  Desk desk;
  const auto ticket = desk.ticket();
  ticket->wake();
  desk.box->close();
  EXPECT_TRUE(desk.box->take().empty());
  const auto other = std::make_shared<Core>(Request(), desk.box, nullptr);
  other->wake();
  EXPECT_EQ(desk.rings, 1);
}

TEST(Exchange, RepliesFromManyThreadsLeaveOneAnswer) {
  for (int round = 0; round < 50; ++round) {
    Desk desk;
    const auto ticket = desk.ticket();
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
          ticket->wake();
          ticket->reply({200 + i, {}, ""});
        });
      }
    }
    ASSERT_TRUE(desk.core->end_handling());
    ASSERT_FALSE(desk.core->take_answer());
  }
}

TEST(FakeExchange, PullsUntilTheSourceWaitsAndAgainWhenWoken) {
  const auto exchange = FakeExchange::make("GET", "/a?b");
  EXPECT_EQ(exchange->request().path, "/a");
  auto pipe = std::make_shared<PushSource::Pipe>();
  pipe->push("one", More::yes);
  pipe->push("two", More::wait);
  exchange->stream(200, {{"x-a", "b"}}, std::make_unique<PushSource>(pipe));
  EXPECT_EQ(exchange->body(), "onetwo");
  EXPECT_EQ(exchange->header("x-a"), "b");
  pipe->push("end", More::end);
  EXPECT_FALSE(exchange->finished());
  exchange->wake();
  EXPECT_TRUE(exchange->finished());
  EXPECT_EQ(exchange->pieces().size(), 3u);
  EXPECT_EQ(pipe->destroyed.count(), 1);
}

TEST(FakeExchange, LeavingRunsOnClose) {
  const auto exchange = FakeExchange::make("GET", "/");
  int ran = 0;
  exchange->on_close([&] { ++ran; });
  exchange->leave();
  exchange->reply(text("late"));
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(exchange->answered());
}

}  // namespace
}  // namespace refrain::net
