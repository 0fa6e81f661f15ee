#include "fetch/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include <array>
#include <atomic>
#include <future>
#include <latch>

#include "tests/support/recording_sink.h"
#include "tests/support/scripted_server.h"

namespace refrain::fetch {
namespace {

using base::Code;
using std::chrono::milliseconds;
using test::Connection, test::RecordingSink, test::ScriptedServer;
using testing::HasSubstr;

constexpr std::string_view kOpenStream =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    "4\r\nopen\r\n";

std::unique_ptr<Client> open(const Options& options = {}) {
  return std::move(*Client::open(options));
}

// A server whose replies begin and never end.
ScriptedServer::Script begin_and_stall() {
  return [](Connection& connection) {
    connection.read();
    connection.send(kOpenStream);
    connection.wait_closed();
  };
}

TEST(FetchLoop, AStreamWithoutABytePassesItsIdleTimeout) {
  ScriptedServer server(begin_and_stall());
  auto client = open();
  auto sink = std::make_shared<RecordingSink>();
  ASSERT_TRUE(client->start({.url = server.url(), .idle_timeout = milliseconds(40)}, sink));
  base::Error error = sink->error();
  EXPECT_EQ(error.code, Code::deadline);
  EXPECT_EQ(error.what, server.url() + ": no byte for 40 ms");
  EXPECT_EQ(sink->seen().body, "open");
}

TEST(FetchLoop, AReplyWithoutABodyPassesItsFirstByteTimeoutNotItsIdleOne) {
  ScriptedServer server([](Connection& connection) {
    connection.read();
    connection.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n");
    connection.wait_closed();
  });
  auto client = open();
  auto sink = std::make_shared<RecordingSink>();
  ASSERT_TRUE(client->start({.url = server.url(),
                             .first_byte_timeout = milliseconds(60),
                             .idle_timeout = milliseconds(20)},
                            sink));
  base::Error error = sink->error();
  EXPECT_EQ(error.code, Code::deadline);
  EXPECT_EQ(error.what, server.url() + ": no byte of a reply within 60 ms");
}

TEST(FetchLoop, TheFirstByteBringsTheIdleTimeoutNearer) {
  ScriptedServer server(begin_and_stall());
  auto client = open();
  auto sink = std::make_shared<RecordingSink>();
  ASSERT_TRUE(client->start({.url = server.url(),
                             .first_byte_timeout = milliseconds(0),
                             .idle_timeout = milliseconds(40),
                             .total_timeout = std::chrono::hours(1)},
                            sink));
  EXPECT_EQ(sink->error().what, server.url() + ": no byte for 40 ms");
}

TEST(FetchLoop, AByteMovesTheIdleTimeoutButNotTheTotalOne) {
  std::atomic<bool> gone{false};
  ScriptedServer server([&](Connection& connection) {
    connection.read();
    connection.send(kOpenStream);
    while (!gone && connection.send("1\r\nx\r\n")) {
    }
  });
  auto client = open();
  auto sink = std::make_shared<RecordingSink>([](std::string_view) { return true; });
  ASSERT_TRUE(client->start({.url = server.url(),
                             .idle_timeout = milliseconds(100),
                             .total_timeout = milliseconds(150),
                             .body_max = std::size_t{1} << 30},
                            sink));
  base::Error error = sink->error();
  gone = true;
  EXPECT_EQ(error.code, Code::deadline);
  EXPECT_THAT(error.what, HasSubstr("not done after 150 ms"));
}

TEST(FetchLoop, AStopTokenCancelsAnOpenStreamAndClosesItsConnection) {
  std::promise<void> closed;
  ScriptedServer server([&](Connection& connection) {
    connection.read();
    connection.send(kOpenStream);
    connection.wait_closed();
    closed.set_value();
  });
  auto client = open();
  auto sink = std::make_shared<RecordingSink>();
  std::stop_source stop;
  ASSERT_TRUE(client->start({.url = server.url()}, sink, stop.get_token()));
  sink->wait_body("open");
  stop.request_stop();
  EXPECT_EQ(sink->error().code, Code::cancelled);
  closed.get_future().get();
}

TEST(FetchLoop, AStopTokenThatHasFiredBeforeTheStartCancelsToo) {
  ScriptedServer server(begin_and_stall());
  auto client = open();
  auto sink = std::make_shared<RecordingSink>();
  std::stop_source stop;
  stop.request_stop();
  ASSERT_TRUE(client->start({.url = server.url()}, sink, stop.get_token()));
  EXPECT_EQ(sink->error().code, Code::cancelled);
}

TEST(FetchLoop, AReaderThatHasEnoughCancels) {
  ScriptedServer server(begin_and_stall());
  auto client = open();
  auto sink = std::make_shared<RecordingSink>([](std::string_view) { return false; });
  ASSERT_TRUE(client->start({.url = server.url()}, sink));
  EXPECT_EQ(sink->error().code, Code::cancelled);
}

TEST(FetchLoop, StopCancelsWhatIsOpen) {
  ScriptedServer server(begin_and_stall());
  auto client = open();
  auto sink = std::make_shared<RecordingSink>();
  ASSERT_TRUE(client->start({.url = server.url()}, sink));
  sink->wait_body("open");
  client->stop();
  EXPECT_EQ(sink->error().code, Code::cancelled);
  EXPECT_EQ(client->stats().open, 0);
}

TEST(FetchLoop, StopWithADrainLetsAReplyEnd) {
  std::promise<void> go;
  ScriptedServer server([&](Connection& connection) {
    connection.read();
    connection.send(kOpenStream);
    go.get_future().get();
    connection.send("0\r\n\r\n");
  });
  auto client = open();
  auto sink = std::make_shared<RecordingSink>();
  ASSERT_TRUE(client->start({.url = server.url()}, sink));
  sink->wait_body("open");
  auto stopped = std::async(std::launch::async, [&] { client->stop(milliseconds(60'000)); });
  go.set_value();
  stopped.get();
  EXPECT_TRUE(*sink->wait_finished().result);
}

TEST(FetchLoop, ASinkMayStartTheNextTransferWhenOneHasFinished) {
  ScriptedServer server(ScriptedServer::each(
      [](Connection& connection, const auto&) { connection.reply(200, "done"); }));
  auto client = open({.transfers_max = 1});
  struct Chain final : Sink {
    void head(int, Headers) override {}
    bool data(std::string_view) override { return true; }
    void finished(base::Result<>) override { started = client->start({.url = url}, next); }
    Client* client = nullptr;
    std::string url;
    std::shared_ptr<RecordingSink> next = std::make_shared<RecordingSink>();
    base::Result<> started;
  };
  auto chain = std::make_shared<Chain>();
  chain->client = client.get();
  chain->url = server.url();
  ASSERT_TRUE(client->start({.url = server.url()}, chain));
  EXPECT_EQ(chain->next->wait_finished().body, "done");
}

// Counts its ends; the test waits for all of them.
class Counted final : public Sink {
 public:
  Counted(std::atomic<int>& twice, std::latch& all) : twice_(twice), all_(all) {}
  void head(int, Headers) override { late(); }
  bool data(std::string_view) override {
    late();
    return true;
  }
  void finished(base::Result<>) override {
    late();
    ended_ = true;
    all_.count_down();
  }

 private:
  void late() {
    if (ended_) ++twice_;
  }
  std::atomic<int>& twice_;
  std::latch& all_;
  bool ended_ = false;  // the fetch thread's
};

TEST(FetchLoop, EveryTransferEndsExactlyOnceWhileReadersLeaveAtAnyMoment) {
  constexpr int kTransfers = 400;
  ScriptedServer server(ScriptedServer::each([](Connection& connection, const auto& request) {
                          bool whole = request.target.ends_with("0");
                          connection.send(kOpenStream);
                          if (whole) connection.send("0\r\n\r\n");
                          if (!whole) connection.wait_closed();
                        }),
                        16);
  auto client = open({.threads = 2});
  std::atomic<int> twice{0};
  std::latch all(kTransfers);
  std::vector<std::stop_source> stops(kTransfers);
  {
    base::Pool leaving({.name = "leaving", .threads = 2, .queue_max = kTransfers});
    for (int i = 0; i < kTransfers; ++i) {
      auto& stop = stops[static_cast<std::size_t>(i)];
      auto sink = std::make_shared<Counted>(twice, all);
      std::string url = server.url("/" + std::to_string(i % 4));
      ASSERT_TRUE(client->start({.url = url}, sink, stop.get_token()));
      ASSERT_TRUE(leaving.submit([&stop] { stop.request_stop(); }));
    }
  }
  all.wait();
  client->stop();
  EXPECT_EQ(twice, 0);
  EXPECT_EQ(client->stats().open, 0);
}

// Accepts, begins a stream on each connection and keeps it; holds no memory per connection.
class OpenStreams {
 public:
  OpenStreams() : epoll_(epoll_create1(EPOLL_CLOEXEC)), stop_(eventfd(0, EFD_CLOEXEC)) {
    watch(listener_.fd());
    watch(stop_);
    EXPECT_TRUE(pool_.submit([this] { run(); }));
  }
  ~OpenStreams() {
    eventfd_write(stop_, 1);
    pool_.stop();
    for (int fd : accepted_) ::close(fd);
    ::close(stop_);
    ::close(epoll_);
  }
  std::string url() const { return listener_.url(); }

 private:
  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }
  void run() {
    std::array<char, 4096> bytes;
    for (;;) {
      epoll_event event{};
      if (epoll_wait(epoll_, &event, 1, -1) < 1) continue;
      if (event.data.fd == stop_) return;
      if (event.data.fd == listener_.fd()) {
        int fd = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        accepted_.push_back(fd);
        watch(fd);
      } else if (recv(event.data.fd, bytes.data(), bytes.size(), 0) > 0) {
        send(event.data.fd, kOpenStream.data(), kOpenStream.size(), MSG_NOSIGNAL);
      } else {
        epoll_ctl(epoll_, EPOLL_CTL_DEL, event.data.fd, nullptr);
      }
    }
  }

  const test::Listener listener_;
  const int epoll_, stop_;
  std::vector<int> accepted_;
  base::Pool pool_{{.name = "streams"}};
};

// Both ends of every stream are in this process.
std::size_t streams_allowed() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  getrlimit(RLIMIT_NOFILE, &files);
  return std::min<std::size_t>(5'000, (files.rlim_cur - 100) / 2);
}

TEST(FetchLoop, ThousandsOfStreamsAreOpenAtOnceInLittleMemory) {
  struct Waiting final : Sink {
    explicit Waiting(std::latch& latch) : begun(latch) {}
    void head(int, Headers) override {}
    bool data(std::string_view) override {
      begun.count_down();
      return true;
    }
    void finished(base::Result<>) override {}
    std::latch& begun;
  };
  std::size_t count = streams_allowed();
  OpenStreams server;
  auto client = open();
  std::latch begun(static_cast<std::ptrdiff_t>(count));
  std::size_t before = mallinfo2().uordblks;
  base::Instant from = base::SystemClock().now();
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_TRUE(client->start({.method = "POST", .url = server.url(), .body = "{}"},
                              std::make_shared<Waiting>(begun)));
  }
  begun.wait();
  double took = base::milliseconds_between(from, base::SystemClock().now());
  std::size_t bytes = (mallinfo2().uordblks - before) / count;
  RecordProperty("streams", std::to_string(count));
  RecordProperty("bytes_per_stream", std::to_string(bytes));
  RecordProperty("milliseconds_to_open", std::to_string(took));
  EXPECT_EQ(client->stats().open, static_cast<std::int64_t>(count));
  EXPECT_LT(bytes, 32'768U);
}

}  // namespace
}  // namespace refrain::fetch
