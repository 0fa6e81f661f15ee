#include "fetch/client.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>

#include <fmt/format.h>

#include "fetch/loop.h"
#include "fetch/transfer.h"

namespace refrain::fetch {

using base::Call, base::Code, base::fail, base::Result;

namespace {

// Collects a reply for a thread that waits for it.
class Collector final : public Sink {
 public:
  void head(int status, Headers headers) override {
    response_.status = status;
    response_.headers = std::move(headers);
  }
  bool data(std::string_view bytes) override {
    response_.body += bytes;
    return true;
  }
  void finished(Result<> result) override {
    std::lock_guard guard(lock_);
    result_ = std::move(result);
    done_ = true;
    changed_.notify_all();
  }
  Result<Response> wait() {
    std::unique_lock guard(lock_);
    changed_.wait(guard, [this] { return done_; });
    if (!result_) return std::unexpected(result_.error());
    return std::move(response_);
  }

 private:
  Response response_;  // the loop's until done_
  std::mutex lock_;
  std::condition_variable changed_;
  bool done_ = false;
  Result<> result_;
};

}  // namespace

struct Client::Shared {
  Options options;
  Counters counters;
  std::atomic<std::uint64_t> turn{0};
};

Result<> Options::check() const {
  if (threads < 1 || threads > 2) {
    return fail(Code::invalid, fmt::format("fetch.threads is {}: 1 or 2", threads));
  }
  if (transfers_max < 1) return fail(Code::invalid, "fetch.transfers_max is 0: at least 1");
  if (buffer_bytes < 1'024 || buffer_bytes > 524'288) {
    return fail(Code::invalid,
                fmt::format("fetch.buffer_bytes is {}: 1024 to 524288", buffer_bytes));
  }
  return {};
}

Client::Client(const Options& options) : shared_(std::make_unique<Shared>()) {
  shared_->options = options;
}

Result<std::unique_ptr<Client>> Client::open(const Options& options) {
  TRY_DO(options.check());
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK) return fail(Code::unavailable, "fetch: libcurl does not start");
  std::unique_ptr<Client> client(new Client(options));
  for (std::size_t i = 0; i < options.threads; ++i) {
    TRY(loop, Loop::open(client->shared_->options, client->shared_->counters));
    client->loops_.push_back(std::move(loop));
  }
  return client;
}

Client::~Client() { stop(); }

Result<> Client::start(Request request, std::shared_ptr<Sink> sink, std::stop_token stop) {
  TRY(origin, origin_of(request.url));
  TRY_DO(check_framing(request));
  Counters& counters = shared_->counters;
  counters.open.add(1);
  if (counters.open.value() > static_cast<std::int64_t>(shared_->options.transfers_max)) {
    counters.open.add(-1);
    counters.refused.add();
    return fail(Code::busy, fmt::format("{}: {} transfers are open, the limit", origin,
                                        shared_->options.transfers_max));
  }
  counters.started.add();
  std::string where = origin;
  auto transfer = std::make_unique<Transfer>(std::move(request), std::move(origin), std::move(sink),
                                             std::move(stop));
  std::uint64_t turn = shared_->turn.fetch_add(1, std::memory_order_relaxed);
  if (!loops_[turn % loops_.size()]->adopt(std::move(transfer))) {
    counters.open.add(-1);
    counters.cancelled.add();
    return fail(Code::cancelled, fmt::format("{}: the client has stopped", where));
  }
  return {};
}

Result<Response> Client::fetch_whole(const Call& call, Request request) {
  if (call.deadline != base::Instant::max()) {
    base::Instant now = base::SystemClock().now();
    if (call.deadline <= now) {
      return fail(Code::deadline, fmt::format("{}: no time left to ask", request.url));
    }
    auto left = std::chrono::ceil<std::chrono::milliseconds>(call.deadline - now);
    bool sooner = request.total_timeout.count() == 0 || left < request.total_timeout;
    if (sooner) request.total_timeout = left;
  }
  auto collector = std::make_shared<Collector>();
  TRY_DO(start(std::move(request), collector, call.stop));
  return collector->wait();
}

void Client::stop(std::chrono::milliseconds drain) {
  base::Instant until =
      drain.count() > 0 ? base::SystemClock().now() + drain : base::Instant::min();
  for (auto& loop : loops_) loop->ask_stop(until);
  for (auto& loop : loops_) loop->join();
}

Stats Client::stats() const {
  const Counters& counters = shared_->counters;
  return {.started = counters.started.value(),
          .answered = counters.answered.value(),
          .unavailable = counters.unavailable.value(),
          .deadline = counters.deadline.value(),
          .cancelled = counters.cancelled.value(),
          .cut = counters.cut.value(),
          .too_large = counters.too_large.value(),
          .refused = counters.refused.value(),
          .connections = counters.connections.value(),
          .bytes_in = counters.bytes_in.value(),
          .bytes_out = counters.bytes_out.value(),
          .open = counters.open.value()};
}

}  // namespace refrain::fetch
