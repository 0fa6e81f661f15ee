#pragma once

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "policy/eviction.h"

namespace refrain::policy {

inline constexpr Slot kNoSlot = UINT32_MAX;

/// What every policy keeps of an item.
struct EvictionNode {
  Slot newer = kNoSlot, older = kNoSlot;  // neighbours in its queue
  std::uint64_t identity = 0, bytes = 0;
  std::uint64_t uses = 0;  // as the policy counts them
  std::uint8_t place = 0;  // kOutside, or a number of the policy's own: which queue
};

/// The items of a policy by slot. No call allocates once the array has grown to the most slots that
/// were ever in use.
class EvictionNodes {
 public:
  static constexpr std::uint8_t kOutside = 0;

  EvictionNode& enter(const Newcomer& item, std::uint8_t place) {
    CHECK(item.slot != kNoSlot && item.bytes > 0, "an item needs a slot and a size");
    if (item.slot >= nodes_.size()) nodes_.resize(item.slot + std::size_t{1});
    EvictionNode& node = nodes_[item.slot];
    CHECK(node.place == kOutside, "the slot holds an item already");
    node = EvictionNode{.identity = item.identity, .bytes = item.bytes, .place = place};
    return node;
  }
  EvictionNode& inside(Slot slot) {
    CHECK(slot < nodes_.size() && nodes_[slot].place != kOutside, "no item has this slot");
    return nodes_[slot];
  }
  EvictionNode& operator[](Slot slot) { return nodes_[slot]; }
  const EvictionNode& operator[](Slot slot) const { return nodes_[slot]; }

 private:
  std::vector<EvictionNode> nodes_;
};

/// A queue of items, newest first, linked through nodes that several queues share: taking one out
/// of the middle costs as little as from the end. An item is in one queue at most.
class EvictionQueue {
 public:
  explicit EvictionQueue(EvictionNodes& nodes) : nodes_(&nodes) {}

  void push(Slot slot) {
    EvictionNode& node = (*nodes_)[slot];
    node.newer = kNoSlot;
    node.older = head_;
    if (head_ != kNoSlot) (*nodes_)[head_].newer = slot;
    head_ = slot;
    if (tail_ == kNoSlot) tail_ = slot;
    bytes_ += node.bytes;
  }
  void take(Slot slot) {
    const EvictionNode& node = (*nodes_)[slot];
    (node.newer == kNoSlot ? head_ : (*nodes_)[node.newer].older) = node.older;
    (node.older == kNoSlot ? tail_ : (*nodes_)[node.older].newer) = node.newer;
    bytes_ -= node.bytes;
  }
  Slot tail() const noexcept { return tail_; }
  bool empty() const noexcept { return tail_ == kNoSlot; }
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  EvictionNodes* nodes_;
  Slot head_ = kNoSlot, tail_ = kNoSlot;
  std::uint64_t bytes_ = 0;
};

/// A policy of one queue, whose oldest goes; what a use changes is the policy's.
class OneQueue : public Eviction {
 public:
  void added(const Newcomer& item) final {
    nodes_.enter(item, kInside);
    queue_.push(item.slot);
  }
  void removed(Slot slot) final {
    EvictionNode& node = nodes_.inside(slot);
    queue_.take(slot);
    node.place = EvictionNodes::kOutside;
  }
  std::uint64_t bytes() const noexcept final { return queue_.bytes(); }

 protected:
  using Eviction::Eviction;
  static constexpr std::uint8_t kInside = 1;

  EvictionNodes nodes_;
  EvictionQueue queue_{nodes_};

 private:
  Slot evict_one() final {
    const Slot victim = queue_.tail();
    removed(victim);
    return victim;
  }
};

}  // namespace refrain::policy
