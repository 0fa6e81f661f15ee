#include "net/web_session.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/net_probe.h"
#include "tests/support/web_client.h"

namespace refrain::net {
namespace {

/// Letters in the order in which they came, for the test to answer.
class Pile {
 public:
  void put(std::shared_ptr<Letter> letter) {
    std::lock_guard guard(lock_);
    letters_.push_back(std::move(letter));
    came_.set();
  }
  /// Handed over; null after ten seconds.
  std::shared_ptr<Letter> take(std::size_t index) {
    if (!came_.wait(static_cast<int>(index) + 1)) return nullptr;
    std::lock_guard guard(lock_);
    return std::move(letters_[index]);
  }
  int count() { return came_.count(); }

 private:
  std::mutex lock_;
  std::vector<std::shared_ptr<Letter>> letters_;
  Signal came_;
};

/// Gives every WebSocket on "/" to one function.
class Postman final : public Handler {
 public:
  using Work = std::function<void(std::shared_ptr<Letter>)>;
  explicit Postman(Work work) : work_(std::move(work)) {}
  void handle(std::shared_ptr<Exchange> exchange) override { exchange->reply(text("plain", 426)); }
  std::unique_ptr<Correspondent> correspond(const Request& head) override {
    if (head.path != "/") return nullptr;
    class Desk final : public Correspondent {
     public:
      explicit Desk(Postman& postman) : postman_(postman) {}
      ~Desk() override { postman_.ended.set(); }
      void receive(std::shared_ptr<Letter> letter) override { postman_.work_(std::move(letter)); }

     private:
      Postman& postman_;
    };
    return std::make_unique<Desk>(*this);
  }
  Signal ended;

 private:
  Work work_;
};

struct WebSessionTest : testing::Test {
  WebSessionTest() {
    options.threads = 1;
    options.web.message_max = 1 << 20;
  }
  ~WebSessionTest() override { server.reset(); }
  std::uint16_t open(Postman::Work work) {
    postman = std::make_unique<Postman>(std::move(work));
    server = std::move(*Server::open(options, *postman));
    return server->ports()[0];
  }
  static Postman::Work echo() {
    return [](const std::shared_ptr<Letter>& letter) { letter->reply("<" + letter->text() + ">"); };
  }
  Postman::Work piling() {
    return [this](std::shared_ptr<Letter> letter) { pile.put(std::move(letter)); };
  }

