// Any item, each as likely as another: nothing is kept of the past, so nothing in a trace can be
// held against it. It loses a few points to LRU on real traffic and wins on a loop, where LRU has
// nothing. The generator is given its seed, so two caches with one seed choose alike.
// Source: Belady 1966 (see eviction_fifo.cc), "RAND". Victims are drawn from a dense array, in
// which the last item takes the place of the one that leaves.
#include <random>

#include "policy/eviction_kinds.h"
#include "policy/eviction_queue.h"

namespace refrain::policy {
namespace {

constexpr std::uint8_t kInside = 1;

class Random final : public Eviction {
 public:
  explicit Random(const EvictionOptions& options)
      : Eviction(options.bytes_max), dice_(options.seed) {}

  void added(const Newcomer& item) override {
    nodes_.enter(item, kInside);
    if (item.slot >= at_.size()) at_.resize(item.slot + std::size_t{1});
    at_[item.slot] = all_.size();
    all_.push_back(item.slot);
    bytes_ += item.bytes;
  }
  void used(Slot slot) override { nodes_.inside(slot); }
  void removed(Slot slot) override {
    EvictionNode& node = nodes_.inside(slot);
    all_[at_[slot]] = all_.back();
    at_[all_.back()] = at_[slot];
    all_.pop_back();
    bytes_ -= node.bytes;
    node.place = EvictionNodes::kOutside;
  }
  std::uint64_t bytes() const noexcept override { return bytes_; }

 private:
  Slot evict_one() override {
    // The bias of a remainder is of the order of 1 in 2^32 here.
    const Slot victim = all_[dice_() % all_.size()];
    removed(victim);
    return victim;
  }

  std::uint64_t bytes_ = 0;
  EvictionNodes nodes_;
  std::vector<Slot> all_;
  std::vector<std::size_t> at_;  // by slot: where in all_
  std::mt19937_64 dice_;
};

}  // namespace

std::unique_ptr<Eviction> make_random(const EvictionOptions& options) {
  return std::make_unique<Random>(options);
}

}  // namespace refrain::policy
