#include "net/server.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "tests/support/net_probe.h"
#include "tests/support/temp_folder.h"

namespace refrain::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Server, OptionsThatCannotBeAreNamed) {
  Answerer handler(echo);
  EXPECT_EQ(Server::open({}, handler).error().what, "listeners is empty: need at least one");
  Options options = small_options();
  options.idle_timeout = milliseconds(0);
  EXPECT_EQ(Server::open(options, handler).error().what, "idle_timeout 0 ms is not positive");
}

TEST(Server, EveryListenerHasItsOwnNumber) {
  Options options = small_options();
  options.listeners.push_back(Listener{});
  Probe probe([](const std::shared_ptr<Exchange>& exchange) {
    exchange->reply(text(std::to_string(exchange->request().listener)));
  }, options);
  const auto ports = probe.server->ports();
  ASSERT_EQ(ports.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    RawClient client(ports[i]);
    client.get("/");
    EXPECT_EQ(client.read_reply().body, std::to_string(i));
  }
}

TEST(Server, LeavesACoreToTheOthersWhereThereAreSeveral) {
  EXPECT_EQ(loops_for(0), 1u);  // what the library says when it does not know
  EXPECT_EQ(loops_for(1), 1u);
  EXPECT_EQ(loops_for(2), 1u);
  EXPECT_EQ(loops_for(8), 7u);
}

// Says on which thread its only piece was asked for.
class ThreadSource final : public Source {
 public:
  explicit ThreadSource(std::thread::id& asked) : asked_(asked) {}
  Piece next() override {
    asked_ = std::this_thread::get_id();
    return {"piece", More::end};
  }

 private:
  std::thread::id& asked_;
};

TEST(Server, ReplyInsideHandleIsWrittenByTheThreadThatRead) {
  std::thread::id read, wrote;
  Probe probe([&](const std::shared_ptr<Exchange>& exchange) {
    read = std::this_thread::get_id();
    exchange->stream(200, {}, std::make_unique<ThreadSource>(wrote));
  });
  RawClient client = probe.client();
  client.get("/");
  client.read_reply();
  EXPECT_EQ(read, wrote);
  EXPECT_EQ(probe.server->stats().answered_at_once, 1u);
}

TEST(Server, ReplyFromAnotherThreadIsNotCountedAsAnsweredAtOnce) {
  Shelf shelf;
  Options options = small_options();
  options.threads = 1;
  Probe probe([&](std::shared_ptr<Exchange> exchange) {
    if (exchange->request().path == "/now") return exchange->reply(text("now"));
    shelf.put(std::move(exchange));
  }, options);
  RawClient later = probe.client(), now = probe.client();
  later.get("/later");
  const auto held = shelf.take();
  now.get("/now");
  now.read_reply();  // the loop has come back from the first request
  held->reply(text("later"));
  later.read_reply();
  EXPECT_EQ(probe.server->stats().requests, 2u);
  EXPECT_EQ(probe.server->stats().answered_at_once, 1u);
}

TEST(Server, StopClosesIdleConnectionsAndListensNoMore) {
  Probe probe(echo);
  RawClient client = probe.client();
  client.get("/");
  client.read_reply();
  const auto port = probe.port();
  probe.server->stop(seconds(10));
  probe.server->stop(seconds(10));
  EXPECT_TRUE(client.ended());
  EXPECT_FALSE(RawClient(port).connected());
  EXPECT_EQ(probe.server->stats().connections_open, 0u);
}

TEST(Server, StopLetsARunningRequestFinish) {
  Shelf shelf;
  Probe probe([&](std::shared_ptr<Exchange> exchange) { shelf.put(std::move(exchange)); });
  RawClient idle = probe.client(), busy = probe.client();
  idle.get("/");
  shelf.take()->reply(text("done"));
  idle.read_reply();
  busy.get("/");
  const auto held = shelf.take(1);
  std::jthread stopper([&] { probe.server->stop(seconds(10)); });
  EXPECT_TRUE(idle.ended());  // stop is under way
  held->reply(text("in time"));
  const RawReply reply = busy.read_reply();
  EXPECT_EQ(reply.body, "in time");
  EXPECT_EQ(reply.header("connection"), "close");
}

TEST(Server, RequestThatHadBegunIsServedWhileStopping) {
  Probe probe(echo);
  RawClient other = probe.client(), begun = probe.client();
  const std::string half(2000, 'x');
  begun.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4000\r\n\r\n" + half);
  const auto limit = std::chrono::steady_clock::now() + seconds(10);
  std::uint64_t of_others = 0;
  while (probe.server->stats().bytes_in < of_others + half.size() &&
         std::chrono::steady_clock::now() < limit) {
    of_others += 30;  // more than one such request has
    other.get("/");
    other.read_reply();
  }
  std::jthread stopper([&] { probe.server->stop(seconds(10)); });
  EXPECT_TRUE(other.ended());  // stop is under way
  begun.send(half);
  const RawReply reply = begun.read_reply();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("connection"), "close");
}