  Options options = small_options();
  Pile pile;
  std::unique_ptr<Postman> postman;
  std::unique_ptr<Server> server;
};

TEST_F(WebSessionTest, AnUpgradeIsAnsweredAsTheStandardSays) {
  WebClient client(open(echo()));
  const RawReply reply = client.open();
  EXPECT_EQ(reply.status, 101);
  EXPECT_EQ(reply.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  client.send("a");
  EXPECT_EQ(client.receive(), "<a>");
  EXPECT_EQ(server->stats().web_open, 1U);
}

TEST_F(WebSessionTest, WhereNobodyCorrespondsTheRequestIsAPlainOne) {
  WebClient client(open(echo()));
  EXPECT_EQ(client.open("/other").status, 426);
  EXPECT_EQ(client.raw.read_exactly(5), "plain");
}

TEST_F(WebSessionTest, RepliesComeAsTheyAreGivenWhateverTheOrderOfTheLetters) {
  WebClient client(open(piling()));
  client.open();
  client.send("slow");
  client.send("fast");
  pile.take(1)->reply("fast");
  EXPECT_EQ(client.receive(), "fast");
  pile.take(0)->reply("slow");
  EXPECT_EQ(client.receive(), "slow");
}

TEST_F(WebSessionTest, OnlyTheFirstReplyOfALetterCounts) {
  WebClient client(open([](const std::shared_ptr<Letter>& letter) {
    letter->reply("one");
    letter->reply("two");
  }));
  client.open();
  client.send("a");
  client.send("b");
  EXPECT_EQ(client.receive() + client.receive(), "oneone");
}

TEST_F(WebSessionTest, FragmentsAreOneLetter) {
  WebClient client(open(echo()));
  client.open();
  client.send("a", WebClient::text, false);
  client.send("", WebClient::ping);
  client.send("b", WebClient::more);
  EXPECT_EQ(client.read().opcode, WebClient::pong);
  EXPECT_EQ(client.receive(), "<ab>");
}

TEST_F(WebSessionTest, ALargeLetterAndReplyGoThrough) {
  WebClient client(open(echo()));
  client.open();
  const std::string large(300'000, 'x');
  client.send(large);
  EXPECT_EQ(client.receive(), "<" + large + ">");
}

TEST_F(WebSessionTest, WhatBreaksTheProtocolIsClosedWithItsCode) {
  const std::uint16_t port = open(echo());
  auto code_after = [&](auto&& send) {
    WebClient client(port);
    client.open();
    send(client);
    return client.read().code();
  };
  EXPECT_EQ(code_after([](WebClient& c) { c.send("\xff"); }), 1007);
  EXPECT_EQ(code_after([](WebClient& c) { c.send("a", WebClient::binary); }), 1003);
  EXPECT_EQ(code_after([](WebClient& c) { c.send("a", WebClient::more); }), 1002);
  EXPECT_EQ(
      code_after([](WebClient& c) { c.send("a", WebClient::text, true, WebClient::Mask::off); }),
      1002);
  EXPECT_EQ(code_after([](WebClient& c) { c.send(std::string((1 << 20) + 1, 'x')); }), 1009);
  EXPECT_EQ(code_after([](WebClient& c) { c.send("\x03\xe8", WebClient::close); }), 1000);
}

TEST_F(WebSessionTest, LettersOverTheLimitWaitUntilOneIsAnswered) {
  options.web.letters_max = 2;
  WebClient client(open(piling()));
  client.open();
  for (const char* letter : {"a", "b", "c"}) client.send(letter);
  const std::shared_ptr<Letter> first = pile.take(0);
  ASSERT_TRUE(pile.take(1));
  EXPECT_LE(pile.count(), 3);
  first->reply("A");
  EXPECT_EQ(client.receive(), "A");
  EXPECT_EQ(pile.take(2)->text(), "c");
}

TEST_F(WebSessionTest, ALetterWithoutAReplyGivesItsPlaceBack) {
  options.web.letters_max = 1;
  WebClient client(open([](const std::shared_ptr<Letter>& letter) {
    if (letter->text() == "c") letter->reply("C");
  }));
  client.open();
  for (const char* letter : {"a", "b", "c"}) client.send(letter);
  EXPECT_EQ(client.receive(), "C");
}

TEST_F(WebSessionTest, APeerThatDoesNotReadIsNotReadFrom) {
  options.web.replies_bytes_max = 1 << 20;
  std::atomic<int> received{0};
  Signal many;
  WebClient client(open([&](const std::shared_ptr<Letter>& letter) {
                     ++received;
                     letter->reply(std::string(512 << 10, 'x'));
                     many.set();
                   }),
                   4096);
  client.open();
  for (int i = 0; i < 60; ++i) client.send("more");
  ASSERT_TRUE(many.wait(3));
  for (int i = 0; i < 60; ++i) ASSERT_EQ(client.receive().size(), 512U << 10);
  EXPECT_EQ(received, 60);
  EXPECT_EQ(server->stats().web_messages_out, 60U);
}

TEST_F(WebSessionTest, APeerThatNeverReadsIsClosedInTheEnd) {
  options.web.write_timeout = std::chrono::milliseconds(50);
  options.write_timeout = std::chrono::milliseconds(50);  // how often it is looked
  WebClient client(open([](const std::shared_ptr<Letter>& letter) {
                     letter->reply(std::string(64 << 20, 'x'));
                   }),
                   4096);
  client.open();
  client.send("a");
  EXPECT_TRUE(postman->ended.wait());
  EXPECT_EQ(server->stats().timeouts_write, 1U);
}

TEST_F(WebSessionTest, APeerThatIsSilentIsPingedAndThenClosed) {
  options.web.idle_timeout = std::chrono::milliseconds(200);
  WebClient client(open(echo()));
  client.open();
  EXPECT_EQ(client.read().opcode, WebClient::ping);
  EXPECT_TRUE(postman->ended.wait());
}

TEST_F(WebSessionTest, AReplyAfterTheClientLeftIsDropped) {
  std::shared_ptr<Letter> letter;
  {
    WebClient client(open(piling()));
    client.open();
    client.send("a");
    letter = pile.take(0);
  }
  ASSERT_TRUE(postman->ended.wait());
  letter->reply("late");
  server.reset();
  letter.reset();
}

TEST_F(WebSessionTest, TheEndOfTheServerWaitsForRepliesAndSaysWhy) {
  WebClient client(open(piling()));
  WebClient idle(server->ports()[0]);
  client.open();
  idle.open();
  client.send("a");
  const std::shared_ptr<Letter> letter = pile.take(0);
  std::jthread stopping([this] { server->stop(std::chrono::seconds(10)); });
  EXPECT_EQ(idle.read().code(), 1001);
  letter->reply("A");
  EXPECT_EQ(client.receive(), "A");
  EXPECT_EQ(client.read().code(), 1001);
  for (WebClient* each : {&client, &idle}) {
    each->send("\x03\xe9", WebClient::close);
    each->raw.close();  // the server waits for it, so that its own frame is not lost
  }
}

}  // namespace
}  // namespace refrain::net
