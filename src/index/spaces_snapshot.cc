// The whole of Spaces in one file: docs/formats/index_snapshot.md.
//
// A snapshot is only a quick start: the store's records are the truth. So whatever is odd about a
// file makes it corrupt as a whole, and the caller builds the index again from the store; nothing
// is saved from a damaged file. The checksum is looked at first, all counts and links after it all
// the same: a file may have been written by another program.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "index/snapshot.h"
#include "index/spaces.h"
#include "index/unit_rows.h"

namespace refrain::index {
namespace {

constexpr std::string_view kMagic = "RFRINDEX";
constexpr std::uint32_t kVersion = 1;
constexpr std::uint8_t kFlat = 0;
constexpr std::uint8_t kGraph = 1;
constexpr std::size_t kSpaceBytesMin = 2 * sizeof(std::uint64_t) + 1 + sizeof(std::uint64_t);

std::unexpected<base::Error> corrupt(std::string what) {
  return base::fail(base::Code::corrupt, "snapshot " + std::move(what));
}

base::Result<> check_header(base::ByteReader& in, const Spaces::Options& options) {
  TRY(magic, in.raw(kMagic.size()));
  TRY(version, in.u32());
  if (magic != kMagic || version != kVersion) {
    return corrupt(fmt::format("is no index of version {}", kVersion));
  }
  TRY(dim, in.u32());
  TRY(links_max, in.u32());
  TRY(embedder_bytes, in.u32());
  TRY(embedder, in.raw(embedder_bytes));
  if (dim != options.dim || links_max != options.graph.links_max || embedder != options.embedder) {
    return corrupt(fmt::format("of {} dimensions, {} links, embedder '{}'; expected {}, {}, '{}'",
                               dim, links_max, embedder, options.dim, options.graph.links_max,
                               options.embedder));
  }
  return {};
}

base::Result<std::unique_ptr<Flat>> decode_flat(base::ByteReader& in, const Flat::Options& options,
                                                std::vector<key::EntryId>& ids) {
  TRY(flat, Flat::open(options));
  TRY(count, in.u64());
  const std::size_t row_bytes = options.dim * sizeof(float);
  if (count == 0 || count > in.left() / (row_bytes + sizeof(key::EntryId))) {
    return corrupt(fmt::format("has a space of {} entries", count));
  }
  TRY(id_bytes, in.raw(count * sizeof(key::EntryId)));
  TRY(bytes, in.raw(count * row_bytes));
  ids.resize(count);
  std::memcpy(ids.data(), id_bytes.data(), id_bytes.size());
  std::vector<float> rows(count * options.dim);
  std::memcpy(rows.data(), bytes.data(), bytes.size());
  if (base::Result<> filled = flat->upsert(ids, {rows.data(), count, options.dim}); !filled) {
    return corrupt(filled.error().what);
  }
  return std::move(flat);
}

}  // namespace

base::Result<> Spaces::save(const std::filesystem::path& path, const Stamp& stamp) {
  TRY(out, SnapshotWriter::create(path));
  std::unique_lock world(world_);
  out->raw(kMagic);
  out->u32(kVersion);
  out->u32(static_cast<std::uint32_t>(options_.dim));
  out->u32(static_cast<std::uint32_t>(options_.graph.links_max));
  out->u32(static_cast<std::uint32_t>(options_.embedder.size()));
  out->raw(options_.embedder);
  out->u64(stamp.last_id);
  out->u64(stamp.entries);
  std::vector<std::pair<key::Key, std::shared_ptr<Space>>> all;
  for (const SpaceShard& in : spaces_) {
    std::shared_lock guard(in.lock);
    all.insert(all.end(), in.spaces.begin(), in.spaces.end());
  }
  // Equal contents, equal bytes.
  std::ranges::sort(all, {}, [](const auto& space) { return space.first; });
  out->u64(all.size());
  for (const auto& [key, space] : all) {
    out->u64(key.high);
    out->u64(key.low);
    space->encode(*out);
  }
  world.unlock();
  return out->finish();
}

base::Result<> Spaces::adopt(const key::Key& key, std::shared_ptr<Space> space,
                             std::span<const key::EntryId> ids) {
  if (space->info().size != ids.size()) {
    return corrupt("has an id twice in one space");
  }
  for (const key::EntryId id : ids) {
    IdMap<key::Key>& space_of = ids_[id % kShards].space_of;
    if (space_of.find(id) != nullptr) {
      return corrupt(fmt::format("has id {} in two spaces", id));
    }
    space_of.set(id, key);
  }
  entries_ += ids.size();
  if (entries_ > options_.entries_max) {
    return corrupt(fmt::format("has more than {} entries", options_.entries_max));
  }
  Space& adopted = *space;
  if (!shard(key).spaces.emplace(key, std::move(space)).second) {
    return corrupt("has a space twice");
  }
  note_upkeep(key, adopted);
  return {};
}

base::Result<> Spaces::decode_space(base::ByteReader& in) {
  TRY(high, in.u64());
  TRY(low, in.u64());
  TRY(kind, in.u8());
  std::vector<key::EntryId> ids;
  if (kind == kFlat) {
    TRY(flat, decode_flat(in, {.dim = options_.dim, .size_max = options_.entries_max}, ids));
    return adopt({high, low}, std::make_shared<Space>(space_options_, std::move(flat)), ids);
  }
  if (kind != kGraph) {
    return corrupt(fmt::format("has a space of kind {}", kind));
  }
  TRY(graph, Graph::decode(in, space_options_.graph));
  graph->each([&](key::EntryId id, const float*) { ids.push_back(id); });
  return adopt({high, low}, std::make_shared<Space>(space_options_, std::move(graph)), ids);
}

base::Result<Spaces::Loaded> Spaces::decode(std::string_view file, Options options) {
  TRY(spaces, open(std::move(options)));
  TRY(body, checked_body(file));
  base::ByteReader in(body);
  TRY_DO(check_header(in, spaces->options_));
  Stamp stamp;
  TRY(last_id, in.u64());
  TRY(entries, in.u64());
  stamp = {.last_id = last_id, .entries = entries};
  TRY(count, in.u64());
  if (count > in.left() / kSpaceBytesMin) {
    return corrupt(fmt::format("has {} spaces in {} bytes", count, in.left()));
  }
  for (std::uint64_t at = 0; at < count; ++at) {
    TRY_DO(spaces->decode_space(in));
  }
  if (in.left() != 0) {
    return corrupt(fmt::format("has {} bytes after its end", in.left()));
  }
  return Loaded{std::move(spaces), stamp};
}

base::Result<Spaces::Loaded> Spaces::load(const std::filesystem::path& path, Options options) {
  TRY(file, MappedFile::open(path));
  return decode(file->bytes(), std::move(options));
}

}  // namespace refrain::index
