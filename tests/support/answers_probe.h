#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "answers/service.h"
#include "base/pool.h"
#include "store/store.h"
#include "tests/support/gate_embedder.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_folder.h"

namespace refrain::test {

/// A service over a folder of its own, a manual clock and an embedder with a gate. A test changes
/// `options` before its first use of service(), or calls restart().
class AnswersProbe {
 public:
  AnswersProbe() { options.rule.mode = policy::Mode::threshold; }
  ~AnswersProbe() { close(); }
  AnswersProbe(const AnswersProbe&) = delete;
  AnswersProbe& operator=(const AnswersProbe&) = delete;

  answers::Service& service() {
    if (service_) return *service_;
    store::Options stored;
    stored.folder = folder.path();
    store = std::move(*store::open(stored, clock));
    cache::Cache::Options cached;
    cached.embedder_name = embedder.info().name();
    cached.dim = embedder.info().dim;
    cache = std::move(*cache::Cache::open(cached, {*store, &embedder, *work, *work, clock}));
    ledger = std::move(*answers::Ledger::open({.path = folder.path() + "/ledger.sqlite"}, clock));
    service_ = std::make_unique<answers::Service>(
        options,
        answers::Service::Rooms{*cache, &embedder, *ledger, reranker, [this] { return chance++; }});
    return *service_;
  }
  void close() {
    if (!service_) return;
    embedder.open_gate();
    work->stop();
    cache->stop();
    service_.reset();
    ledger.reset();
    cache.reset();
    store.reset();
    work = std::make_unique<base::Pool>(base::Pool::Options{.name = "work"});
  }

  static chat::Conversation said(const std::string& text) { return {{"user", text, {}}}; }
  static base::Call call() { return {}; }
  /// Of tenant "t" and model "m" where nothing else is said.
  std::vector<key::EntryId> insert(const std::vector<std::pair<std::string, std::string>>& entries,
                                   const answers::Collection& of = {"t", "m"}) {
    std::vector<answers::Entry> list;
    for (const auto& [text, answer] : entries) {
      list.push_back({service().question(of, said(text)), answer});
    }
    auto ids = service().insert(call(), of, std::move(list));
    return ids ? *ids : std::vector<key::EntryId>{};
  }
  /// Answers of a query; "failed" is an answer of its own.
  std::vector<std::string> ask(const chat::Conversation& turns,
                               const answers::Collection& of = {"t", "m"}) {
    auto found = service().find(call(), service().question(of, turns));
    if (!found) return {"failed"};
    std::vector<std::string> out;
    for (answers::Match& match : *found) out.push_back(std::move(match.answer));
    return out;
  }
  std::vector<std::string> ask(const std::string& text,
                               const answers::Collection& of = {"t", "m"}) {
    return ask(said(text), of);
  }

  TempFolder folder;
  ManualClock clock;
  GateEmbedder embedder;
  answers::Service::Options options;
  answers::Reranker* reranker = nullptr;
  std::uint64_t chance = 0;
  std::unique_ptr<base::Pool> work =
      std::make_unique<base::Pool>(base::Pool::Options{.name = "work"});
  std::unique_ptr<store::Store> store;
  std::unique_ptr<cache::Cache> cache;
  std::unique_ptr<answers::Ledger> ledger;

 private:
  std::unique_ptr<answers::Service> service_;
};

}  // namespace refrain::test
