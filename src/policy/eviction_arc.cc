// The adaptive replacement cache: two LRU lists, t1 of what was seen once lately and t2 of what was
// seen again, and for each a ghost list, b1 and b2, of identities that it had to let go. `target_`
// (p of the paper) is how much of the cache t1 should have. A newcomer that b1 remembers says that
// t1 is too small, one that b2 remembers that t2 is; each such hit moves the target, the faster the
// smaller the ghost that was hit is beside the other. So a scan, whose items are never seen again,
// cannot push t2 out, and no share has to be set.
// Source: N. Megiddo, D. S. Modha, "ARC: a self-tuning, low overhead replacement cache", FAST 2003,
// figure 4; the four cases are named there and below.
// Differences: all sizes are in bytes, so a hit of b bytes moves the target by b where the paper
// moves it by 1; and a ghost list is trimmed after the newcomer is in, not before, which leaves the
// same lists for items of one size (the test compares with figure 4, line by line).
// Invariants (the paper's A.1 to A.5, in bytes, after each admit(); c is bytes_max): t1 + t2 <= c,
// t1 + b1 <= c, t1 + t2 + b1 + b2 <= 2c, 0 <= target <= c.
#include <algorithm>

#include "policy/eviction_ghost.h"
#include "policy/eviction_kinds.h"
#include "policy/eviction_queue.h"

namespace refrain::policy {
namespace {

constexpr std::uint8_t kOnce = 1, kAgain = 2;  // t1, t2

class Arc final : public Eviction {
 public:
  explicit Arc(std::uint64_t bytes_max) : Eviction(bytes_max) {}

  void admit(const Newcomer& item, std::vector<Slot>& out) override {
    const From from = adapt(item);
    while (bytes() > 0 && bytes() + item.bytes > bytes_max_) {
      out.push_back(replace(from == From::b2));
    }
    insert(item, from);
  }
  void added(const Newcomer& item) override { insert(item, adapt(item)); }
  void used(Slot slot) override {  // case I
    EvictionNode& node = nodes_.inside(slot);
    (node.place == kOnce ? t1_ : t2_).take(slot);
    node.place = kAgain;
    t2_.push(slot);
  }
  void removed(Slot slot) override {
    EvictionNode& node = nodes_.inside(slot);
    (node.place == kOnce ? t1_ : t2_).take(slot);
    node.place = EvictionNodes::kOutside;
  }
  std::uint64_t bytes() const noexcept override { return t1_.bytes() + t2_.bytes(); }

 private:
  enum class From : std::uint8_t { nowhere, b1, b2 };

  From adapt(const Newcomer& item) {
    if (b1_.knows(item.identity)) {  // case II: t1 was too small
      target_ = std::min(bytes_max_, target_ + step(item.bytes, b2_, b1_));
      b1_.recall(item.identity);
      return From::b1;
    }
    if (b2_.knows(item.identity)) {  // case III: t2 was too small
      target_ -= std::min(target_, step(item.bytes, b1_, b2_));
      b2_.recall(item.identity);
      return From::b2;
    }
    return From::nowhere;
  }
  void insert(const Newcomer& item, From from) {
    nodes_.enter(item, from == From::nowhere ? kOnce : kAgain);
    (from == From::nowhere ? t1_ : t2_).push(item.slot);
    while (t1_.bytes() + b1_.bytes() > bytes_max_ && !b1_.empty()) b1_.drop_oldest();  // IV A
    while (bytes() + b1_.bytes() + b2_.bytes() > 2 * bytes_max_ && !b2_.empty()) {     // IV B
      b2_.drop_oldest();
    }
  }
  Slot evict_one() override { return replace(false); }
  // How far a hit in the ghost `hit` moves the target, given the `other` ghost; both as they were
  // when the hit was seen, so `hit` is not empty.
  static std::uint64_t step(std::uint64_t bytes, const Ghost& other, const Ghost& hit) {
    const double ratio = static_cast<double>(other.bytes()) / static_cast<double>(hit.bytes());
    return static_cast<std::uint64_t>(static_cast<double>(bytes) * std::max(1.0, ratio));
  }
  // REPLACE of the paper: t1 gives while it has more than its target, and at it for a hit in b2.
  Slot replace(bool hit_in_b2) {
    const bool over = t1_.bytes() > target_ || (hit_in_b2 && t1_.bytes() == target_);
    const bool from_t1 = !t1_.empty() && (over || t2_.empty());
    EvictionQueue& from = from_t1 ? t1_ : t2_;
    const Slot victim = from.tail();
    EvictionNode& node = nodes_[victim];
    from.take(victim);
    (from_t1 ? b1_ : b2_).remember(node.identity, node.bytes);
    node.place = EvictionNodes::kOutside;
    return victim;
  }

  std::uint64_t target_ = 0;  // p, of t1
  EvictionNodes nodes_;
  EvictionQueue t1_{nodes_}, t2_{nodes_};
  Ghost b1_, b2_;
};

}  // namespace

std::unique_ptr<Eviction> make_arc(const EvictionOptions& options) {
  return std::make_unique<Arc>(options.bytes_max);
}

}  // namespace refrain::policy
