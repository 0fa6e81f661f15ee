#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "cache/cache.h"

namespace refrain::cache {

/// A neighbour of a question, with what it says.
struct Near {
  key::EntryId id = 0;
  float cosine = 0;
  std::size_t place = 0;  // of the query
  trust::Texts::Known text;
};

/// What verified mode says of a question's neighbours.
struct Verdict {
  std::optional<std::size_t> accepted;  // index into the neighbours
  std::vector<Look> looks;              // best first, kLooksMax at most
  std::optional<trust::Judgement> judgement;
  std::shared_ptr<const Lesson> lesson;  // where a fresh answer would say whether this was right
};
inline constexpr std::size_t kLooksMax = 5;

/// Weighs the neighbours, best first and fresh, and asks the budget of the query's route.
/// Threads: any. Cost: under 100 microseconds for ten whose answers were compared before.
Verdict decide(trust::Trust& trust, const embed::Embedder& embedder, const Query& query,
               std::span<const Near> near);

/// Whether an entry may answer at `now`.
bool is_fresh(const trust::Text& text, std::optional<std::chrono::seconds> max_age,
              base::WallTime now) noexcept;

}  // namespace refrain::cache
