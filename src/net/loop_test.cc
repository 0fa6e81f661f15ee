#include "net/loop.h"

#include <gtest/gtest.h>

#include "tests/support/net_probe.h"

namespace refrain::net {
namespace {

TEST(Loop, ThousandStreamsAreServedAtOnce) {
  constexpr std::size_t kStreams = 1000;
  Shelf shelf;
  Probe probe([&](std::shared_ptr<Exchange> exchange) { shelf.put(std::move(exchange)); });
  std::vector<RawClient> clients;
  std::vector<std::shared_ptr<Exchange>> exchanges;
  std::vector<std::shared_ptr<PushSource::Pipe>> pipes;
  for (std::size_t i = 0; i < kStreams; ++i) {
    clients.push_back(probe.client());
    ASSERT_TRUE(clients[i].get("/"));
    exchanges.push_back(shelf.take(i));
    ASSERT_TRUE(exchanges[i]);
    pipes.push_back(std::make_shared<PushSource::Pipe>());
    exchanges[i]->stream(200, {}, std::make_unique<PushSource>(pipes[i]));
  }
  EXPECT_EQ(probe.server->stats().requests_open, kStreams);
  for (std::size_t i = 0; i < kStreams; ++i) {
    pipes[i]->push("stream " + std::to_string(i), More::end);
    exchanges[i]->wake();
  }
  for (std::size_t i = 0; i < kStreams; ++i) {
    ASSERT_EQ(clients[i].read_reply().body, "stream " + std::to_string(i));
  }
}

TEST(Loop, SessionsThatEndInAnyOrderAreForgotten) {
  Probe probe(echo);
  std::vector<RawClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(probe.client());
    clients.back().get("/");
    clients.back().read_reply();
  }
  for (std::size_t i : {0u, 7u, 19u, 3u, 12u}) {
    clients[i].get("/", "Connection: close\r\n");
    clients[i].read_reply();
    EXPECT_TRUE(clients[i].ended());
  }
  clients[1].get("/x");
  EXPECT_EQ(clients[1].read_reply().body, "GET /x ");
}

}  // namespace
}  // namespace refrain::net
