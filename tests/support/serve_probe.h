#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/pool.h"
#include "base/timer.h"
#include "cache/cache.h"
#include "serve/completions.h"
#include "store/store.h"
#include "tests/support/gate_embedder.h"
#include "tests/support/manual_clock.h"
#include "tests/support/scripted_producer.h"

namespace refrain::test {

/// Completions over a memory store, a manual clock, an embedder with a gate and a scripted model.
/// All doors are in threshold mode at 0.9 until a test says otherwise. A test changes `options`
/// before its first use of serving().
class ServeProbe {
 public:
  ServeProbe() {
    for (chat::Dialect dialect :
         {chat::Dialect::openai_chat, chat::Dialect::openai_completion,
          chat::Dialect::openai_embedding, chat::Dialect::tgi, chat::Dialect::gkv}) {
      serve::Route route;
      route.rule = {policy::Mode::threshold, 0.9F, policy::Compare::at_least};
      options.routes[dialect] = route;
    }
    options.lookup_deadline = std::chrono::hours(1);
    store = std::move(*store::open(store::Options{}, clock));
    cache::Cache::Options cached;
    cached.embedder_name = embedder.info().name();
    cached.dim = embedder.info().dim;
    cache = std::move(*cache::Cache::open(cached, {*store, &embedder, work, lookup, clock}));
  }
  ~ServeProbe() {
    embedder.open_gate();
    timer.stop();
    settle();
    cache->stop();
  }
  ServeProbe(const ServeProbe&) = delete;
  ServeProbe& operator=(const ServeProbe&) = delete;

  serve::Completions& serving() {
    if (!completions_) {
      completions_ = std::make_unique<serve::Completions>(
          options, serve::Completions::Rooms{*cache, model, work, lookup, timer, clock, journal});
    }
    return *completions_;
  }

  /// A chat question of one user turn, of tenant "t".
  serve::Ask ask_of(const std::string& text, key::Controls controls = {}) {
    serve::Ask ask;
    ask.request.model = "m";
    json::Value message;
    message.set("role", "user");
    message.set("content", text);
    ask.request.body.set("model", "m");
    ask.request.body.set("messages", json::Array{std::move(message)});
    ask.request.text = text;
    ask.id = "req-" + std::to_string(++asked_);
    ask.tenant.id = "t";
    ask.controls = std::move(controls);
    ask.places = serve::places_of(ask.request, ask.tenant, ask.controls, {});
    ask.received = clock.now();
    return ask;
  }

  struct Seen {
    serve::Outcome outcome = serve::Outcome::miss;
    chat::Head head;
    chat::End end;
    std::string text;  // of choice 0
    std::string id;    // of the request
  };
  /// Asks, waits for the end and for the journal, and leaves.
  Seen see(serve::Ask ask) {
    std::string id = ask.id;
    Seen seen = end_of(serving().ask(std::move(ask)));
    seen.id = id;
    explained(id);
    return seen;
  }
  Seen see(const std::string& text, key::Controls controls = {}) {
    return see(ask_of(text, std::move(controls)));
  }
  /// Waits for the end of a ticket, and leaves its flight.
  static Seen end_of(const serve::Ticket& ticket) {
    Seen seen;
    if (ticket.answer) {
      seen.outcome = ticket.outcome;
      seen.head = ticket.head;
      seen.text = chat::text(*ticket.answer);
      return seen;
    }
    wait_end(*ticket.flight);
    chat::Flight::Slice slice = ticket.flight->read(0);
    if (slice.head) seen.head = *slice.head;
    seen.outcome = serve::outcome_of(ticket, seen.head);
    seen.end = *slice.end;
    seen.text = chat::text({seen.head.origin, seen.head.delivery, slice.events});
    ticket.flight->leave();
    return seen;
  }
  static void wait_end(chat::Flight& flight) {
    auto over = std::make_shared<std::pair<std::mutex, std::condition_variable>>();
    auto done = std::make_shared<bool>(false);
    flight.watch(SIZE_MAX, true, [over, done] {
      std::lock_guard guard(over->first);
      *done = true;
      over->second.notify_all();
    });
    std::unique_lock guard(over->first);
    over->second.wait(guard, [&] { return *done; });
  }
  /// Lets all look-ups and writes that are under way come to their end; none may come after.
  void settle() {
    lookup.stop();
    work.stop();
  }
  /// The decision of a request that was answered. A reader may see the end of a flight a moment
  /// before it is in the journal and in the statistics: this waits for both.
  serve::Decision explained(const std::string& id) {
    std::optional<serve::Decision> decision = journal.find(id);
    for (; !decision; decision = journal.find(id)) std::this_thread::yield();
    return *decision;
  }

  ManualClock clock;
  GateEmbedder embedder;
  ScriptedProducer model;
  base::Pool work{{.name = "work"}}, lookup{{.name = "lookup"}};
  base::Timer timer;
  serve::Journal journal{100};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<cache::Cache> cache;
  serve::Completions::Options options;

 private:
  std::unique_ptr<serve::Completions> completions_;
  int asked_ = 0;
};

}  // namespace refrain::test
