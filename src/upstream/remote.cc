// One Asking is one flight being made: a sink that outlives its attempts. Each attempt reads into a
// Reading of its own; as nothing reaches the flight before a Reading has an event, an attempt that
// failed without one leaves no trace and may be made again.
//
// Everything after start() happens on the fetch thread that carries the transfer: SSE framing and
// JSON of one event cost microseconds, less than handing the bytes to another thread would.
#include "upstream/remote.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/mutex.h"
#include "upstream/budget.h"
#include "upstream/question.h"
#include "upstream/reading.h"

namespace refrain::upstream {

using base::Call, base::Code, base::fail, base::Result;
using chat::End, chat::Flight;

namespace {

// The scheme, host and port of a URL that check() has let pass, without user and password.
std::string where_of(const std::string& url) {
  std::size_t host = url.find("://") + 3;
  std::size_t end = std::min(url.find('/', host), url.size());
  std::size_t at = url.rfind('@', end);
  std::size_t from = at != std::string::npos && at >= host ? at + 1 : host;
  return url.substr(0, host) + url.substr(from, end - from);
}

// total_timeout shortened to what is left of the call; false: nothing is.
bool shorten(std::chrono::milliseconds& total, const Call& call, base::Instant now) {
  if (call.deadline == base::Instant::max()) return true;
  if (call.deadline <= now) return false;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(call.deadline - now);
  if (total.count() == 0 || left < total) total = left;
  return true;
}

}  // namespace

struct Remote::Shared {
  Shared(Options given, fetch::Client& fetch_client, const base::Clock& its_clock)
      : options(std::move(given)),
        client(fetch_client),
        clock(its_clock),
        budget({options.retry_share, options.retry_burst}) {}

  const Options options;
  fetch::Client& client;
  const base::Clock& clock;
  RetryBudget budget;
  base::Counter requests, answered, refused, failed, cancelled, retries, retries_denied, bytes;
  base::Histogram first_byte;
  std::map<std::string, std::shared_ptr<ModelName>> models;  // by upstream; filled by open()
};

// A whole reply that is nobody's answer.
class Remote::Passing final : public fetch::Sink {
 public:
  Passing(std::size_t bytes_max, std::function<void(Result<chat::Refusal>)> done)
      : bytes_max_(bytes_max), done_(std::move(done)) {}
  void head(int status, fetch::Headers headers) override {
    reply_.status = status;
    reply_.headers = travelling(headers);
  }
  bool data(std::string_view bytes) override {
    if (reply_.body.size() + bytes.size() > bytes_max_) return false;
    reply_.body += bytes;
    return true;
  }
  void finished(Result<> result) override {
    if (!result) {
      result.error().what = "upstream " + result.error().what;
      return done_(std::unexpected(result.error()));
    }
    done_(std::move(reply_));
  }

 private:
  const std::size_t bytes_max_;
  std::function<void(Result<chat::Refusal>)> done_;
  chat::Refusal reply_;
};

// The first id of GET /v1/models. Those who ask while it is being fetched wait for the one answer;
// a failure is told to them and forgotten.
class Remote::ModelName : public std::enable_shared_from_this<ModelName> {
 public:
  using Use = std::function<void(Result<std::string>)>;
  explicit ModelName(const Upstream& upstream) : upstream_(upstream) {
    if (!upstream.model.empty()) state_.with([&](State& state) { state.name = upstream.model; });
  }

  /// headers: of the request that needs the name; they carry its credential.
  void with_name(Shared& shared, const fetch::Headers& headers, Use use) {
    bool first = false;
    std::string name = state_.with([&](State& state) {
      if (!state.name.empty()) return state.name;
      first = state.waiting.empty();
      state.waiting.push_back(use);
      return std::string();
    });
    if (!name.empty()) return use(std::move(name));
    if (!first) return;
    auto self = shared_from_this();
    auto told = [self](Result<chat::Refusal> reply) { self->tell(read(reply)); };
    fetch::Request request{.url = join(upstream_.url, "/v1/models"),
                           .headers = with_credential(headers, upstream_),
                           .connect_timeout = upstream_.connect_timeout,
                           .first_byte_timeout = std::chrono::seconds(10),
                           .idle_timeout = std::chrono::seconds(10)};
    auto sink = std::make_shared<Passing>(shared.options.reply_bytes_max, told);
    auto started = shared.client.start(std::move(request), sink);
    if (!started) tell(std::unexpected(started.error()));
  }

 private:
  struct State {
    std::string name;
    std::vector<Use> waiting;
  };

  static Result<std::string> read(const Result<chat::Refusal>& reply) {
    if (!reply) return std::unexpected(reply.error());
    auto body = json::parse(reply->body);
    const json::Value* models = body ? body->find("data") : nullptr;
    const json::Array* list = models != nullptr ? models->array() : nullptr;
    std::string_view id = list != nullptr && !list->empty() ? list->front().text("id") : "";
    if (id.empty()) {
      return fail(Code::unavailable, fmt::format("the upstream's /v1/models (status {}) names no "
                                                 "model: set the upstream's model",
                                                 reply->status));
    }
    return std::string(id);
  }
  void tell(const Result<std::string>& name) {
    std::vector<Use> waiting = state_.with([&](State& state) {
      if (name) state.name = *name;
      return std::exchange(state.waiting, {});
    });
    for (Use& use : waiting) use(name);
  }

  const Upstream upstream_;
  base::Mutex<State> state_;
};

class Remote::Asking final : public fetch::Sink, public std::enable_shared_from_this<Asking> {
 public:
  Asking(std::shared_ptr<Shared> shared, const Call& call, std::shared_ptr<Flight> flight)
      : shared_(std::move(shared)),
        deadline_{call.deadline, {}, call.trace},
        flight_(std::move(flight)),
        started_(shared_->clock.now()) {}

