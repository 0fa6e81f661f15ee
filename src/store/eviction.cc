#include "store/eviction.h"

#include <algorithm>

#include "store/limits.h"

namespace refrain::store {
namespace {

constexpr std::size_t kWindowShare = 4;

}  // namespace

Result<std::vector<Lean>> Hand::choose(const Wanted& wanted, const Window& window) {
  for (;;) {
    TRY(rows, window(at_, kWindow));
    if (rows.size() < kWindow && at_ != 0) {
      TRY(from_start, window(0, kWindow - rows.size()));
      std::erase_if(from_start, [&](const Lean& row) { return row.id > at_; });
      rows.insert(rows.end(), from_start.begin(), from_start.end());
    }
    const bool whole = rows.size() < kWindow;
    std::vector<Candidate> candidates;
    for (Lean& row : rows) {
      if (wanted.keep.contains(row.id)) continue;
      row.facts.now = wanted.now;
      candidates.push_back({row.id, worth(options_, row.facts), row.facts.bytes});
    }
    if (!rows.empty()) at_ = whole ? 0 : rows.back().id;
    if (candidates.empty() && !whole) continue;
    const std::size_t most = whole ? candidates.size() : kWindow / kWindowShare;
    std::unordered_set<EntryId> chosen;
    for (EntryId id : least(candidates, wanted.bytes, most)) chosen.insert(id);
    std::erase_if(rows, [&](const Lean& row) { return !chosen.contains(row.id); });
    return std::move(rows);
  }
}

}  // namespace refrain::store
