// Least recently used: one queue, and a use makes an item the newest. Right where what was used is
// used again soon; a scan of things that are used once flushes all of it, and a loop that is a
// little longer than the cache never hits (eviction.json of bench/results shows both).
// Source: R. L. Mattson, J. Gecsei, D. R. Slutz, I. L. Traiger, "Evaluation techniques for storage
// hierarchies", IBM Systems Journal 9(2), 1970: the first stack algorithm there.
#include "policy/eviction_kinds.h"
#include "policy/eviction_queue.h"

namespace refrain::policy {
namespace {

constexpr std::uint8_t kInside = 1;

class Lru final : public Eviction {
 public:
  explicit Lru(std::uint64_t bytes_max) : Eviction(bytes_max) {}

  void added(const Newcomer& item) override {
    nodes_.enter(item, kInside);
    queue_.push(item.slot);
  }
  void used(Slot slot) override {
    nodes_.inside(slot);
    queue_.take(slot);
    queue_.push(slot);
  }
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

std::unique_ptr<Eviction> make_lru(const EvictionOptions& options) {
  return std::make_unique<Lru>(options.bytes_max);
}

}  // namespace refrain::policy
