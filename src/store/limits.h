#pragma once

#include <span>

#include "store/store.h"

namespace refrain::store {

/// What a record takes, about: its bytes before compression and what a table adds.
std::uint64_t weight(const Record& record);

/// The largest batch these options allow.
std::uint64_t batch_limit(const Options& options) noexcept;

/// The weight of a batch. Errors: invalid (id beyond `next_id`, empty vector in an embedding, an id
/// twice), too_large.
Result<std::uint64_t> weigh(const Batch& batch, const Options& options, EntryId next_id);

/// options.value, or the time of the last use.
double worth(const Options& options, const Facts& facts);

/// Errors: deadline, cancelled.
Result<> check(const Call& call, const base::Clock& clock);

/// A candidate for eviction.
struct Candidate {
  EntryId id = 0;
  double value = 0;
  std::uint64_t bytes = 0;
};
/// Ids of the least valuable, until their bytes reach `bytes` or `count_max` are chosen. Equal
/// values by smaller id. Reorders the candidates.
std::vector<EntryId> least(std::span<Candidate> candidates, std::uint64_t bytes,
                           std::size_t count_max);

}  // namespace refrain::store
