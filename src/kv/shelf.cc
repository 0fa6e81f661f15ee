// Order of steps, so that a crash between any two leaves nothing that is believed and not there:
//   publish  file aside -> name -> row     a crash leaves a file without a row: swept at start
//   erase    row -> file                   a crash leaves a file without a row: swept at start
//   evict    tree -> file -> row           a crash leaves a row without a file: dropped at start
//   forget   row -> tree -> file           a crash leaves a file without a row: swept at start
// Eviction frees the disk before it writes, because it may be called when the disk is full.
#include "kv/shelf.h"

#include <algorithm>

#include <fmt/format.h>

namespace refrain::kv {

using base::Code;
using base::fail;
using base::Result;

namespace {

constexpr std::uint64_t kFreeShare = 64;                 // of the budget is made free at once
constexpr std::uint64_t kCoolShare = 16;                 // of the memory
constexpr std::uint64_t kFileMark = 0x66696c6520206b76;  // "file  kv"

}  // namespace

base::Digest file_node(ObjectId id) { return {kFileMark, id}; }

void add_file(Index& index, Named object, base::WallTime now) {
  const Description& facts = object.facts;
  Node node;
  node.parent = file_node(0);
  node.tokens = {static_cast<Token>(facts.id)};
  node.bytes = facts.bytes;
  node.used = node.made = facts.used;
  node.hits = facts.hits;
  node.saved = std::chrono::duration<double>(facts.cost).count();
  node.file = true;
  node.ends = 1;
  index.tree.add(file_node(facts.id), std::move(node));
  settle_pin(index, object, now);
  index.names.add(std::move(object));
}

void settle_pin(Index& index, Named& object, base::WallTime now) {
  const bool safe = is_safe(object.facts, now);
  if (safe == object.safe) return;
  const bool is_file = object.facts.kind == Kind::file;
  if (Node* node = index.tree.find(is_file ? file_node(object.facts.id) : object.leaf)) {
    safe ? ++node->pins : --node->pins;
  }
  object.safe = safe;
}

Result<> check(const base::Call& call, const base::Clock& clock) {
  if (call.stop.stop_requested()) return fail(Code::cancelled, "the work is not wanted any more");
  if (clock.now() >= call.deadline) return fail(Code::deadline, "the deadline has passed");
  return {};
}

void Shelf::hold(const base::Digest& hash) {
  index.with([&](Index& all) {
    if (Node* node = all.tree.find(hash)) ++node->holds;
  });
}

void Shelf::release(const base::Digest& hash) {
  const bool last = index.with([&](Index& all) {
    Node* node = all.tree.find(hash);
    if (node && node->holds > 0) --node->holds;
    return node && !all.tree.unneeded(hash).empty();
  });
  if (last && !writer.submit([this, hash] { sweep(hash); })) counts.failed.add();
}

Hold::Hold(std::shared_ptr<Shelf> shelf, const base::Digest& hash)
    : shelf_(std::move(shelf)), hash_(hash) {}
Hold::~Hold() { shelf_->release(hash_); }

void Shelf::warm(const base::Digest& hash, std::shared_ptr<const Block> block) {
  if (options.memory_bytes_max == 0) return;
  const std::size_t cooled = index.with([&](Index& all) {
    Tree& tree = all.tree;
    const std::size_t before = tree.hot_blocks() + 1;
    tree.warm(hash, std::move(block));
    if (tree.hot_bytes() <= options.memory_bytes_max) return std::size_t{0};
    tree.cool(tree.hot_bytes() - options.memory_bytes_max + options.memory_bytes_max / kCoolShare,
              clock.wall());
    return before - std::min(before, tree.hot_blocks());
  });
  counts.evicted_memory.add(cooled);
}

Result<> Shelf::make_room(std::uint64_t bytes) {
  const std::uint64_t budget = options.disk_bytes_max;
  const auto [victims, used] = index.with([&](Index& all) {
    const std::uint64_t now = all.tree.bytes();
    std::vector<base::Digest> chosen;
    if (now + bytes > budget) {
      chosen = all.tree.victims(now + bytes - budget + budget / kFreeShare, clock.wall());
    }
    return std::pair(std::move(chosen), now);
  });
  if (used + bytes <= budget) return {};
  evict(victims);
  const std::uint64_t left = index.with([](Index& all) { return all.tree.bytes(); });
  if (left + bytes <= budget) return {};
  return fail(Code::unavailable,
              fmt::format("the KV store is full: {} bytes of {} are pinned or in use, {} more are "
                          "wanted",
                          left, budget, bytes));
}

void Shelf::evict(std::span<const base::Digest> blocks) {
  Change change;
  std::vector<ObjectId> files;
  index.with([&](Index& all) {
    for (const base::Digest& hash : blocks) {
      const Node* node = all.tree.find(hash);
      // Somebody may hold it by now; then what is before it stays as well.
      if (!node || node->holds > 0 || all.tree.has_children(hash)) continue;
      if (node->file) {
        change.drop_objects.push_back(hash.low);
        files.push_back(hash.low);
      } else {
        change.drop_blocks.push_back(hash);
        for (ObjectId id : all.names.ending_at(hash)) change.drop_objects.push_back(id);
      }
      all.tree.remove(hash, clock.wall());
    }
    for (ObjectId id : change.drop_objects) all.names.remove(id);
  });
  for (const base::Digest& hash : change.drop_blocks) folder.drop_block(hash);
  for (ObjectId id : files) folder.drop_file(id);
  counts.evicted_blocks.add(change.drop_blocks.size());
  counts.evicted_objects.add(change.drop_objects.size());
  if (change.drop_blocks.empty() && change.drop_objects.empty()) return;
  if (Result<> applied = catalog->apply(change); !applied) {
    fault.warn("KV catalog keeps rows of evicted blocks until the next start",
               {{"what", applied.error().what}});
  }
}

Result<> Shelf::erase(std::span<const ObjectId> ids) {
  Change change;
  std::vector<base::Digest> leaves;
  // First what would go, then the rows, then the rest: an error leaves everything as it was.
  index.with([&](Index& all) {
    for (ObjectId id : ids) {
      const Named* object = all.names.find(id);
      if (!object) continue;
      change.drop_objects.push_back(id);
      leaves.push_back(object->facts.kind == Kind::file ? file_node(id) : object->leaf);
    }
  });
  TRY_DO(catalog->apply(change));
  Change blocks;
  std::vector<ObjectId> files;
  index.with([&](Index& all) {
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      const auto object = all.names.remove(change.drop_objects[i]);
      Node* node = all.tree.find(leaves[i]);
      if (!node || !object) continue;
      --node->ends;
      if (object->safe) --node->pins;
      if (node->file) {
        files.push_back(object->facts.id);
        all.tree.remove(leaves[i], clock.wall());
        continue;
      }
      // What is held goes when it is released.
      for (const base::Digest& hash : all.tree.unneeded(leaves[i])) {
        all.tree.remove(hash, clock.wall());
        blocks.drop_blocks.push_back(hash);
      }
    }
  });
  for (const base::Digest& hash : blocks.drop_blocks) folder.drop_block(hash);
  for (ObjectId id : files) folder.drop_file(id);
  if (!blocks.drop_blocks.empty()) {
    // The files are gone: rows that stay are dropped at the next start.
    if (Result<> applied = catalog->apply(blocks); !applied) {
      fault.warn("KV catalog keeps rows of erased blocks until the next start",
                 {{"what", applied.error().what}});
    }
  }
  return {};
}

