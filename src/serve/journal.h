#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "chat/flight.h"
#include "key/identity.h"
#include "trust/routes.h"

namespace refrain::serve {

/// One candidate that a semantic look-up weighed.
struct Weighed {
  key::EntryId id = 0;
  float cosine = 0;
  bool accepted = false;
  std::vector<std::string> reasons;  // "numbers: 2023 against 2024"
};

/// Why one request was answered as it was. Holds no text of question or answer.
struct Decision {
  std::string request_id;
  base::WallTime when{};
  std::string tenant, dialect, model;
  std::string outcome;  // hit | miss | coalesced | bypass | refresh
  std::string tier;     // exact | semantic | ""
  key::EntryId answer_id = 0;
  float similarity = 0;
  float floor = 0;
  std::string mode;     // verified | threshold | off
  std::vector<std::string> controls;
  std::vector<Weighed> candidates;
  double embed_ms = 0, search_ms = 0, total_ms = 0;
  std::optional<chat::Reuse> reuse;  // of the embedded engine's prompt KV
  std::optional<trust::Judgement> judgement;  // of the likeliest candidate, in verified mode
  key::EntryId stored_as = 0;                 // the entry that its fresh answer became
};

/// Whether reasons keep their words, which may name numbers and words of the two questions.
enum class Words : std::uint8_t { kept, left_out };

/// The last decisions, for explain. Bounded; threads: any.
class Journal {
 public:
  explicit Journal(std::size_t entries_max, Words words = Words::kept)
      : entries_max_(entries_max), words_(words) {}
  void add(Decision decision);
  /// By request id.
  std::optional<Decision> find(const std::string& request_id) const;
  /// The last decisions that were answered from this entry, newest first.
  std::vector<Decision> served_from(key::EntryId id, std::size_t limit) const;
  /// The last decisions in which this entry was refused, newest first.
  std::vector<Decision> refused(key::EntryId id, std::size_t limit) const;
  /// The decision whose fresh answer became this entry.
  std::optional<Decision> made(key::EntryId id) const;
  /// The last decisions, newest first; tenant "" means all.
  std::vector<Decision> last(const std::string& tenant, std::size_t limit) const;

 private:
  using Kept = std::shared_ptr<const Decision>;
  struct State {
    std::deque<Kept> order;
    std::unordered_map<std::string, Kept> by_request;
  };
  template <class Wanted>
  std::vector<Decision> newest(std::size_t limit, const Wanted& wanted) const;

  std::size_t entries_max_;
  Words words_;
  base::Mutex<State> state_;
};

}  // namespace refrain::serve
