#include "net/server.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <future>
#include <string_view>
#include <thread>

#include "net/acceptor.h"
#include "net/loop.h"
#include "net/reply_head.h"

namespace refrain::net {

using base::Code;
using base::fail;
using base::Result;

Result<> Options::check() const {
  if (listeners.empty()) return fail(Code::invalid, "listeners is empty: need at least one");
  if (threads > 1024) return fail(Code::invalid, fmt::format("threads {} is over 1024", threads));
  if (header_max < 256 || header_max > (std::size_t{16} << 20)) {
    return fail(Code::invalid, fmt::format("header_max {} is not 256 to 16777216", header_max));
  }
  if (requests_max == 0) return fail(Code::invalid, "requests_max is 0");
  if (connections_max == 0) return fail(Code::invalid, "connections_max is 0");
  for (const auto& [name, value] : {std::pair("header_timeout", header_timeout),
                                    std::pair("idle_timeout", idle_timeout),
                                    std::pair("body_timeout", body_timeout),
                                    std::pair("write_timeout", write_timeout)}) {
    if (value <= std::chrono::milliseconds(0)) {
      return fail(Code::invalid, fmt::format("{} {} ms is not positive", name, value.count()));
    }
  }
  for (const Listener& listener : listeners) {
    if (listener.talks && listener.tls) return fail(Code::invalid, "a listener with talks has TLS");
  }
  return {};
}

std::size_t loops_for(std::size_t cores) noexcept { return cores > 2 ? cores - 1 : 1; }

namespace {

Result<std::unique_ptr<asio::ssl::context>> tls_context(const Tls& tls) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  boost::system::error_code error;
  context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                       asio::ssl::context::no_tlsv1_1, error);
  if (!error) context->use_certificate_chain_file(tls.cert_file, error);
  if (error) {
    return fail(Code::invalid,
                fmt::format("certificate file {}: {}", tls.cert_file, error.message()));
  }
  context->use_private_key_file(tls.key_file, asio::ssl::context::pem, error);
  if (error) {
    return fail(Code::invalid, fmt::format("key file {}: {}", tls.key_file, error.message()));
  }
  return context;
}

}  // namespace

struct Server::Impl {
  Shared shared;
  Acceptor::Counts counts;
  std::vector<std::unique_ptr<Loop>> loops;
  std::vector<std::shared_ptr<Acceptor>> acceptors;
  std::vector<std::uint16_t> ports;
  std::mutex stop_lock;
  bool stopped = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<Server>> Server::open(Options options, Handler& handler) {
  TRY_DO(options.check());
  ::signal(SIGPIPE, SIG_IGN);
  auto impl = std::make_unique<Impl>();
  Shared& shared = impl->shared;
  if (!options.error_body) options.error_body = plain_error;
  if (options.threads == 0) options.threads = loops_for(std::thread::hardware_concurrency());
  shared.error_body = std::make_shared<ErrorBody>(options.error_body);
  shared.handler = &handler;
  shared.options = std::move(options);
  for (const Listener& listener : shared.options.listeners) {
    std::unique_ptr<asio::ssl::context> context;
    if (listener.tls) {
      TRY(made, tls_context(*listener.tls));
      context = std::move(made);
    }
    shared.tls.push_back(std::move(context));
  }
  for (std::size_t i = 0; i < shared.options.threads; ++i) {
    impl->loops.push_back(std::make_unique<Loop>(shared));
  }
  for (std::size_t i = 0; i < shared.options.listeners.size(); ++i) {
    auto acceptor = std::make_shared<Acceptor>(impl->loops, i, impl->counts);
    TRY_DO(acceptor->listen());
    impl->ports.push_back(acceptor->port());
    impl->acceptors.push_back(std::move(acceptor));
  }
  for (const auto& acceptor : impl->acceptors) acceptor->start();
  for (const auto& loop : impl->loops) loop->start();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::vector<std::uint16_t> Server::ports() const { return impl_->ports; }

void Server::stop(std::chrono::milliseconds drain) {
  Impl& impl = *impl_;
  std::lock_guard once(impl.stop_lock);
  if (impl.stopped) return;
  impl.stopped = true;
  const base::Instant limit = std::chrono::steady_clock::now() + drain;
  impl.shared.draining = true;
  // First the acceptors: what they have dealt out is in the loops' queues before drain() is.
  std::promise<void> closed;
  asio::post(impl.loops[0]->context(), [&] {
    for (const auto& acceptor : impl.acceptors) acceptor->close();
    closed.set_value();
  });
  closed.get_future().wait();
  for (const auto& loop : impl.loops) loop->drain();
  {
    std::unique_lock guard(impl.shared.quiet_lock);
    impl.shared.quiet.wait_until(guard, limit,
                                 [&] { return impl.shared.connections_open == 0; });
  }
  for (const auto& loop : impl.loops) loop->cut();
  for (const auto& loop : impl.loops) loop->join();
}

Stats Server::stats() const {
  const Impl& impl = *impl_;
  Stats out;
  out.connections_open = impl.shared.connections_open;
  out.connections_accepted = impl.counts.accepted.value();
  out.connections_refused = impl.counts.refused.value();
  out.accept_errors = impl.counts.errors.value();
  out.requests_open = impl.shared.requests_open;
  out.lines_open = impl.shared.lines_open;
  out.web_open = impl.shared.web_open;
  for (const auto& loop : impl.loops) {
    const Counters& counters = loop->counters();
    out.requests += counters.requests.value();
    out.answered_at_once += counters.answered_at_once.value();
    out.refused_bad += counters.refused_bad.value();
    out.refused_header += counters.refused_header.value();
    out.refused_body += counters.refused_body.value();
    out.refused_busy += counters.refused_busy.value();
    out.timeouts_header += counters.timeouts_header.value();
    out.timeouts_idle += counters.timeouts_idle.value();
    out.timeouts_body += counters.timeouts_body.value();
    out.timeouts_write += counters.timeouts_write.value();
    out.clients_left += counters.clients_left.value();
    out.headers_dropped += counters.headers_dropped.value();
    out.bytes_in += counters.bytes_in.value();
    out.bytes_out += counters.bytes_out.value();
    out.line_timeouts += counters.line_timeouts.value();
    out.line_bytes_in += counters.line_bytes_in.value();
    out.line_bytes_out += counters.line_bytes_out.value();
    out.web_messages_in += counters.web_messages_in.value();
    out.web_messages_out += counters.web_messages_out.value();
  }
  return out;
}

}  // namespace refrain::net
