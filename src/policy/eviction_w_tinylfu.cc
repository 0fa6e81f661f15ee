// Newcomers go into a window (LRU, a hundredth of the bytes), where a burst of uses can show
// itself. What the window pushes out is a candidate for the main region, and must win against whom
// main would let go: the one with the higher estimated frequency stays. The estimate comes from a
// sketch that remembers what is long gone and forgets by halving, so a scan, whose items were seen
// once, changes nothing in main, and a hot item comes back at once. Main is a segmented LRU:
// candidates that won are on probation, one use there makes them protected (four fifths of main);
// what the protected segment pushes out goes back on probation, whose tail is main's victim.
// Source: Einziger, Friedman, Manes (frequency_sketch.cc), section 4; the segmented
// LRU is of Karedla, Love, Wherry, "Caching strategies to improve disk system performance", 1994.
// Differences: bytes instead of objects, so a candidate may have to win against several victims,
// one by one, as in the authors' Caffeine; a newcomer larger than the window stays there until the
// next one comes, since a caller has just been promised it. The window's share is fixed; the later
// "Adaptive software cache management" (Middleware 2018) moves it by hill climbing.
#include <algorithm>

#include "policy/eviction_kinds.h"
#include "policy/eviction_queue.h"
#include "policy/frequency_sketch.h"

namespace refrain::policy {
namespace {

constexpr std::uint64_t kWindowShare = 100;  // a hundredth of the bytes
constexpr std::uint8_t kWindow = 1, kProbation = 2, kProtected = 3;

class WTinyLfu final : public Eviction {
 public:
  explicit WTinyLfu(std::uint64_t bytes_max)
      : Eviction(bytes_max),
        window_max_(std::max<std::uint64_t>(1, bytes_max / kWindowShare)),
        main_max_(bytes_max - std::min(bytes_max, window_max_)),
        protected_max_(main_max_ / 5 * 4) {}

  void admit(const Newcomer& item, std::vector<Slot>& out) override {
    added(item);
    while (window_.bytes() > window_max_ && window_.tail() != item.slot) {
      if (const Slot loser = contest(); loser != kNoSlot) out.push_back(loser);
    }
    // Only a newcomer that is larger than the window leaves too much here.
    while (bytes() > bytes_max_) out.push_back(let_go(victim()));
  }
  void added(const Newcomer& item) override {
    nodes_.enter(item, kWindow);
    window_.push(item.slot);
    sketch_.grow(++count_);
    sketch_.see(item.identity);
  }
  void used(Slot slot) override {
    EvictionNode& node = nodes_.inside(slot);
    sketch_.see(node.identity);
    queue_of(node).take(slot);
    if (node.place == kProbation) node.place = kProtected;
    queue_of(node).push(slot);
    while (protected_.bytes() > protected_max_) {
      const Slot demoted = protected_.tail();
      protected_.take(demoted);
      nodes_[demoted].place = kProbation;
      probation_.push(demoted);
    }
  }
  void removed(Slot slot) override {
    nodes_.inside(slot);
    let_go(slot);
  }
  std::uint64_t bytes() const noexcept override {
    return window_.bytes() + probation_.bytes() + protected_.bytes();
  }

 private:
  EvictionQueue& queue_of(const EvictionNode& node) {
    if (node.place == kWindow) return window_;
    return node.place == kProbation ? probation_ : protected_;
  }
  Slot victim() const { return probation_.empty() ? protected_.tail() : probation_.tail(); }
  Slot let_go(Slot slot) {
    EvictionNode& node = nodes_[slot];
    queue_of(node).take(slot);
    node.place = EvictionNodes::kOutside;
    --count_;
    return slot;
  }
  // The window's tail moves to main (kNoSlot), or it or main's victim goes. Of equals the one that
  // is there already stays, as else a scan would win by being later.
  Slot contest() {
    const Slot candidate = window_.tail(), other = victim();
    EvictionNode& node = nodes_[candidate];
    if (probation_.bytes() + protected_.bytes() + node.bytes <= main_max_) {
      window_.take(candidate);
      node.place = kProbation;
      probation_.push(candidate);
      return kNoSlot;
    }
    const bool stays = other == kNoSlot ||
                       sketch_.estimate(node.identity) <= sketch_.estimate(nodes_[other].identity);
    return let_go(stays ? candidate : other);
  }
  Slot evict_one() override {
    while (window_.bytes() > window_max_) {
      if (const Slot loser = contest(); loser != kNoSlot) return loser;
    }
    return let_go(victim() == kNoSlot ? window_.tail() : victim());
  }

  const std::uint64_t window_max_, main_max_, protected_max_;
  std::size_t count_ = 0;
  EvictionNodes nodes_;
  EvictionQueue window_{nodes_}, probation_{nodes_}, protected_{nodes_};
  FrequencySketch sketch_;
};

}  // namespace

std::unique_ptr<Eviction> make_w_tinylfu(const EvictionOptions& options) {
  return std::make_unique<WTinyLfu>(options.bytes_max);
}

}  // namespace refrain::policy
