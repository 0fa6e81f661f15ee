// A whole reply waits for the end of its flight; a streamed one for its head or its end, whichever
// is first, and then reads the flight's log whenever the connection can take more. Both are woken
// by the flight; nothing waits. A wake-up may run on the writer's thread, so it renders at most one
// reply and hands it to the connection's own thread.
#include "api/reply.h"

#include <atomic>
#include <cmath>
#include <cstdint>
#include <utility>

#include <algorithm>

#include "api/status.h"
#include "wire/openai.h"

namespace refrain::api {
namespace {

std::string seconds_since(base::WallTime from, base::WallTime to) {
  auto age = std::chrono::duration_cast<std::chrono::seconds>(to - from).count();
  return std::to_string(std::max<std::int64_t>(age, 0));
}

std::string similarity_text(float similarity) {
  json::Value rounded = json::Value::of(std::round(static_cast<double>(similarity) * 1e6) / 1e6);
  return rounded.number()->text;
}

std::string_view forward_reason(serve::Outcome outcome) {
  switch (outcome) {
    case serve::Outcome::bypass: return "bypass";
    case serve::Outcome::refresh: return "request";
    default: return "miss";
  }
}

// One reader of one flight. Shared by the exchange's callbacks and the flight's wake-ups.
class Reading : public std::enable_shared_from_this<Reading> {
 public:
  Reading(std::shared_ptr<net::Exchange> exchange, serve::Ticket ticket, ReplyPlan plan,
          const base::Clock& clock)
      : exchange_(std::move(exchange)),
        ticket_(std::move(ticket)),
        plan_(std::move(plan)),
        clock_(clock) {}

  void start() {
    auto self = shared_from_this();
    exchange_->on_close([self] { self->close(); });
    if (plan_.stream) {
      ticket_.flight->watch(0, false, [self] { self->begin_stream(); });
    } else {
      ticket_.flight->watch(SIZE_MAX, true, [self] { self->reply_whole(); });
    }
  }

  net::Piece next() {
    chat::Flight::Slice slice = ticket_.flight->read(cursor_);
    std::string out;
    for (const auto& event : slice.events) plan_.voice->event(*event, out);
    cursor_ += slice.events.size();
    if (slice.end) return last(*slice.end, std::move(out));
    if (!out.empty()) return {std::move(out), net::More::yes};
    auto self = shared_from_this();
    ticket_.flight->watch(cursor_, true, [self] { self->exchange_->wake(); });
    return {{}, net::More::wait};
  }

 private:
  class Body final : public net::Source {
   public:
    explicit Body(std::shared_ptr<Reading> reading) : reading_(std::move(reading)) {}
    net::Piece next() override { return reading_->next(); }

   private:
    std::shared_ptr<Reading> reading_;
  };

  net::Piece last(const chat::End& end, std::string out) {
    bool answered = end.kind == chat::End::Kind::answered;
    if (answered) {
      plan_.voice->end(out);
    } else {
      plan_.voice->broken(end.error, end.refusal.body, out);
    }
    report();
    // After an error event the body ends cleanly: clients read the event, not the cut.
    return {std::move(out), net::More::end};
  }

  void begin_stream() {
    chat::Flight::Slice slice = ticket_.flight->read(0);
    if (!slice.head) return reply_without_answer(*slice.end);
    if (slice.end && slice.events.empty() && slice.end->kind != chat::End::Kind::answered) {
      return reply_without_answer(*slice.end);
    }
    plan_.voice->begin(*slice.head);
    net::Headers headers = headers_of(*slice.head, plan_.stream_type);
    headers.emplace_back("cache-control", "no-cache");
    exchange_->stream(200, std::move(headers), std::make_unique<Body>(shared_from_this()));
  }

  void reply_whole() {
    chat::Flight::Slice slice = ticket_.flight->read(0);
    if (slice.end->kind != chat::End::Kind::answered || !slice.head) {
      return reply_without_answer(*slice.end);
    }
    chat::Answer answer{slice.head->origin, slice.head->delivery, std::move(slice.events)};
    serve::Outcome outcome = serve::outcome_of(ticket_, *slice.head);
    net::Response response{200, headers_of(*slice.head, "application/json"),
                           plan_.voice->whole(answer, *slice.head, outcome)};
    report(&answer);
    exchange_->reply(std::move(response));
  }

  void reply_without_answer(const chat::End& end) {
    report();
    if (end.kind == chat::End::Kind::refused) {
      net::Headers headers = end.refusal.headers;
      chat::Head none;
      for (auto& header : cache_headers(ticket_, none, plan_.request_id, clock_.wall())) {
        headers.push_back(std::move(header));
      }
      exchange_->reply({end.refusal.status, std::move(headers), end.refusal.body});
      return;
    }
    int status = http_status(end.error.code);
    bool uncached = end.error.code == base::Code::not_found;  // only-if-cached: RFC 9111 5.2.1.7
    if (uncached) status = 504;
    net::Headers headers = headers_of({}, "application/json");
    if (status == 503) headers.emplace_back("retry-after", "1");
    exchange_->reply({status, std::move(headers), plan_.voice->error(end.error, status)});
  }

