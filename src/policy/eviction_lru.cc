// Least recently used: one queue, and a use makes an item the newest. Right where what was used is
// used again soon; a scan of things that are used once flushes all of it, and a loop that is a
// little longer than the cache never hits (eviction.json of bench/results shows both).
// Source: R. L. Mattson, J. Gecsei, D. R. Slutz, I. L. Traiger, "Evaluation techniques for storage
// hierarchies", IBM Systems Journal 9(2), 1970: the first stack algorithm there.
#include "policy/eviction_kinds.h"
#include "policy/eviction_queue.h"

namespace refrain::policy {
namespace {

class Lru final : public OneQueue {
 public:
  explicit Lru(std::uint64_t bytes_max) : OneQueue(bytes_max) {}
  void used(Slot slot) override {
    nodes_.inside(slot);
    queue_.take(slot);
    queue_.push(slot);
  }
};

}  // namespace

std::unique_ptr<Eviction> make_lru(const EvictionOptions& options) {
  return std::make_unique<Lru>(options.bytes_max);
}

}  // namespace refrain::policy
