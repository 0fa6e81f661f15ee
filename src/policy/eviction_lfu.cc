// Least frequently used: the item with the fewest uses since it came goes first; of equals, the one
// whose last use is longest ago. What is gone is forgotten, and counts never fade: a thing that was
// popular last week stays until it is outdone (the weakness that W-TinyLFU's ageing mends).
// Source: K. Shah, A. Mitra, D. Matani, "An O(1) algorithm for implementing the LFU cache eviction
// scheme", 2010: a list of counts in rising order, each with the items that have it. An
// item moves to the next count when it is used, so no count is ever searched for.
// Example, cache of 3: ask a b c a a b, then d: c goes (one use), then e: d goes (one use).
#include <list>

#include "policy/eviction_kinds.h"
#include "policy/eviction_queue.h"

namespace refrain::policy {
namespace {

constexpr std::uint8_t kInside = 1;

class Lfu final : public Eviction {
 public:
  explicit Lfu(std::uint64_t bytes_max) : Eviction(bytes_max) {}

  void added(const Newcomer& item) override {
    nodes_.enter(item, kInside);
    if (item.slot >= at_.size()) at_.resize(item.slot + std::size_t{1});
    if (counts_.empty() || counts_.front().uses != 1) {
      counts_.push_front({1, EvictionQueue(nodes_)});
    }
    join(item.slot, counts_.begin());
    bytes_ += item.bytes;
  }
  void used(Slot slot) override {
    nodes_.inside(slot);
    const Place from = at_[slot];
    Place to = std::next(from);
    if (to == counts_.end() || to->uses != from->uses + 1) {
      to = counts_.insert(to, {from->uses + 1, EvictionQueue(nodes_)});
    }
    leave(slot, from);
    join(slot, to);
  }
  void removed(Slot slot) override {
    EvictionNode& node = nodes_.inside(slot);
    leave(slot, at_[slot]);
    bytes_ -= node.bytes;
    node.place = EvictionNodes::kOutside;
  }
  std::uint64_t bytes() const noexcept override { return bytes_; }

 private:
  struct Count {
    std::uint64_t uses;
    EvictionQueue queue;  // the item whose use is latest is the newest
  };
  using Place = std::list<Count>::iterator;

  Slot evict_one() override {
    const Slot victim = counts_.front().queue.tail();
    removed(victim);
    return victim;
  }
  void join(Slot slot, Place place) {
    place->queue.push(slot);
    at_[slot] = place;
  }
  void leave(Slot slot, Place place) {
    place->queue.take(slot);
    if (place->queue.empty()) counts_.erase(place);
  }

  std::uint64_t bytes_ = 0;
  EvictionNodes nodes_;
  std::list<Count> counts_;  // rising uses, none of them empty
  std::vector<Place> at_;    // by slot
};

}  // namespace

std::unique_ptr<Eviction> make_lfu(const EvictionOptions& options) {
  return std::make_unique<Lfu>(options.bytes_max);
}

}  // namespace refrain::policy
