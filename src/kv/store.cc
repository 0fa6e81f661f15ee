#include "kv/store.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "disk/file.h"
#include "kv/shelf.h"

namespace refrain::kv {

using base::Code;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kUsedMax = 65'536;  // blocks whose statistics wait to be written
constexpr std::size_t kBlockTokensMin = 16;
constexpr std::chrono::seconds kStatisticsEvery{10};

// Rows that belong together become the tree and the names; what has lost its other half is listed.
struct Loaded {
  std::vector<base::Digest> lost_blocks;
  std::vector<ObjectId> lost_objects;
};

struct OnDisk {
  std::unordered_map<base::Digest, std::uint64_t, base::DigestHash> blocks;
  std::unordered_map<ObjectId, std::uint64_t> files;
};

Result<OnDisk> files_of(Folder& folder) {
  OnDisk out;
  TRY_DO(folder.sweep({[&](const base::Digest& hash, std::uint64_t bytes) {
                         out.blocks[hash] = bytes;
                         return true;
                       },
                       [&](ObjectId id, std::uint64_t bytes) {
                         out.files[id] = bytes;
                         return true;
                       }}));
  return out;
}

Loaded fill(Index& index, Catalog::Rows rows, const OnDisk& disk, base::WallTime now) {
  Loaded out;
  std::unordered_set<base::Digest, base::DigestHash> known;
  for (const auto& [hash, node] : rows.blocks) known.insert(hash);
  // Rows come by their first token, so a parent is there before its children, if it is there.
  std::unordered_set<base::Digest, base::DigestHash> missing;
  for (auto& [hash, node] : rows.blocks) {
    const auto file = disk.blocks.find(hash);
    const bool whole = file != disk.blocks.end() && file->second == node.bytes;
    const bool follows =
        node.first == 0 || (known.contains(node.parent) && !missing.contains(node.parent));
    if (!whole || !follows) {
      missing.insert(hash);
      out.lost_blocks.push_back(hash);
      continue;
    }
    index.tree.add(hash, std::move(node));
  }
  for (Named& object : rows.objects) {
    if (object.facts.kind == Kind::file) {
      const auto file = disk.files.find(object.facts.id);
      if (file == disk.files.end() || file->second != object.facts.bytes) {
        out.lost_objects.push_back(object.facts.id);
        continue;
      }
      add_file(index, std::move(object), now);
      continue;
    }
    Node* end = index.tree.find(object.leaf);
    if (!end) {
      out.lost_objects.push_back(object.facts.id);
      continue;
    }
    ++end->ends;
    settle_pin(index, object, now);
    index.names.add(std::move(object));
  }
  index.next_id = rows.next_id;
  return out;
}

// Files without a row: a publication that a crash cut short.
std::uint64_t drop_orphans(Shelf& shelf, const OnDisk& disk) {
  std::vector<base::Digest> blocks;
  std::vector<ObjectId> files;
  shelf.index.with([&](const Index& index) {
    for (const auto& [hash, bytes] : disk.blocks) {
      if (!index.tree.find(hash)) blocks.push_back(hash);
    }
    for (const auto& [id, bytes] : disk.files) {
      if (!index.tree.find(file_node(id))) files.push_back(id);
    }
  });
  for (const base::Digest& hash : blocks) shelf.folder.drop_block(hash);
  for (ObjectId id : files) shelf.folder.drop_file(id);
  return blocks.size() + files.size();
}

}  // namespace

Result<> Options::check() const {
  if (folder.empty()) return fail(Code::invalid, "kv: the folder is empty");
  if (block_tokens < kBlockTokensMin || block_tokens > kBlockTokensMax) {
    return fail(Code::invalid, fmt::format("kv: block_tokens is {}, {} to {} is allowed",
                                           block_tokens, kBlockTokensMin, kBlockTokensMax));
  }
  if (disk_bytes_max == 0) return fail(Code::invalid, "kv: disk_bytes_max is 0");
  if (object_bytes_max == 0) return fail(Code::invalid, "kv: object_bytes_max is 0");
  if (blocks_max == 0 || objects_max == 0 || versions_max == 0) {
    return fail(Code::invalid, fmt::format("kv: blocks_max {}, objects_max {}, versions_max {}: "
                                           "none may be 0",
                                           blocks_max, objects_max, versions_max));
  }
  return {};
}

Store::Store(std::shared_ptr<Shelf> shelf) : shelf_(std::move(shelf)) {}

Store::~Store() {
  Shelf& shelf = *shelf_;
  if (!shelf.writer.submit([&shelf] { shelf.write_statistics(); })) shelf.counts.failed.add();
  shelf.writer.stop();
}