  net::Headers headers_of(const chat::Head& head, const std::string& type) {
    net::Headers headers = cache_headers(ticket_, head, plan_.request_id, clock_.wall());
    headers.emplace_back("content-type", type);
    for (const auto& [name, value] : head.upstream_headers) {
      if (name != "content-type" && name != "cache-control") headers.emplace_back(name, value);
    }
    return headers;
  }

  void report(const chat::Answer* answer = nullptr) {
    if (!plan_.done) return;
    auto done = std::exchange(plan_.done, nullptr);
    chat::Flight::Slice slice = ticket_.flight->read(0);
    chat::Head head = slice.head ? *slice.head : chat::Head{};
    bool answered = slice.end && slice.end->kind == chat::End::Kind::answered;
    chat::Answer own{head.origin, head.delivery, std::move(slice.events)};
    if (!answer && answered) answer = &own;
    done(head, serve::outcome_of(ticket_, head), answer);
  }

  void close() {
    if (!closed_.exchange(true)) ticket_.flight->leave();
  }

  std::shared_ptr<net::Exchange> exchange_;
  serve::Ticket ticket_;
  ReplyPlan plan_;
  const base::Clock& clock_;
  std::size_t cursor_ = 0;
  std::atomic<bool> closed_{false};
};

// A stored answer as a stream: everything is there, so it is one piece.
class Stored final : public net::Source {
 public:
  explicit Stored(std::string bytes) : bytes_(std::move(bytes)) {}
  net::Piece next() override { return {std::move(bytes_), net::More::end}; }

 private:
  std::string bytes_;
};

void answer_from_memory(const std::shared_ptr<net::Exchange>& exchange, serve::Ticket& ticket,
                        ReplyPlan& plan, const base::Clock& clock) {
  net::Headers headers = cache_headers(ticket, ticket.head, plan.request_id, clock.wall());
  if (plan.stream) {
    std::string out;
    plan.voice->begin(ticket.head);
    for (const auto& event : ticket.answer->events) plan.voice->event(*event, out);
    plan.voice->end(out);
    headers.emplace_back("content-type", plan.stream_type);
    headers.emplace_back("cache-control", "no-cache");
    exchange->stream(200, std::move(headers), std::make_unique<Stored>(std::move(out)));
  } else {
    headers.emplace_back("content-type", "application/json");
    exchange->reply(
        {200, std::move(headers), plan.voice->whole(*ticket.answer, ticket.head, ticket.outcome)});
  }
  if (plan.done) plan.done(ticket.head, ticket.outcome, ticket.answer.get());
}

}  // namespace

net::Headers cache_headers(const serve::Ticket& ticket, const chat::Head& head,
                           const std::string& request_id, base::WallTime now) {
  serve::Outcome outcome = serve::outcome_of(ticket, head);
  net::Headers headers;
  headers.reserve(12);
  std::string status = "refrain";
  if (outcome == serve::Outcome::hit) {
    status += "; hit; detail=" + head.tier;
  } else {
    status += "; fwd=";
    status += forward_reason(outcome);
    if (outcome == serve::Outcome::coalesced) status += "; collapsed";
  }
  headers.emplace_back("cache-status", std::move(status));
  headers.emplace_back("x-refrain-cache", serve::name(outcome));
  headers.emplace_back("x-refrain-request-id", request_id);
  if (outcome == serve::Outcome::hit) {
    headers.emplace_back("x-refrain-tier", head.tier);
    headers.emplace_back("x-refrain-similarity", similarity_text(head.similarity));
    headers.emplace_back("x-refrain-answer-id", base::hex(head.answer_id));
    if (head.stored) headers.emplace_back("age", seconds_since(*head.stored, now));
  }
  if (head.reuse) {
    headers.emplace_back("x-refrain-reuse", head.reuse->rung);
    headers.emplace_back("x-refrain-reused-tokens", std::to_string(head.reuse->reused_tokens));
    headers.emplace_back("x-refrain-prefilled-tokens",
                         std::to_string(head.reuse->prefilled_tokens));
    if (!head.reuse->entry.empty()) {
      headers.emplace_back("x-refrain-kv-entry", head.reuse->entry);
    }
    if (!head.reuse->kv_name.empty()) {
      headers.emplace_back("x-refrain-kv-name", head.reuse->kv_name);
    }
  }
  return headers;
}

void answer(const std::shared_ptr<net::Exchange>& exchange, serve::Ticket ticket, ReplyPlan plan,
            const base::Clock& clock) {
  if (ticket.answer) return answer_from_memory(exchange, ticket, plan, clock);
  std::make_shared<Reading>(exchange, std::move(ticket), std::move(plan), clock)->start();
}

}  // namespace refrain::api
