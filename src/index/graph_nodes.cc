#include "index/graph_nodes.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "index/kernel.h"

namespace refrain::index {
namespace {

constexpr std::size_t kLine = 64;           // a cache line; codes start on one
constexpr std::size_t kHugePage = 2 << 20;  // blocks ask for them: a search touches a page per node

constexpr std::size_t round_up(std::size_t value, std::size_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace

void GraphNodes::Release::operator()(void* memory) const noexcept { std::free(memory); }

template <class T>
GraphNodes::Array<T> GraphNodes::allocate(std::size_t count) {
  const std::size_t alignment = count * sizeof(T) >= kHugePage ? kHugePage : kLine;
  const std::size_t bytes = round_up(count * sizeof(T), alignment);
  void* memory = std::aligned_alloc(alignment, bytes);
  CHECK(memory != nullptr, "out of memory");
  if (alignment == kHugePage) {
    // Advice only: without huge pages everything works, a little slower.
    static_cast<void>(::madvise(memory, bytes, MADV_HUGEPAGE));
  }
  return Array<T>(static_cast<T*>(memory));
}

GraphNodes::GraphNodes(std::size_t dim, std::size_t links_max)
    : dim_(dim),
      links_(links_max),
      code_bytes_(round_up(dim, kLine)),
      code_stride_(code_bytes_ + kLine) {}

void GraphNodes::grow() {
  Block added;
  added.rows = allocate<float>(kBlockSlots * dim_);
  added.codes = allocate<std::int8_t>(kBlockSlots * code_stride_);
  added.links = allocate<Slot>(kBlockSlots * (1 + 2 * links_));
  added.ids.resize(kBlockSlots);
  added.levels.resize(kBlockSlots);
  added.states.resize(kBlockSlots, SlotState::free);
  added.upper.resize(kBlockSlots);
  blocks_.push_back(std::move(added));
}

void GraphNodes::write(Slot slot, key::EntryId id, const float* row, int level) {
  Block& into = block(slot);
  const std::size_t place = at(slot);
  into.ids[place] = id;
  std::copy_n(row, dim_, into.rows.get() + place * dim_);
  std::int8_t* code = into.codes.get() + place * code_stride_;
  const float scale = kernels.quantise(row, dim_, code);
  std::memset(code + dim_, 0, code_bytes_ - dim_);
  std::memcpy(code + code_bytes_, &scale, sizeof scale);
  const auto layers = [this](int count) { return static_cast<std::size_t>(count) * (1 + links_); };
  upper_bytes_ -= into.upper[place] ? layers(into.levels[place]) * sizeof(Slot) : 0;
  into.levels[place] = static_cast<std::uint8_t>(level);
  into.upper[place] = level > 0 ? std::make_unique<Slot[]>(layers(level)) : nullptr;
  upper_bytes_ += layers(level) * sizeof(Slot);
  into.links[place * (1 + 2 * links_)] = 0;
}

void GraphNodes::publish(Slot slot) {
  set_state(slot, SlotState::live);
  slots_ = std::max<std::size_t>(slots_, slot + 1UL);
}

void GraphNodes::set_links(Slot slot, int layer, std::span<const Slot> links) noexcept {
  Slot* list = const_cast<Slot*>(list_of(slot, layer));
  *list = static_cast<Slot>(links.size());
  std::copy(links.begin(), links.end(), list + 1);
}

std::size_t GraphNodes::bytes() const noexcept {
  const std::size_t per_slot = dim_ * sizeof(float) + code_stride_ +
                               (1 + 2 * links_) * sizeof(Slot) + sizeof(key::EntryId) + 2 +
                               sizeof(std::unique_ptr<Slot[]>);
  return blocks_.size() * kBlockSlots * per_slot + upper_bytes_;
}

}  // namespace refrain::index
