#include "net/line.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/net_probe.h"

namespace refrain::net {
namespace {

// Sends back every line it gets; "later" only after a wake from another thread, "end" ends.
class Echo final : public Talk {
 public:
  explicit Echo(std::shared_ptr<Waker> waker, std::size_t out_max)
      : waker_(std::move(waker)), out_max_(out_max) {}

  std::span<char> room() override {
    if (out_.size() >= out_max_ || over_) return {};
    return in_;
  }
  void received(std::size_t count) override {
    part_.append(in_.data(), count);
    for (std::size_t end = 0; (end = part_.find('\n')) != std::string::npos;) {
      const std::string line = part_.substr(0, end + 1);
      part_.erase(0, end + 1);
      if (line == "later\n") {
        waiting_ = true;
        waker_thread_ = std::jthread([this] {
          ready_ = true;
          waker_->wake();
        });
      } else if (line == "end\n") {
        over_ = true;
      } else {
        out_ += line;
      }
    }
  }
  std::size_t gather(std::span<std::string_view> out) override {
    if (waiting_ && ready_) {
      waiting_ = false;
      out_ += "woken\n";
    }
    if (out_.empty()) return 0;
    // In two parts: they must arrive in order.
    out[0] = std::string_view(out_).substr(0, out_.size() / 2);
    out[1] = std::string_view(out_).substr(out_.size() / 2);
    return 2;
  }
  void written(std::size_t count) override { out_.erase(0, count); }
  Mood mood() const override {
    if (!out_.empty() || waiting_) return Mood::working;
    return part_.empty() ? Mood::idle : Mood::reading;
  }
  bool over() const override { return over_; }

 private:
  std::shared_ptr<Waker> waker_;
  std::size_t out_max_;
  std::array<char, 4096> in_;
  std::string part_, out_;
  bool waiting_ = false, over_ = false;
  std::atomic<bool> ready_{false};
  std::jthread waker_thread_;
};

class Echoes final : public Talks {
 public:
  std::unique_ptr<Talk> open(const Peer& peer, std::shared_ptr<Waker> waker) override {
    loopback = peer.loopback;
    return std::make_unique<Echo>(std::move(waker), out_max);
  }
  std::size_t out_max = 1 << 20;
  std::atomic<bool> loopback{false};
};

class LineTest : public testing::Test {
 protected:
  void open(LineLimits limits = {}) {
    Options options = small_options();
    Listener listener;
    listener.talks = &echoes_;
    listener.limits = limits;
    options.listeners.push_back(listener);
    probe_ = std::make_unique<Probe>(echo, std::move(options));
  }
  RawClient client() const { return RawClient(probe_->server->ports()[1]); }
  Echoes echoes_;
  std::unique_ptr<Probe> probe_;
};

TEST_F(LineTest, BytesGoThereAndBackBesideHttp) {
  open();
  RawClient line = client();
  line.send("one\ntwo\n");
  EXPECT_EQ(line.read_at_least(8), "one\ntwo\n");
  EXPECT_TRUE(echoes_.loopback);
  RawClient http = probe_->client();
  http.get("/x");
  EXPECT_EQ(http.read_reply().body, "GET /x ");
  EXPECT_EQ(probe_->server->stats().lines_open, 1U);
}

TEST_F(LineTest, MegabytesGoThereAndBack) {
  open();
  RawClient line = client();
  std::string sent;
  while (sent.size() < (16U << 20U)) sent += "line " + std::to_string(sent.size()) + "\n";
  std::jthread sender([&] { line.send(sent); });
  EXPECT_EQ(line.read_at_least(sent.size()), sent);
}

TEST_F(LineTest, WakeFromAnotherThreadBringsOutput) {
  open();
  RawClient line = client();
  line.send("later\n");
  EXPECT_EQ(line.read_at_least(6), "woken\n");
}

TEST_F(LineTest, PeerThatDoesNotReadIsNotReadAndThenClosed) {
  echoes_.out_max = 64 << 10;
  open({.write_timeout = std::chrono::milliseconds(300)});
  RawClient line = client();
  const std::string block(64 << 10, 'x');
  std::size_t sent = 0;
  while (line.send(block + "\n") && sent < (256U << 20U)) sent += block.size();
  EXPECT_LT(sent, 128U << 20U) << "it took everything";
  EXPECT_EQ(probe_->server->stats().line_timeouts, 1U);
}

TEST_F(LineTest, IdleAndHalfSentMessagesEndByTheirOwnTimes) {
  open({.message_timeout = std::chrono::milliseconds(50)});
  RawClient idle = client();
  RawClient half = client();
  half.send("half");
  EXPECT_TRUE(half.ended());
  idle.send("still here\n");
  EXPECT_EQ(idle.read_at_least(11), "still here\n");
}

TEST_F(LineTest, IdleTimeoutClosesWhenItIsSet) {
  open({.idle_timeout = std::chrono::milliseconds(50)});
  RawClient line = client();
  EXPECT_TRUE(line.ended());
}

TEST_F(LineTest, OverIsClosedOnceEverythingWasWritten) {
  open();
  RawClient line = client();
  line.send("last\nend\nignored");
  EXPECT_EQ(line.read_at_least(5), "last\n");
  EXPECT_TRUE(line.ended());
}

TEST_F(LineTest, PeerThatHasFinishedSendingGetsItsAnswers) {
  open();
  RawClient line = client();
  line.send("one\nlater\n");
  line.finish_sending();
  EXPECT_EQ(line.read_all(), "one\nwoken\n");
}

TEST_F(LineTest, MoreConnectionsThanAllowedAreClosed) {
  open({.connections_max = 2});
  RawClient one = client();
  RawClient two = client();
  one.send("a\n");
  two.send("b\n");
  EXPECT_EQ(one.read_at_least(2) + two.read_at_least(2), "a\nb\n");
  RawClient three = client();
  EXPECT_TRUE(three.ended());
  EXPECT_EQ(probe_->server->stats().connections_refused, 1U);
}

TEST_F(LineTest, StopClosesIdleLinesAndWaitsForTheOthers) {
  open();
  RawClient line = client();
  line.send("one\n");
  EXPECT_EQ(line.read_at_least(4), "one\n");
  std::jthread stopper([&] { probe_->server->stop(std::chrono::seconds(10)); });
  EXPECT_TRUE(line.ended());
  line.close();
}

}  // namespace
}  // namespace refrain::net
