// Three policies over one structure: queues of slots, linked through an array, so that taking an
// item out of the middle costs as little as from the end, and no call allocates once the array has
// grown to the number of items.
//
// fifo: one queue, used() does nothing. lru: one queue, used() moves to the head.
//
// s3fifo (Yang, Zhang, Qiu, Yue, Rashmi: "FIFO queues are all you need for cache eviction", SOSP
// 2023, section 4): most items of real traffic are asked for once and never again. A small queue
// (a tenth of the bytes) lets those pass quickly; what is used more than once while it is there
// moves to the main queue; what is not leaves only its identity in a ghost queue. An item whose
// identity is still in the ghost queue when it comes back goes straight to main. In main, an item
// at the tail that was used since it came there goes round again, with its count lowered by one.
// Example, small queue [c b a] (a at the tail), b used twice: evict takes a (ghost: a), then moves
// b to main, then takes c.
// Differences from the paper, which counts objects: queues are bounded in bytes, and so is the
// ghost (the bytes its items had, as many as main may hold).
// It ends: a step in small moves an item out of it for ever; a step in main lowers a count of at
// most three or evicts. So evict costs at most four steps per item it passes.
#include "policy/eviction.h"

#include <deque>
#include <unordered_map>

#include <fmt/format.h>

#include "base/check.h"

namespace refrain::policy {
namespace {

constexpr Slot kNone = UINT32_MAX;
constexpr std::uint8_t kUsesMax = 3;  // two bits, as in the paper
constexpr std::uint64_t kSmallShare = 10;  // the small queue has a tenth of the bytes

enum class Place : std::uint8_t { outside, small, main };

struct Node {
  Slot newer = kNone, older = kNone;
  std::uint64_t identity = 0, bytes = 0;
  std::uint8_t uses = 0;
  Place place = Place::outside;
};

// A doubly linked queue through an array that several queues may share.
class Queue {
 public:
  explicit Queue(std::vector<Node>& nodes) : nodes_(nodes) {}

  void push(Slot slot) {
    Node& node = nodes_[slot];
    node.newer = kNone;
    node.older = head_;
    if (head_ != kNone) nodes_[head_].newer = slot;
    head_ = slot;
    if (tail_ == kNone) tail_ = slot;
    bytes_ += node.bytes;
  }
  void take(Slot slot) {
    const Node& node = nodes_[slot];
    (node.newer == kNone ? head_ : nodes_[node.newer].older) = node.older;
    (node.older == kNone ? tail_ : nodes_[node.older].newer) = node.newer;
    bytes_ -= node.bytes;
  }
  Slot tail() const noexcept { return tail_; }
  bool empty() const noexcept { return tail_ == kNone; }
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  std::vector<Node>& nodes_;
  Slot head_ = kNone, tail_ = kNone;
  std::uint64_t bytes_ = 0;
};

Node& enter(std::vector<Node>& nodes, Slot slot, std::uint64_t identity, std::uint64_t bytes) {
  CHECK(slot != kNone && bytes > 0, "an item needs a slot and a size");
  if (slot >= nodes.size()) nodes.resize(slot + std::size_t{1});
  Node& node = nodes[slot];
  CHECK(node.place == Place::outside, "the slot holds an item already");
  node = Node{.identity = identity, .bytes = bytes, .place = Place::main};
  return node;
}

Node& inside(std::vector<Node>& nodes, Slot slot) {
  CHECK(slot < nodes.size() && nodes[slot].place != Place::outside, "no item has this slot");
  return nodes[slot];
}

// One queue; lru when a use renews an item, fifo when it does not.
enum class Use : std::uint8_t { ignored, renews };

class OneQueue final : public Eviction {
 public:
  explicit OneQueue(Use use) : use_(use) {}

  void added(Slot slot, std::uint64_t identity, std::uint64_t bytes) override {
    enter(nodes_, slot, identity, bytes);
    queue_.push(slot);
  }
  void used(Slot slot) override {
    inside(nodes_, slot);
    if (use_ == Use::ignored) return;
    queue_.take(slot);
    queue_.push(slot);
  }
  void removed(Slot slot) override {
    Node& node = inside(nodes_, slot);
    queue_.take(slot);
    node.place = Place::outside;
  }
  void evict(std::uint64_t bytes, std::vector<Slot>& out) override {
    std::uint64_t freed = 0;
    while (freed < bytes && !queue_.empty()) {
      Slot victim = queue_.tail();
      freed += nodes_[victim].bytes;
      removed(victim);
      out.push_back(victim);
    }
  }
  std::uint64_t bytes() const noexcept override { return queue_.bytes(); }