TEST(Server, StopCutsWhatDoesNotFinishAndRunsOnClose) {
  Shelf shelf;
  Probe probe([&](std::shared_ptr<Exchange> exchange) { shelf.put(std::move(exchange)); });
  RawClient silent = probe.client(), streaming = probe.client();
  Signal closed;
  silent.get("/");
  const auto first = shelf.take();
  first->on_close([&] { closed.set(); });
  streaming.get("/");
  const auto second = shelf.take(1);
  second->on_close([&] { closed.set(); });
  auto pipe = std::make_shared<PushSource::Pipe>();
  second->stream(200, {}, std::make_unique<PushSource>(pipe));
  streaming.read_head();
  probe.server->stop(milliseconds(20));
  EXPECT_EQ(closed.count(), 2);
  EXPECT_EQ(pipe->destroyed.count(), 1);
  EXPECT_TRUE(silent.ended());
  first->reply(text("nobody"));  // harmless
  second->wake();
  probe.server.reset();
  second->wake();
}

TEST(Server, StopUnderLoadIsOrderly) {
  Probe probe(echo);
  const auto port = probe.port();
  std::atomic<int> served = 0;
  Signal running;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, port] {
      for (;;) {
        RawClient client(port);
        if (!client.connected()) return;
        for (int k = 0; k < 50 && client.get("/"); ++k) {
          const RawReply reply = client.read_reply();
          if (reply.status == 0) break;
          EXPECT_TRUE(reply.whole);
          if (++served == 100) running.set();
        }
      }
    });
  }
  EXPECT_TRUE(running.wait());
  probe.server->stop(seconds(5));
}

// ---- TLS

template <class T, void (*Free)(T*)>
struct Freed {
  void operator()(T* thing) const { Free(thing); }
};
template <class T, void (*Free)(T*)>
using Owned = std::unique_ptr<T, Freed<T, Free>>;

// Writes a key and a certificate for localhost, signed by itself.
Tls self_signed(const std::filesystem::path& folder) {
  const Owned<EVP_PKEY, EVP_PKEY_free> key(EVP_EC_gen("P-256"));
  const Owned<X509, X509_free> certificate(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  const Tls tls{.cert_file = folder / "cert.pem", .key_file = folder / "key.pem"};
  FILE* file = std::fopen(tls.cert_file.c_str(), "w");
  PEM_write_X509(file, certificate.get());
  std::fclose(file);
  file = std::fopen(tls.key_file.c_str(), "w");
  PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  return tls;
}

// A TLS client over a raw one's socket.
class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port)
      : raw_(port), context_(SSL_CTX_new(TLS_client_method())), ssl_(SSL_new(context_.get())) {
    SSL_set_fd(ssl_.get(), raw_.fd());
    connected_ = SSL_connect(ssl_.get()) == 1;
  }
  bool connected() const { return connected_; }
  void send(std::string_view bytes) {
    SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  }
  std::string read_all() {
    std::string out;
    std::string room(16 << 10, '\0');
    int count = 0;
    while ((count = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()))) > 0) {
      out.append(room, 0, static_cast<std::size_t>(count));
    }
    clean_end = SSL_get_error(ssl_.get(), count) == SSL_ERROR_ZERO_RETURN;
    return out;
  }
  bool clean_end = false;

 private:
  RawClient raw_;
  Owned<SSL_CTX, SSL_CTX_free> context_;
  Owned<SSL, SSL_free> ssl_;
  bool connected_ = false;
};

TEST(Server, TlsServesRepliesStreamsAndACleanEnd) {
  const TempFolder folder;
  Options options = small_options();
  options.listeners[0].tls = self_signed(folder.path());
  Shelf shelf;
  Probe probe([&](const std::shared_ptr<Exchange>& exchange) {
    if (exchange->request().path == "/stream") {
      auto pipe = std::make_shared<PushSource::Pipe>();
      for (int i = 0; i < 100; ++i) pipe->push(std::string(10'000, 'Q'), More::yes);
      pipe->push("", More::end);
      exchange->stream(200, {}, std::make_unique<PushSource>(pipe));
      return;
    }
    exchange->reply(text(std::string(exchange->request().body) + std::string(100'000, 'Z')));
  }, options);
  TlsClient client(probe.port());
  ASSERT_TRUE(client.connected());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  client.send("body");
  client.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string all = client.read_all();
  EXPECT_TRUE(client.clean_end);
  EXPECT_EQ(std::ranges::count(all, 'Z'), 200'000);
  EXPECT_EQ(std::ranges::count(all, 'Q'), 1'000'000);
  EXPECT_NE(all.find("100 Continue\r\n\r\nHTTP/1.1 200 OK"), std::string::npos);
}

TEST(Server, PlainTextOnATlsPortIsClosed) {
  const TempFolder folder;
  Options options = small_options();
  options.listeners[0].tls = self_signed(folder.path());
  Probe probe(echo, options);
  RawClient client = probe.client();
  client.get("/");
  client.read_all();
  EXPECT_EQ(probe.server->stats().requests, 0u);
}

TEST(Server, MissingCertificateIsNamed) {
  Options options = small_options();
  options.listeners[0].tls = Tls{"absent.pem", "absent.key"};
  Answerer handler(echo);
  const auto server = Server::open(options, handler);
  ASSERT_FALSE(server);
  EXPECT_TRUE(server.error().what.starts_with("certificate file absent.pem: "))
      << server.error().what;
}

}  // namespace
}  // namespace refrain::net
