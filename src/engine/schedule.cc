#include "engine/schedule.h"

#include <algorithm>
#include <numeric>

namespace refrain::engine {

std::vector<Share> plan_batch(std::span<const Pending> pending, const BatchLimits& limits) {
  std::vector<std::size_t> order(pending.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return pending[i].arrived; });

  std::size_t left = std::min(limits.batch_tokens, limits.cells);
  std::vector<Share> shares;
  std::vector<std::size_t> readers;
  for (const std::size_t i : order) {
    if (pending[i].tokens > 1) {
      readers.push_back(i);
    } else if (pending[i].tokens == 1 && left > 0) {
      shares.push_back({i, 1});
      --left;
    }
  }
  if (!shares.empty()) left = std::min(left, limits.chunk_tokens);
  if (readers.empty() || left == 0) return shares;

  const std::size_t oldest = readers.front();
  readers.erase(readers.begin());
  std::ranges::stable_sort(readers, {}, [&](std::size_t i) { return pending[i].tokens; });
  const std::size_t wanted = pending[oldest].tokens;
  const std::size_t reserved = std::min(wanted, readers.empty() ? left : (left + 1) / 2);
  std::size_t others = left - reserved;
  std::size_t given = 0;
  std::vector<Share> rest;
  for (const std::size_t i : readers) {
    const std::size_t tokens = std::min(pending[i].tokens, others - given);
    if (tokens == 0) break;
    rest.push_back({i, tokens});
    given += tokens;
  }
  shares.push_back({oldest, std::min(wanted, left - given)});
  shares.insert(shares.end(), rest.begin(), rest.end());
  return shares;
}

}  // namespace refrain::engine
