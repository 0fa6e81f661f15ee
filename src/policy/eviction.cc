// Seven ways to choose whom to let go, each in a file of its own, behind one interface.
//
// Why the interface is as it is: the published policies differ in what they look at, not in when
// they are asked. All of them are told of a newcomer, of a use, and of what the caller took away.
// admit() lets in and makes room in one call, since ARC adapts by the newcomer before it chooses
// the victim, and W-TinyLFU's window is full only with the newcomer in it. added() and evict() are
// apart for tiers whose limit is not the sum of their items, such as memory that is still being
// read; there these two follow one step late.
//
// All count bytes where their papers count objects: a queue that the paper bounds by a number of
// objects is bounded by the same share of bytes_max here.
#include "policy/eviction.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "policy/eviction_kinds.h"

namespace refrain::policy {
namespace {

constexpr std::array<std::string_view, 7> kNames = {"s3fifo", "lru",       "lfu", "fifo",
                                                    "random", "w-tinylfu", "arc"};
constexpr std::array kMakers = {make_s3fifo, make_lru,       make_lfu, make_fifo,
                                make_random, make_w_tinylfu, make_arc};

}  // namespace

void Eviction::admit(const Newcomer& item, std::vector<Slot>& out) {
  while (bytes() > 0 && bytes() + item.bytes > bytes_max_) out.push_back(evict_one());
  added(item);
}

void Eviction::evict(std::uint64_t bytes, std::vector<Slot>& out) {
  const std::uint64_t before = this->bytes();
  while (this->bytes() > 0 && before - this->bytes() < bytes) out.push_back(evict_one());
}

std::span<const std::string_view> eviction_names() noexcept { return kNames; }

base::Result<std::unique_ptr<Eviction>> make_eviction(std::string_view name,
                                                      const EvictionOptions& options) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return kMakers[i](options);
  }
  return base::fail(base::Code::invalid, fmt::format("eviction policy '{}' is unknown: {}", name,
                                                     fmt::join(kNames, ", ")));
}

}  // namespace refrain::policy
