#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/metric.h"
#include "base/mutex.h"
#include "key/identity.h"
#include "policy/agreement.h"
#include "policy/profile.h"

namespace refrain::trust {

/// A stored entry as a decision sees it. Shared between threads only as const.
struct Text {
  std::string asked;  // the question as it was embedded
  policy::Profile question;
  policy::Statement answer;
  base::WallTime stored{};
  std::optional<base::WallTime> expires;
};
/// Reads question and answer. Cost: about 40 microseconds for 100 and 200 characters.
std::shared_ptr<const Text> read_text(std::string_view question, std::string_view answer,
                                      base::WallTime stored = {},
                                      std::optional<base::WallTime> expires = {});

/// Rough size in memory, in bytes, with its place in Texts.
std::uint64_t footprint(const Text& text);

/// The entries that were neighbours lately, read once, and how far their answers agree: reading ten
/// texts and comparing 45 pairs of answers would take longer than everything else of a decision.
/// An entry id names one answer for ever, so nothing here grows old. Threads: any.
class Texts {
 public:
  struct Options {
    std::uint64_t bytes_max = 64ULL << 20;  // of texts; 0 keeps nothing
    std::size_t pairs_max = 1U << 16U;      // agreements kept, 24 bytes each; a power of two
  };
  struct Stats {
    std::uint64_t texts = 0, bytes = 0, bytes_max = 0;
    std::uint64_t found = 0, missed = 0, pairs_found = 0, pairs_missed = 0;
  };
  using Known = std::shared_ptr<const Text>;

  explicit Texts(const Options& options);

  /// out[i] is of ids[i]; null: not known.
  std::vector<Known> find(std::span<const key::EntryId> ids);
  /// The least recently used make room.
  void put(key::EntryId id, Known text);
  void erase(std::span<const key::EntryId> ids);
  /// policy::agreement of two entries' answers, computed once.
  double agreement(key::EntryId a, const Text& of_a, key::EntryId b, const Text& of_b);
  Stats stats() const;

 private:
  struct Item {
    key::EntryId id;
    Known text;
    std::uint64_t bytes;
  };
  using Order = std::list<Item>;  // most recently used first
  struct Table {
    Order order;
    std::unordered_map<key::EntryId, Order::iterator> by_id;
    std::uint64_t bytes = 0;
  };
  struct Pair {
    key::EntryId low = 0, high = 0;  // 0: empty
    double agreement = 0;
  };

  const Options options_;
  base::Mutex<Table> table_;
  base::Mutex<std::vector<Pair>> pairs_;  // by hash; the newer one of two takes the place
  base::Counter found_, missed_, pairs_found_, pairs_missed_;
};

}  // namespace refrain::trust