void Shelf::sweep(const base::Digest& hash) {
  Change change;
  index.with([&](Index& all) {
    change.drop_blocks = all.tree.unneeded(hash);
    for (const base::Digest& block : change.drop_blocks) all.tree.remove(block, clock.wall());
  });
  if (change.drop_blocks.empty()) return;
  for (const base::Digest& block : change.drop_blocks) folder.drop_block(block);
  if (!catalog->apply(change)) counts.failed.add();
}

void Shelf::drop_damaged(const base::Digest& hash, const base::Error& why) {
  std::vector<base::Digest> blocks;
  Change change;
  index.with([&](Index& all) {
    blocks = all.tree.below(hash);
    for (const base::Digest& block : blocks) {
      for (ObjectId id : all.names.ending_at(block)) change.drop_objects.push_back(id);
    }
    for (ObjectId id : change.drop_objects) all.names.remove(id);
    for (const base::Digest& block : blocks) all.tree.remove(block, clock.wall());
  });
  if (blocks.empty()) return;
  counts.corrupt.add();
  fault.warn("a KV block failed its check and is dropped with what follows it",
             {{"block", base::hex(hash)}, {"blocks", blocks.size()}, {"what", why.what}});
  for (const base::Digest& block : blocks) folder.drop_block(block);
  change.drop_blocks = std::move(blocks);
  if (Result<> applied = catalog->apply(change); !applied) counts.failed.add();
}

void Shelf::report_damaged(const base::Digest& hash, const base::Error& why) {
  Result<> queued = writer.submit([this, hash, why] { drop_damaged(hash, why); });
  if (!queued) counts.failed.add();
}

void Shelf::write_statistics() {
  std::vector<std::pair<base::Digest, Node>> nodes;
  std::vector<Named> objects;
  index.with([&](Index& all) {
    for (const base::Digest& hash : all.used) {
      const Node* node = all.tree.find(hash);
      if (!node || node->file || node->forgotten) continue;
      Node numbers;
      numbers.loose = node->loose;
      numbers.hits = node->hits;
      numbers.used = node->used;
      nodes.emplace_back(hash, std::move(numbers));
    }
    all.used.clear();
    for (ObjectId id : std::exchange(all.used_objects, {})) {
      if (const Named* object = all.names.find(id)) objects.push_back(*object);
    }
  });
  Change change;
  for (const auto& [hash, node] : nodes) change.touch_blocks.push_back({hash, &node});
  for (const Named& object : objects) change.touch_objects.push_back(&object);
  if (change.touch_blocks.empty() && change.touch_objects.empty()) return;
  if (!catalog->apply(change)) counts.failed.add();
}

}  // namespace refrain::kv