Result<std::unique_ptr<Store>> Store::open(const Options& options, const base::Clock& clock) {
  TRY_DO(options.check());
  TRY(lock, disk::FolderLock::take(options.folder));
  TRY(folder, Folder::open(options.folder, options.durability));
  auto shelf = std::make_shared<Shelf>(options, clock, std::move(folder));
  shelf->lock = std::move(lock);
  TRY(catalog, Catalog::open(options.folder + "/catalog.sqlite", options.durability));
  shelf->catalog = std::move(catalog);
  TRY(rows, shelf->catalog->read());
  shelf->counts.corrupt.add(rows.corrupt);
  TRY(disk, files_of(shelf->folder));
  Loaded lost = shelf->index.with(
      [&](Index& index) { return fill(index, std::move(rows), disk, clock.wall()); });
  shelf->counts.lost.add(lost.lost_blocks.size() + lost.lost_objects.size());
  TRY_DO(
      shelf->catalog->apply({.drop_blocks = lost.lost_blocks, .drop_objects = lost.lost_objects}));
  const std::uint64_t orphans = drop_orphans(*shelf, disk);
  shelf->counts.orphans.add(orphans);
  if (orphans + lost.lost_blocks.size() + lost.lost_objects.size() > 0) {
    base::log::info("KV store repaired", {{"orphan_files", orphans},
                                          {"lost_blocks", lost.lost_blocks.size()},
                                          {"lost_objects", lost.lost_objects.size()}});
  }
  return std::unique_ptr<Store>(new Store(std::move(shelf)));
}

const Options& Store::options() const noexcept { return shelf_->options; }
const std::string& Store::incoming() const noexcept { return shelf_->folder.incoming(); }

Match::Match() = default;
Match::Match(Match&&) noexcept = default;
Match& Match::operator=(Match&&) noexcept = default;
Match::~Match() = default;

std::size_t Match::tokens() const noexcept {
  return blocks_.empty() ? 0 : blocks_.back().first + blocks_.back().usable;
}

Match Store::find(const Space& space, std::span<const Token> prompt) {
  Shelf& shelf = *shelf_;
  const base::Digest start = root(space);
  Match out;
  const base::WallTime now = shelf.clock.wall();
  const std::vector<Tree::Step> steps = shelf.index.with([&](Index& index) {
    std::vector<Tree::Step> found = index.tree.walk(start, prompt);
    if (found.empty()) return found;
    ++index.tree.find(found.back().hash)->holds;
    // A block of which little is usable is not what this prompt was looking for.
    const bool mostly = 2 * found.back().usable >= found.back().tokens;
    const auto used = std::span(found).first(found.size() - (mostly ? 0 : 1));
    index.tree.use(used, now);
    for (const Tree::Step& step : used) {
      if (index.used.size() < kUsedMax) index.used.insert(step.hash);
    }
    return found;
  });
  for (const Tree::Step& step : steps) {
    out.blocks_.push_back({step.hash, step.first, step.tokens, step.usable});
  }
  if (!steps.empty()) out.hold_ = std::make_unique<Hold>(shelf_, steps.back().hash);
  shelf.counts.lookups.add();
  shelf.counts.lookup_tokens.add(prompt.size());
  shelf.counts.hit_tokens.add(out.tokens());
  return out;
}

Result<std::shared_ptr<const Block>> Store::load(const base::Call& call, const Found& found) {
  Shelf& shelf = *shelf_;
  TRY_DO(kv::check(call, shelf.clock));
  std::shared_ptr<const Block> hot = shelf.index.with([&](Index& index) {
    const Node* node = index.tree.find(found.hash);
    return node ? node->hot : nullptr;
  });
  if (hot) {
    shelf.counts.loads_memory.add();
    return hot;
  }
  Result<std::string> bytes = shelf.folder.read_block(found.hash);
  Result<std::shared_ptr<const Block>> block =
      bytes ? Block::decode(std::move(*bytes))
            : Result<std::shared_ptr<const Block>>(std::unexpected(bytes.error()));
  if (block && (*block)->head().hash != found.hash) {
    block =
        fail(Code::corrupt, fmt::format("block {} lies under the name {}",
                                        base::hex((*block)->head().hash), base::hex(found.hash)));
  }
  if (!block) {
    if (block.error().code != Code::io) shelf.report_damaged(found.hash, block.error());
    return block;
  }
  shelf.counts.loads_disk.add();
  shelf.counts.load_bytes.add((*block)->file().size());
  shelf.warm(found.hash, *block);
  return block;
}

