// Bodies that go to a sink as they arrive, and replies of a known length.
#include <gtest/gtest.h>

#include "net/session.h"
#include "tests/support/net_probe.h"

namespace refrain::net {
namespace {

// Keeps what came, and says what the test told it to.
class KeepingSink final : public Sink {
 public:
  Take put(std::string bytes) override {
    std::lock_guard guard(lock_);
    largest_ = std::max(largest_, bytes.size());
    kept_ += bytes;
    puts_.set();
    if (kept_.size() >= stop_at_) return Take::stop;
    return kept_.size() >= wait_at_ ? Take::wait : Take::more;
  }
  std::string kept() {
    std::lock_guard guard(lock_);
    return kept_;
  }
  void go_on() {
    std::lock_guard guard(lock_);
    wait_at_ = SIZE_MAX;
  }
  std::size_t largest_ = 0, stop_at_ = SIZE_MAX, wait_at_ = SIZE_MAX;
  Signal puts_;

 private:
  std::mutex lock_;
  std::string kept_;
};

class Receiver final : public Handler {
 public:
  Reception receive(const Request& head, std::function<void()> wake) override {
    if (head.path != "/sink") return {};
    wake_ = std::move(wake);
    seen_ = head.header("content-type") ? *head.header("content-type") : "";
    return {sink_, body_max_};
  }
  void handle(std::shared_ptr<Exchange> exchange) override {
    const Request& request = exchange->request();
    std::string body = request.sink ? sink_->kept() : request.body;
    exchange->reply(text((request.whole ? "whole " : "cut ") + std::to_string(body.size())));
    handled_.set();
  }
  std::shared_ptr<KeepingSink> sink_ = std::make_shared<KeepingSink>();
  std::uint64_t body_max_ = 1 << 30;
  std::function<void()> wake_;
  std::string seen_;
  Signal handled_;
};

struct BodyProbe {
  explicit BodyProbe(Options options = small_options()) {
    options.body_max = 1000;
    server = std::move(*Server::open(std::move(options), receiver));
  }
  RawClient client() { return RawClient(server->ports()[0]); }
  Receiver receiver;
  std::unique_ptr<Server> server;
};

TEST(SessionBody, ABodyFarOverTheLimitOfOthersGoesToItsSinkInPieces) {
  BodyProbe probe;
  RawClient client = probe.client();
  std::string body(5'000'000, 'x');
  body[4'999'999] = 'y';
  client.post("/sink", body);
  EXPECT_EQ(client.read_reply().body, "whole 5000000");
  EXPECT_EQ(probe.receiver.sink_->kept(), body);
  EXPECT_LE(probe.receiver.sink_->largest_, 128U << 10U);
  client.post("/other", "abc");  // and the connection goes on
  EXPECT_EQ(client.read_reply().body, "whole 3");
  client.post("/other", std::string(1001, 'x'));
  EXPECT_EQ(client.read_reply().status, 413);
}

TEST(SessionBody, AChunkedBodyGoesThereToo) {
  BodyProbe probe;
  RawClient client = probe.client();
  client.send("POST /sink HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  client.send("4\r\ndefg\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_reply().body, "whole 7");
  EXPECT_EQ(probe.receiver.sink_->kept(), "abcdefg");
}

TEST(SessionBody, ALengthOverTheSinksOwnLimitIsRefusedBeforeAByte) {
  BodyProbe probe;
  probe.receiver.body_max_ = 10;
  RawClient client = probe.client();
  client.send("POST /sink HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 413);
  EXPECT_EQ(probe.receiver.handled_.count(), 0);
}

TEST(SessionBody, ChunksOverTheLimitAreRefusedInTheMiddle) {
  BodyProbe probe;
  probe.receiver.body_max_ = 10;
  RawClient client = probe.client();
  client.send("POST /sink HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("8\r\n12345678\r\n8\r\n");
  EXPECT_EQ(client.read_reply().status, 413);
}

TEST(SessionBody, WhileASinkWaitsNothingIsReadFromThePeer) {
  BodyProbe probe;
  probe.receiver.sink_->wait_at_ = 1;
  RawClient client = probe.client();
  std::string body(32 << 20, 'x');
  std::jthread sender([&] { client.post("/sink", body); });
  ASSERT_TRUE(probe.receiver.sink_->puts_.wait());
  for (int i = 0; i < 20; ++i) {  // the server answers others meanwhile
    RawClient other = probe.client();
    other.post("/other", "x");
    ASSERT_EQ(other.read_reply().body, "whole 1");
  }
  EXPECT_EQ(probe.receiver.sink_->puts_.count(), 1);
  EXPECT_LT(probe.server->stats().bytes_in, 1U << 20U);
  probe.receiver.sink_->go_on();
  probe.receiver.wake_();
  EXPECT_EQ(client.read_reply().body, "whole 33554432");
}

TEST(SessionBody, ASinkThatStopsGetsItsAnswerOutAndTheConnectionEnds) {
  BodyProbe probe;
  probe.receiver.sink_->stop_at_ = 1000;
  RawClient client = probe.client();
  std::string body(200'000, 'x');
  client.post("/sink", body);
  RawReply reply = client.read_reply();
  EXPECT_EQ(reply.body.substr(0, 4), "cut ");
  EXPECT_EQ(reply.header("connection"), "close");
}

TEST(SessionBody, AClientThatLeavesTakesItsSinkAlong) {
  BodyProbe probe;
  std::weak_ptr<KeepingSink> sink = probe.receiver.sink_;
  {
    RawClient client = probe.client();
    client.send("POST /sink HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc");
    ASSERT_TRUE(probe.receiver.sink_->puts_.wait());
    probe.receiver.sink_.reset();
  }
  probe.server->stop(std::chrono::milliseconds(0));
  EXPECT_TRUE(sink.expired());
  EXPECT_EQ(probe.receiver.handled_.count(), 0);
  probe.receiver.wake_();  // too late, and harmless
}

TEST(SessionBody, ContinueIsSaidBeforeABodyThatASinkWants) {
  BodyProbe probe;
  RawClient client = probe.client();
  client.send("POST /sink HTTP/1.1\r\nHost: h\r\nContent-Type: a/b\r\nContent-Length: 3\r\n"
              "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 100);
  EXPECT_EQ(probe.receiver.seen_, "a/b");
  client.send("abc");
  EXPECT_EQ(client.read_reply().body, "whole 3");
}

// ---- replies of a known length

class CountedSource final : public Source {
 public:
  CountedSource(std::uint64_t told, std::size_t given) : told_(told), left_(given) {}
  Piece next() override {
    const std::size_t count = std::min<std::size_t>(left_, 1000);
    left_ -= count;
    return {std::string(count, 'z'), left_ > 0 ? More::yes : More::end};
  }
  std::optional<std::uint64_t> length() const override { return told_; }

 private:
  std::uint64_t told_;
  std::size_t left_;
};

Answerer::Work counted(std::uint64_t told, std::size_t given) {
  return [=](const std::shared_ptr<Exchange>& exchange) {
    exchange->stream(200, {}, std::make_unique<CountedSource>(told, given));
  };
}

TEST(SessionBody, AStreamOfKnownLengthHasAContentLength) {
  Probe probe(counted(300'000, 300'000));
  RawClient client = probe.client();
  for (int i = 0; i < 2; ++i) {
    client.get("/");
    RawReply reply = client.read_reply();
    EXPECT_EQ(reply.header("content-length"), "300000");
    EXPECT_EQ(reply.header("transfer-encoding"), "");
    EXPECT_EQ(reply.body.size(), 300'000U);
  }
}

TEST(SessionBody, AStreamThatEndsTooEarlyIsACutNotAnEnd) {
  Probe probe(counted(5000, 3000));
  RawClient client = probe.client();
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
  std::string all = client.read_all();  // and no second reply, which would look like the rest
  EXPECT_EQ(all.size() - all.find("\r\n\r\n") - 4, 3000U);
}

TEST(SessionBody, AStreamThatGivesMoreThanItToldIsCutThere) {
  Probe probe(counted(2500, 9000));
  RawClient client = probe.client();
  client.get("/");
  EXPECT_EQ(client.read_reply().body.size(), 2500U);
  client.get("/");
  EXPECT_EQ(client.read_reply().body.size(), 2500U);
}

TEST(SessionBody, AHeadOfAStreamTellsItsLength) {
  Probe probe(counted(2500, 2500));
  RawClient client = probe.client();
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  std::string all = client.read_all();
  EXPECT_NE(all.find("content-length: 2500"), std::string::npos);
  EXPECT_TRUE(all.ends_with("\r\n\r\n"));
}

}  // namespace
}  // namespace refrain::net
