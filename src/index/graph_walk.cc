#include "index/graph_walk.h"

#include <cstring>

namespace refrain::index {
namespace {

// Codes nearer than this may be equal byte for byte; only then is it worth a look.
constexpr float kAlmostEqual = 0.99F;

}  // namespace

void Scratch::begin(std::size_t slots) {
  if (marks_.size() < slots) {
    marks_.resize(slots + slots / 4, 0);
  }
  if (++epoch_ == 0) {  // after 65,535 walks the old marks would look new
    std::fill(marks_.begin(), marks_.end(), std::uint16_t{0});
    epoch_ = 1;
  }
}

Probe Scratch::quantise(const float* query, std::size_t dim, std::size_t code_bytes) {
  code_.assign(code_bytes, 0);
  const float scale = kernels.quantise(query, dim, code_.data());
  return {code_.data(), scale};
}

std::unique_ptr<Scratch> ScratchPool::take() {
  auto kept = idle_.with([](auto& idle) -> std::unique_ptr<Scratch> {
    if (idle.empty()) {
      return nullptr;
    }
    auto last = std::move(idle.back());
    idle.pop_back();
    return last;
  });
  return kept ? std::move(kept) : std::make_unique<Scratch>();
}

void ScratchPool::give(std::unique_ptr<Scratch> scratch) {
  idle_.with([&](auto& idle) { idle.push_back(std::move(scratch)); });
}

Scored descend(const GraphNodes& nodes, const Probe& query, Scored from, int layer) {
  // Ends, since the score rises with every step.
  for (bool moved = true; moved;) {
    moved = false;
    for (const Slot slot : nodes.links(from.slot, layer)) {
      const Scored reached{score(nodes, query, nodes.probe(slot)), slot};
      if (reached.score > from.score) {
        from = reached;
        moved = true;
      }
    }
  }
  return from;
}

std::vector<Slot> choose_links(const GraphNodes& nodes, std::span<const Scored> candidates,
                               std::size_t count) {
  std::vector<Slot> chosen;
  chosen.reserve(count);
  for (const Scored& candidate : candidates) {
    if (chosen.size() == count) {
      break;
    }
    const Probe probe = nodes.probe(candidate.slot);
    const bool covered = std::ranges::any_of(chosen, [&](Slot other) {
      const Probe rival = nodes.probe(other);
      const float between = score(nodes, probe, rival);
      // Many copies of one vector would fill each other's lists and cut themselves off.
      return between > candidate.score ||
             (between > kAlmostEqual &&
              std::memcmp(probe.code, rival.code, nodes.code_bytes()) == 0);
    });
    if (!covered) {
      chosen.push_back(candidate.slot);
    }
  }
  return chosen;
}

}  // namespace refrain::index
