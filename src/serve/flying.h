#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "serve/completions.h"

namespace refrain::serve {

/// Copies what a semantic look-up saw into a decision.
void note(Decision& decision, const cache::SemanticFind& find);

/// One question on its way through store, semantic tier and model. Kept alive by its flight's end
/// watcher; see flying.cc for the order of things.
class Completions::Flying : public std::enable_shared_from_this<Completions::Flying> {
 public:
  Flying(Completions& owner, Ask ask, cache::Query query, Outcome outcome);

  /// key: where the flight is listed, if it is shared.
  void start(std::shared_ptr<chat::Flight> flight, std::optional<key::Key> key);

 private:
  bool decide() { return !decided_.exchange(true); }
  void look_in_store();
  void look_by_meaning();
  void deliver(const cache::Hit& hit, std::string_view tier);
  void miss();
  void late();
  void go_on();
  void ask_ahead();
  void generate();
  std::pair<double, double> look_up_cost();  // embed_ms, search_ms
  void pump(std::size_t cursor, bool begun);
  void landed();
  void keep(const chat::Answer& answer);
  void learn(std::shared_ptr<const chat::Answer> answer, std::vector<key::EntryId> stored);
  base::Call lookup_call() const;

  Completions& owner_;
  Ask ask_;
  cache::Query query_;
  Outcome outcome_;
  std::shared_ptr<chat::Flight> flight_;
  std::optional<key::Key> key_;
  std::shared_ptr<chat::Flight> ahead_;  // the model's own flight when it was asked in advance
  // Whoever wanted our flight has left: nobody wants the model's own either.
  std::optional<std::stop_callback<std::function<void()>>> ahead_stop_;
  base::Instant lookup_deadline_{};
  base::Instant generating_{};
  std::atomic<base::Timer::Id> timer_{0};  // the deadline may fire before its id is noted
  std::atomic<bool> decided_{false};
  std::atomic<bool> generated_{false};
  std::mutex lock_;  // of what is below: a late look-up may still write while the flight lands
  Decision decision_;
  std::vector<float> vector_;
  std::shared_ptr<const cache::Lesson> lesson_;
};

}  // namespace refrain::serve