  void begin(const chat::Request& request, const Upstream& upstream, std::string_view model) {
    auto question = ask(request, upstream, model);
    if (!question) return finish({End::Kind::failed, {}, question.error()});
    question_ = std::move(*question);
    where_ = "upstream " + where_of(upstream.url);
    attempt();
  }
  void give_up(base::Error error) { finish({End::Kind::failed, {}, std::move(error)}); }

  void head(int status, fetch::Headers headers) override {
    if (status < 500) std::string().swap(question_.http.body);
    reading_->head(status, std::move(headers));
  }

  bool data(std::string_view bytes) override {
    if (!std::exchange(answered_, true)) {
      shared_->first_byte.observe(shared_->clock.now() - started_);
    }
    shared_->bytes.add(bytes.size());
    bool more = reading_->data(bytes, *flight_);
    if (reading_->done() && !ended_) finish(reading_->end({}, *flight_));
    return more;
  }

  void finished(Result<> result) override {
    if (ended_) return;
    if (may_retry(result)) {
      shared_->retries.add();
      return attempt();
    }
    finish(reading_->end(std::move(result), *flight_));
  }

 private:
  void attempt() {
    // The body is kept only as long as another attempt may need it.
    bool last = ++attempts_ > shared_->options.retries_max;
    fetch::Request http = last ? std::move(question_.http) : question_.http;
    if (!shorten(http.total_timeout, deadline_, shared_->clock.now())) {
      return give_up({Code::deadline, where_ + ": no time left to ask"});
    }
    reading_ = std::make_unique<Reading>(
        question_.shape,
        Reading::Limits{shared_->options.reply_bytes_max, shared_->options.refusal_bytes_max},
        where_);
    auto started =
        shared_->client.start(std::move(http), shared_from_this(), flight_->stop_token());
    if (!started) give_up({started.error().code, "upstream " + started.error().what});
  }

  bool may_retry(const Result<>& result) {
    if (flight_->stop_token().stop_requested() || !reading_->retryable(result)) return false;
    if (attempts_ > shared_->options.retries_max) return false;
    if (shared_->budget.spend()) return true;
    shared_->retries_denied.add();
    return false;
  }

  void finish(End end) {
    ended_ = true;
    switch (end.kind) {
      case End::Kind::answered: shared_->answered.add(); break;
      case End::Kind::refused: shared_->refused.add(); break;
      case End::Kind::failed:
        (end.error.code == Code::cancelled ? shared_->cancelled : shared_->failed).add();
        break;
    }
    flight_->finish(std::move(end));
  }

  const std::shared_ptr<Shared> shared_;
  const Call deadline_;  // only the deadline: the flight's own token stops the transfer
  const std::shared_ptr<Flight> flight_;
  const base::Instant started_;
  Question question_;
  std::string where_;
  std::unique_ptr<Reading> reading_;
  std::size_t attempts_ = 0;
  bool answered_ = false, ended_ = false;
};

Remote::Remote(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
Remote::~Remote() = default;

Result<std::unique_ptr<Remote>> Remote::open(Options options, fetch::Client& client,
                                             const base::Clock& clock) {
  TRY_DO(options.check());
  auto shared = std::make_shared<Shared>(std::move(options), client, clock);
  for (const Upstream& upstream : shared->options.upstreams) {
    shared->models[upstream.name] = std::make_shared<ModelName>(upstream);
  }
  return std::unique_ptr<Remote>(new Remote(std::move(shared)));
}

void Remote::start(const Call& call, const chat::Request& request, std::shared_ptr<Flight> flight) {
  shared_->requests.add();
  shared_->budget.earn();
  const Upstream& upstream = choose(shared_->options, request.model);
  auto asking = std::make_shared<Asking>(shared_, call, std::move(flight));
  if (!needs_model(request, upstream)) return asking->begin(request, upstream, "");
  shared_->models.at(upstream.name)
      ->with_name(*shared_, request.pass, [asking, request, &upstream](Result<std::string> name) {
        if (!name) return asking->give_up(std::move(name.error()));
        asking->begin(request, upstream, *name);  // upstream lives with asking's shared options
      });
}

void Remote::forward(const Call& call, Passage passage,
                     std::function<void(Result<chat::Refusal>)> done) {
  const Upstream& upstream = shared_->options.upstreams.front();
  fetch::Request http{.method = std::move(passage.method),
                      .url = join(upstream.url, passage.target),
                      .headers = with_credential(std::move(passage.headers), upstream),
                      .body = std::move(passage.body),
                      .connect_timeout = upstream.connect_timeout,
                      .first_byte_timeout = upstream.first_byte_timeout,
                      .idle_timeout = upstream.idle_timeout,
                      .total_timeout = upstream.total_timeout};
  if (!shorten(http.total_timeout, call, shared_->clock.now())) {
    return done(fail(Code::deadline, "no time left to ask the upstream"));
  }
  auto sink = std::make_shared<Passing>(shared_->options.reply_bytes_max, done);
  auto started = shared_->client.start(std::move(http), sink, call.stop);
  if (!started) done(std::unexpected(started.error()));
}

Stats Remote::stats() const {
  return {.requests = shared_->requests.value(),
          .answered = shared_->answered.value(),
          .refused = shared_->refused.value(),
          .failed = shared_->failed.value(),
          .cancelled = shared_->cancelled.value(),
          .retries = shared_->retries.value(),
          .retries_denied = shared_->retries_denied.value(),
          .bytes = shared_->bytes.value(),
          .first_byte = shared_->first_byte.snapshot()};
}

}  // namespace refrain::upstream
