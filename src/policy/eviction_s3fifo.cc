// Most items of real traffic are asked for once and never again. A small queue (a tenth of the
// bytes) lets those pass quickly; what is used more than once while it is there moves to the main
// queue; what is not leaves only its identity in a ghost queue. An item whose identity is still in
// the ghost queue when it comes back goes straight to main. In main, an item at the tail that was
// used since it came there goes round again, with its count lowered by one.
// Example, small queue [c b a] (a at the tail), b used twice: room is made by letting a go (ghost:
// a), then b moves to main, then c goes.
// Source: J. Yang, Y. Zhang, Z. Qiu, Y. Yue, K. V. Rashmi, "FIFO queues are all you need for cache
// eviction", SOSP 2023, section 4 and algorithm 1.
// Difference: queues are bounded in bytes, and so is the ghost (the bytes its items had, as many
// as main may hold).
// It ends: a step in small moves an item out of it for ever; a step in main lowers a count of at
// most three or evicts. So making room costs at most four steps per item it passes.
#include "policy/eviction_ghost.h"
#include "policy/eviction_kinds.h"
#include "policy/eviction_queue.h"

namespace refrain::policy {
namespace {

constexpr std::uint64_t kUsesMax = 3;      // two bits, as in the paper
constexpr std::uint64_t kSmallShare = 10;  // the small queue has a tenth of the bytes
constexpr std::uint8_t kSmall = 1, kMain = 2;

class S3Fifo final : public Eviction {
 public:
  explicit S3Fifo(std::uint64_t bytes_max)
      : Eviction(bytes_max),
        small_max_(bytes_max / kSmallShare),
        ghost_max_(bytes_max - bytes_max / kSmallShare) {}

  void added(const Newcomer& item) override {
    const bool came_back = ghost_.recall(item.identity).has_value();
    nodes_.enter(item, came_back ? kMain : kSmall);
    (came_back ? main_ : small_).push(item.slot);
  }
  void used(Slot slot) override {
    EvictionNode& node = nodes_.inside(slot);
    if (node.uses < kUsesMax) ++node.uses;
  }
  void removed(Slot slot) override {
    EvictionNode& node = nodes_.inside(slot);
    (node.place == kSmall ? small_ : main_).take(slot);
    node.place = EvictionNodes::kOutside;
  }
  std::uint64_t bytes() const noexcept override { return small_.bytes() + main_.bytes(); }

 private:
  Slot evict_one() override {
    for (;;) {
      const bool from_small = !small_.empty() && (small_.bytes() >= small_max_ || main_.empty());
      const Slot victim = from_small ? step_small() : step_main();
      if (victim != kNoSlot) return victim;
    }
  }
  // Promotes or evicts the tail; kNoSlot if it was promoted.
  Slot step_small() {
    const Slot slot = small_.tail();
    EvictionNode& node = nodes_[slot];
    small_.take(slot);
    if (node.uses > 1) {
      node.uses = 0;
      node.place = kMain;
      main_.push(slot);
      return kNoSlot;
    }
    ghost_.remember(node.identity, node.bytes);
    while (ghost_.bytes() > ghost_max_) ghost_.drop_oldest();
    node.place = EvictionNodes::kOutside;
    return slot;
  }
  Slot step_main() {
    const Slot slot = main_.tail();
    EvictionNode& node = nodes_[slot];
    main_.take(slot);
    if (node.uses > 0) {
      --node.uses;
      main_.push(slot);
      return kNoSlot;
    }
    node.place = EvictionNodes::kOutside;
    return slot;
  }

  const std::uint64_t small_max_, ghost_max_;
  EvictionNodes nodes_;
  EvictionQueue small_{nodes_}, main_{nodes_};
  Ghost ghost_;
};

}  // namespace

std::unique_ptr<Eviction> make_s3fifo(const EvictionOptions& options) {
  return std::make_unique<S3Fifo>(options.bytes_max);
}

}  // namespace refrain::policy
