#include "net/acceptor.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <map>
#include <thread>

#include "tests/support/net_probe.h"

namespace refrain::net {
namespace {

TEST(Acceptor, BusyPortIsNamed) {
  Probe probe(echo);
  Options options = small_options();
  options.listeners[0].port = probe.port();
  const auto second = Server::open(options, probe.handler);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::Code::conflict);
  EXPECT_EQ(second.error().what,
            "listen 127.0.0.1:" + std::to_string(probe.port()) + ": address already in use");
}

TEST(Acceptor, AddressThatIsNoneIsNamed) {
  Options options = small_options();
  options.listeners[0].address = "local host";
  Answerer handler(echo);
  const auto server = Server::open(options, handler);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().what, "listen address \"local host\" is not a numeric IP address");
}

TEST(Acceptor, ConnectionsOverTheLimitAreClosed) {
  Options options = small_options();
  options.connections_max = 1;
  Probe probe(echo, options);
  RawClient first = probe.client();
  first.get("/");
  EXPECT_EQ(first.read_reply().status, 200);
  RawClient second = probe.client();
  EXPECT_TRUE(second.ended());
  EXPECT_EQ(probe.server->stats().connections_refused, 1u);
}

TEST(Acceptor, ConnectionsAreDealtOutEvenly) {
  Shelf shelf;
  std::mutex lock;
  std::map<std::thread::id, int> threads;
  Probe probe([&](const std::shared_ptr<Exchange>& exchange) {
    {
      std::lock_guard guard(lock);
      ++threads[std::this_thread::get_id()];
    }
    echo(exchange);
  });
  std::vector<RawClient> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(probe.client());
    clients.back().get("/");
    clients.back().read_reply();
  }
  ASSERT_EQ(threads.size(), 2u);
  for (const auto& [thread, count] : threads) EXPECT_EQ(count, 8);
}

TEST(Acceptor, RunningOutOfFilesIsSurvived) {
  Probe probe(echo);
  RawClient waiting = probe.client();
  waiting.get("/");
  waiting.read_reply();
  RawClient client = probe.client();  // opened before the limit, accepted under it or not
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next = ::dup(0);
  ASSERT_GE(next, 0);
  ::close(next);
  rlimit none = before;
  none.rlim_cur = 1;  // nothing can be opened
  std::vector<int> sockets;
  for (int i = 0; i < 4; ++i) sockets.push_back(::socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(probe.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int fd : sockets) {
    ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  waiting.get("/still");
  EXPECT_EQ(waiting.read_reply().body, "GET /still ");
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (probe.server->stats().accept_errors == 0 && std::chrono::steady_clock::now() < limit) {
    waiting.get("/again");
    waiting.read_reply();
  }
  EXPECT_GE(probe.server->stats().accept_errors, 1u);
  EXPECT_LE(probe.server->stats().accept_errors, 200u);  // it does not spin
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  for (int fd : sockets) ::close(fd);
  RawClient later = probe.client();
  later.get("/");
  EXPECT_EQ(later.read_reply().status, 200);
}

}  // namespace
}  // namespace refrain::net
