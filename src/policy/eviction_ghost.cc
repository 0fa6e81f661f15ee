#include "policy/eviction_ghost.h"

namespace refrain::policy {

void Ghost::remember(std::uint64_t identity, std::uint64_t bytes) {
  recall(identity);
  Slot slot = slots_made_;
  if (free_.empty()) {
    ++slots_made_;
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  nodes_.enter({slot, identity, bytes}, 1);
  order_.push(slot);
  slots_[identity] = slot;
}

std::optional<std::uint64_t> Ghost::recall(std::uint64_t identity) {
  const auto at = slots_.find(identity);
  if (at == slots_.end()) return std::nullopt;
  const Slot slot = at->second;
  order_.take(slot);
  nodes_[slot].place = EvictionNodes::kOutside;
  free_.push_back(slot);
  slots_.erase(at);
  return nodes_[slot].bytes;
}

void Ghost::drop_oldest() { recall(nodes_[order_.tail()].identity); }

}  // namespace refrain::policy
