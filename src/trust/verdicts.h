#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "key/identity.h"

namespace refrain::trust {

enum class Verdict : std::uint8_t { right, wrong };

/// What people said of an answer.
struct Spoken {
  key::EntryId id = 0;
  Verdict verdict = Verdict::wrong;
  base::WallTime when{};
};

/// The verdicts on stored answers, one for each: the last one said. An answer said to be wrong is
/// in quarantine: it is kept, and never served. Threads: any.
class Verdicts {
 public:
  explicit Verdicts(std::size_t spoken_max) : spoken_max_(spoken_max) {}

  /// False if the same was said before: nothing changes.
  /// Errors: busy (spoken_max verdicts are there; forget entries).
  base::Result<bool> say(const Spoken& spoken);
  std::optional<Spoken> find(key::EntryId id) const;
  bool quarantined(key::EntryId id) const;
  /// The entries are no more. True if a verdict went with them.
  bool erase(std::span<const key::EntryId> ids);
  std::vector<Spoken> all() const;
  std::size_t quarantined_count() const noexcept { return wrong_.load(); }
  void restore(std::span<const Spoken> spoken);

 private:
  using Table = std::unordered_map<key::EntryId, Spoken>;
  const std::size_t spoken_max_;
  base::Mutex<Table> table_;
  std::atomic<std::size_t> wrong_{0};  // most servers have none: then nobody takes the lock
  std::atomic<std::size_t> spoken_{0};
};

}  // namespace refrain::trust
