#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "key/identity.h"

namespace refrain::index {

/// Place of a node in the graph's memory.
using Slot = std::uint32_t;
inline constexpr Slot kNoSlot = 0xFFFFFFFF;

/// A tombstone is no answer any more but still leads searches on; a free slot is linked by nobody.
enum class SlotState : std::uint8_t { free, live, tombstone };

/// An i8 code with its scale: two codes have about the inner product scale * scale * sum.
struct Probe {
  const std::int8_t* code = nullptr;
  float scale = 0;
};

/// The memory of a graph: blocks of 4,096 nodes that never move, each with an array for every thing
/// that a search touches (rows, codes, links). Nothing here decides or locks.
class GraphNodes {
 public:
  static constexpr std::size_t kBlockSlots = 4096;
  static constexpr int kLayersMax = 16;

  /// links_max  of the upper layers; layer 0 has twice as many.
  GraphNodes(std::size_t dim, std::size_t links_max);

  std::size_t dim() const noexcept { return dim_; }
  std::size_t code_bytes() const noexcept { return code_bytes_; }
  std::size_t links_max(int layer) const noexcept { return layer == 0 ? 2 * links_ : links_; }
  /// Slots in use or once in use: all that scans must look at.
  std::size_t slots() const noexcept { return slots_; }
  bool full() const noexcept { return slots_ == blocks_.size() * kBlockSlots; }
  /// Adds a block.
  void grow();
  /// Fills a slot that no search can reach: a free one, or slots() unless full(). Links are empty.
  void write(Slot slot, key::EntryId id, const float* row, int level);
  /// Makes it visible: state live, slots() beyond it.
  void publish(Slot slot);

  key::EntryId id(Slot slot) const noexcept { return block(slot).ids[at(slot)]; }
  int level(Slot slot) const noexcept { return block(slot).levels[at(slot)]; }
  SlotState state(Slot slot) const noexcept { return block(slot).states[at(slot)]; }
  void set_state(Slot slot, SlotState state) noexcept { block(slot).states[at(slot)] = state; }
  const float* row(Slot slot) const noexcept { return block(slot).rows.get() + at(slot) * dim_; }
  /// [code_bytes()], then the scale; for prefetching.
  const std::int8_t* code(Slot slot) const noexcept {
    return block(slot).codes.get() + at(slot) * code_stride_;
  }
  Probe probe(Slot slot) const noexcept {
    const std::int8_t* bytes = code(slot);
    float scale = 0;
    __builtin_memcpy(&scale, bytes + code_bytes_, sizeof scale);
    return {bytes, scale};
  }
  std::span<const Slot> links(Slot slot, int layer) const noexcept {
    const Slot* list = list_of(slot, layer);
    return {list + 1, *list};
  }
  /// links  at most links_max(layer).
  void set_links(Slot slot, int layer, std::span<const Slot> links) noexcept;

  std::size_t bytes() const noexcept;

 private:
  struct Release {
    void operator()(void* memory) const noexcept;
  };
  template <class T>
  using Array = std::unique_ptr<T[], Release>;
  template <class T>
  static Array<T> allocate(std::size_t count);

  struct Block {
    Array<float> rows;         // [slots, dim]
    Array<std::int8_t> codes;  // [slots, code_stride]: the code, then its scale
    Array<Slot> links;         // [slots, 1 + 2 * links]: count, then layer 0
    std::vector<key::EntryId> ids;
    std::vector<std::uint8_t> levels;
    std::vector<SlotState> states;
    std::vector<std::unique_ptr<Slot[]>> upper;  // layers 1..level, each count and links
  };
  static std::size_t at(Slot slot) noexcept { return slot % kBlockSlots; }
  const Block& block(Slot slot) const noexcept { return blocks_[slot / kBlockSlots]; }
  Block& block(Slot slot) noexcept { return blocks_[slot / kBlockSlots]; }
  const Slot* list_of(Slot slot, int layer) const noexcept {
    return layer == 0 ? block(slot).links.get() + at(slot) * (1 + 2 * links_)
                      : block(slot).upper[at(slot)].get() +
                            static_cast<std::size_t>(layer - 1) * (1 + links_);
  }

  const std::size_t dim_, links_, code_bytes_, code_stride_;
  std::size_t slots_ = 0;
  std::atomic<std::size_t> upper_bytes_{0};  // bytes() reads it beside a writer
  std::vector<Block> blocks_;
};

}  // namespace refrain::index