Result<std::string> Store::read(const base::Call& call, const Found& found, const Range& range) {
  Shelf& shelf = *shelf_;
  TRY_DO(kv::check(call, shelf.clock));
  auto slice = [&](const BlockHead& head, std::string_view rows) -> Result<std::string> {
    const std::uint64_t row = head.section(range.layer, range.part).row_bytes;
    if (range.first > head.tokens.size() || range.count > head.tokens.size() - range.first) {
      return fail(Code::invalid, fmt::format("tokens {} and {} more of a block of {}", range.first,
                                             range.count, head.tokens.size()));
    }
    return std::string(rows.substr(range.first * row, range.count * row));
  };
  auto fits = [&](const BlockHead& head) -> Result<> {
    if (range.layer < head.layers()) return {};
    return fail(Code::invalid, fmt::format("layer {} of {}", range.layer, head.layers()));
  };
  std::shared_ptr<const Block> hot = shelf.index.with([&](Index& index) {
    const Node* node = index.tree.find(found.hash);
    return node ? node->hot : nullptr;
  });
  if (hot) {
    TRY_DO(fits(hot->head()));
    shelf.counts.loads_memory.add();
    const Rows rows = hot->rows(range.layer);
    return slice(hot->head(), range.part == Part::key ? rows.keys : rows.values);
  }
  Result<std::string> bytes = [&]() -> Result<std::string> {
    TRY(head, shelf.folder.read_head(found.hash));
    TRY_DO(fits(head));
    const Section& section = head.section(range.layer, range.part);
    TRY(file, disk::File::open(shelf.folder.block_path(found.hash)));
    std::string rows(static_cast<std::size_t>(head.bytes_of(section)), '\0');
    TRY_DO(file.read_at(section.offset, rows));
    TRY_DO(kv::verify(section, rows));
    if (head.hash != found.hash) return fail(Code::corrupt, "a block under another's name");
    return slice(head, rows);
  }();
  if (bytes) {
    shelf.counts.loads_disk.add();
    shelf.counts.load_bytes.add(bytes->size());
  } else if (bytes.error().code == Code::corrupt || bytes.error().code == Code::not_found) {
    shelf.report_damaged(found.hash, bytes.error());
  }
  return bytes;
}

void Store::upkeep() {
  Shelf& shelf = *shelf_;
  Result<> queued = shelf.writer.submit([&shelf] {
    const base::WallTime now = shelf.clock.wall();
    const auto expired = shelf.index.with([&](Index& index) {
      index.names.each([&](Named& object) { settle_pin(index, object, now); });
      return index.names.expired(now);
    });
    if (!expired.empty()) {
      Result<> erased = shelf.erase(expired);
      erased ? shelf.counts.expired.add(expired.size()) : shelf.counts.failed.add();
    }
    if (shelf.clock.now() - shelf.written < kStatisticsEvery) return;
    shelf.written = shelf.clock.now();
    shelf.write_statistics();
  });
  if (!queued) shelf.counts.failed.add();
}

std::uint64_t Store::tenant_bytes(std::string_view tenant) const {
  return shelf_->index.with([&](const Index& index) { return index.names.bytes(tenant); });
}

Contained Store::contained() const {
  Contained out;
  shelf_->index.with([&](Index& index) {
    index.tree.each([&](const base::Digest& hash, const Node& node) {
      if (node.file) return;
      out.blocks.push_back(
          {hash, static_cast<std::size_t>(node.first), node.tokens.size(), node.tokens.size()});
    });
    index.names.each([&](const Named& object) { out.objects.push_back(object.facts); });
  });
  std::ranges::sort(out.blocks, {}, &Found::first);
  std::ranges::sort(out.objects, {}, &Description::id);
  return out;
}

Stats Store::stats() const {
  const Shelf& shelf = *shelf_;
  const Shelf::Counters& counts = shelf.counts;
  Stats out;
  shelf.index.with([&](const Index& index) {
    out.objects = index.names.size();
    out.blocks = index.tree.size();
    out.disk_bytes = index.tree.bytes();
    out.memory_bytes = index.tree.hot_bytes();
    out.memory_blocks = index.tree.hot_blocks();
  });
  out.disk_bytes_max = shelf.options.disk_bytes_max;
  out.memory_bytes_max = shelf.options.memory_bytes_max;
  for (auto [to, from] : {std::pair(&out.lookups, &counts.lookups),
                          {&out.lookup_tokens, &counts.lookup_tokens},
                          {&out.hit_tokens, &counts.hit_tokens},
                          {&out.loads_memory, &counts.loads_memory},
                          {&out.loads_disk, &counts.loads_disk},
                          {&out.load_bytes, &counts.load_bytes},
                          {&out.blocks_written, &counts.blocks_written},
                          {&out.blocks_shared, &counts.blocks_shared},
                          {&out.bytes_written, &counts.bytes_written},
                          {&out.published, &counts.published},
                          {&out.refused_quota, &counts.refused_quota},
                          {&out.refused_size, &counts.refused_size},
                          {&out.failed, &counts.failed},
                          {&out.evicted_blocks, &counts.evicted_blocks},
                          {&out.evicted_objects, &counts.evicted_objects},
                          {&out.expired, &counts.expired},
                          {&out.evicted_memory, &counts.evicted_memory},
                          {&out.corrupt, &counts.corrupt},
                          {&out.orphans, &counts.orphans},
                          {&out.lost, &counts.lost}}) {
    *to = from->value();
  }
  return out;
}

}  // namespace refrain::kv
