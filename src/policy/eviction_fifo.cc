// First in, first out: one queue, and a use changes nothing. The cheapest policy there is, and the
// measure of how much looking at uses is worth.
// Source: L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", IBM
// Systems Journal 5(2), 1966, class 1.
#include "policy/eviction_kinds.h"
#include "policy/eviction_queue.h"

namespace refrain::policy {
namespace {

class Fifo final : public OneQueue {
 public:
  explicit Fifo(std::uint64_t bytes_max) : OneQueue(bytes_max) {}
  void used(Slot slot) override { nodes_.inside(slot); }
};

}  // namespace

std::unique_ptr<Eviction> make_fifo(const EvictionOptions& options) {
  return std::make_unique<Fifo>(options.bytes_max);
}

}  // namespace refrain::policy
