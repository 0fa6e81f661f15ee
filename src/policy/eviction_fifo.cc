// First in, first out: one queue, and a use changes nothing. The cheapest policy there is, and the
// measure of how much looking at uses is worth.
// Source: L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", IBM
// Systems Journal 5(2), 1966, class 1.
#include "policy/eviction_kinds.h"
#include "policy/eviction_queue.h"

namespace refrain::policy {
namespace {

constexpr std::uint8_t kInside = 1;

class Fifo final : public Eviction {
 public:
  explicit Fifo(std::uint64_t bytes_max) : Eviction(bytes_max) {}

  void added(const Newcomer& item) override {
    nodes_.enter(item, kInside);
    queue_.push(item.slot);
  }
  void used(Slot slot) override { nodes_.inside(slot); }
  void removed(Slot slot) override {
    EvictionNode& node = nodes_.inside(slot);
    queue_.take(slot);
    node.place = EvictionNodes::kOutside;
  }
  std::uint64_t bytes() const noexcept override { return queue_.bytes(); }

 private:
  Slot evict_one() override {
    const Slot victim = queue_.tail();
    removed(victim);
    return victim;
  }

  EvictionNodes nodes_;
  EvictionQueue queue_{nodes_};
};

}  // namespace

std::unique_ptr<Eviction> make_fifo(const EvictionOptions& options) {
  return std::make_unique<Fifo>(options.bytes_max);
}

}  // namespace refrain::policy