 private:
  const Use use_;
  std::vector<Node> nodes_;
  Queue queue_{nodes_};
};

// Identities of what left the small queue unused, oldest first, bounded by the bytes they had.
class Ghost {
 public:
  explicit Ghost(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  void remember(std::uint64_t identity, std::uint64_t bytes) {
    turns_.insert_or_assign(identity, turn_);
    order_.push_back({identity, turn_, bytes});
    ++turn_;
    bytes_ += bytes;
    while (bytes_ > bytes_max_ && !order_.empty()) drop_oldest();
  }
  // True at most once for each time it was remembered.
  bool recall(std::uint64_t identity) { return turns_.erase(identity) > 0; }

 private:
  struct Memory {
    std::uint64_t identity, turn, bytes;
  };
  // A memory that was recalled or renewed stays in line until its turn: no search in the middle.
  void drop_oldest() {
    const Memory& oldest = order_.front();
    auto at = turns_.find(oldest.identity);
    if (at != turns_.end() && at->second == oldest.turn) turns_.erase(at);
    bytes_ -= oldest.bytes;
    order_.pop_front();
  }

  const std::uint64_t bytes_max_;
  std::uint64_t bytes_ = 0, turn_ = 0;
  std::deque<Memory> order_;
  std::unordered_map<std::uint64_t, std::uint64_t> turns_;
};

class S3Fifo final : public Eviction {
 public:
  explicit S3Fifo(std::uint64_t bytes_max)
      : small_max_(bytes_max / kSmallShare), ghost_(bytes_max - bytes_max / kSmallShare) {}

  void added(Slot slot, std::uint64_t identity, std::uint64_t bytes) override {
    Node& node = enter(nodes_, slot, identity, bytes);
    node.place = ghost_.recall(identity) ? Place::main : Place::small;
    queue_of(node).push(slot);
  }
  void used(Slot slot) override {
    Node& node = inside(nodes_, slot);
    if (node.uses < kUsesMax) ++node.uses;
  }
  void removed(Slot slot) override {
    Node& node = inside(nodes_, slot);
    queue_of(node).take(slot);
    node.place = Place::outside;
  }
  void evict(std::uint64_t bytes, std::vector<Slot>& out) override {
    std::uint64_t freed = 0;
    while (freed < bytes && this->bytes() > 0) {
      bool from_small = !small_.empty() && (small_.bytes() >= small_max_ || main_.empty());
      Slot victim = from_small ? step_small() : step_main();
      if (victim == kNone) continue;
      freed += nodes_[victim].bytes;
      out.push_back(victim);
    }
  }
  std::uint64_t bytes() const noexcept override { return small_.bytes() + main_.bytes(); }

 private:
  Queue& queue_of(const Node& node) { return node.place == Place::small ? small_ : main_; }

  // Promotes or evicts the tail; kNone if it was promoted.
  Slot step_small() {
    Slot slot = small_.tail();
    Node& node = nodes_[slot];
    small_.take(slot);
    if (node.uses > 1) {
      node.uses = 0;
      node.place = Place::main;
      main_.push(slot);
      return kNone;
    }
    ghost_.remember(node.identity, node.bytes);
    node.place = Place::outside;
    return slot;
  }
  Slot step_main() {
    Slot slot = main_.tail();
    Node& node = nodes_[slot];
    main_.take(slot);
    if (node.uses > 0) {
      --node.uses;
      main_.push(slot);
      return kNone;
    }
    node.place = Place::outside;
    return slot;
  }

  const std::uint64_t small_max_;
  std::vector<Node> nodes_;
  Queue small_{nodes_}, main_{nodes_};
  Ghost ghost_;
};

}  // namespace

base::Result<std::unique_ptr<Eviction>> make_eviction(std::string_view name,
                                                      std::uint64_t bytes_max) {
  if (name == "s3fifo") return std::make_unique<S3Fifo>(bytes_max);
  if (name == "lru") return std::make_unique<OneQueue>(Use::renews);
  if (name == "fifo") return std::make_unique<OneQueue>(Use::ignored);
  return base::fail(base::Code::invalid,
                    fmt::format("eviction policy '{}' is unknown: s3fifo, lru or fifo", name));
}

}  // namespace refrain::policy
