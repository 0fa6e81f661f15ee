// A graph in a snapshot: ids, rows, levels, the entry point and every list of links.
//
// Tombstones are repaired away first, then live slots are numbered without gaps, so that a file
// holds nothing that was erased. Codes are not written: making them again from the rows costs less
// than reading them. The reader trusts nothing: a link to a node that is not there, or not in that
// layer, would be a walk into foreign memory.
#include <fmt/format.h>

#include <cstring>

#include "base/bytes.h"
#include "index/graph.h"
#include "index/snapshot.h"
#include "index/unit_rows.h"

namespace refrain::index {
namespace {

std::unexpected<base::Error> corrupt(std::string_view what, std::uint64_t value) {
  return base::fail(base::Code::corrupt, fmt::format("snapshot graph: {} {}", what, value));
}

template <class T>
T value_at(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at * sizeof(T), sizeof(T));
  return value;
}

/// Reads one list of a node; every link must be another node of that layer.
base::Result<> read_links(base::ByteReader& in, GraphNodes& nodes, std::size_t count,
                          std::pair<Slot, int> place) {
  const auto [slot, layer] = place;
  TRY(degree, in.u8());
  if (degree > nodes.links_max(layer)) {
    return corrupt("too many links:", degree);
  }
  TRY(raw, in.raw(degree * sizeof(Slot)));
  std::vector<Slot> links(degree);
  if (degree > 0) {
    std::memcpy(links.data(), raw.data(), raw.size());
  }
  for (const Slot link : links) {
    if (link >= count || link == slot || nodes.level(link) < layer) {
      return corrupt("bad link", link);
    }
  }
  nodes.set_links(slot, layer, links);
  return {};
}

}  // namespace

void Graph::encode(SnapshotWriter& out) {
  std::lock_guard writing(writing_);
  repair_all();
  std::vector<Slot> order;                           // file position to slot
  std::vector<Slot> position(nodes_.slots(), kNoSlot);  // and back
  for (Slot slot = 0; slot < nodes_.slots(); ++slot) {
    if (nodes_.state(slot) == SlotState::live) {
      position[slot] = static_cast<Slot>(order.size());
      order.push_back(slot);
    }
  }
  out.u64(order.size());
  for (const Slot slot : order) {
    out.u64(nodes_.id(slot));
  }
  for (const Slot slot : order) {
    out.array(nodes_.row(slot), nodes_.dim());
  }
  for (const Slot slot : order) {
    out.u8(static_cast<std::uint8_t>(nodes_.level(slot)));
  }
  out.u64(order.empty() ? 0 : position[entry_.slot]);
  std::vector<Slot> links;
  for (const Slot slot : order) {
    for (int layer = 0; layer <= nodes_.level(slot); ++layer) {
      links.clear();
      for (const Slot link : nodes_.links(slot, layer)) {
        links.push_back(position[link]);
      }
      out.u8(static_cast<std::uint8_t>(links.size()));
      out.array(links.data(), links.size());
    }
  }
}

base::Result<std::unique_ptr<Graph>> Graph::decode(base::ByteReader& in, const Options& options) {
  TRY(graph, open(options));
  GraphNodes& nodes = graph->nodes_;
  TRY(count, in.u64());
  const std::size_t row_bytes = options.dim * sizeof(float);
  if (count == 0 || count > options.size_max || count > in.left() / (row_bytes + 10)) {
    return corrupt("impossible number of entries:", count);
  }
  TRY(ids, in.raw(count * sizeof(key::EntryId)));
  TRY(rows, in.raw(count * row_bytes));
  TRY(levels, in.raw(count));
  TRY(entry, in.u64());
  graph->slot_of_.reserve(count);
  std::vector<float> row(options.dim);
  for (std::size_t at = 0; at < count; ++at) {
    const auto id = value_at<key::EntryId>(ids, at);
    const int level = static_cast<unsigned char>(levels[at]);
    std::memcpy(row.data(), rows.data() + at * row_bytes, row_bytes);
    if (id == 0 || graph->slot_of_.find(id) != nullptr || !is_unit(row.data(), options.dim)) {
      return corrupt("bad id or row of entry", id);
    }
    if (level >= GraphNodes::kLayersMax) {
      return corrupt("bad level", static_cast<std::uint64_t>(level));
    }
    const auto slot = static_cast<Slot>(at);
    if (nodes.full()) {
      nodes.grow();
    }
    nodes.write(slot, id, row.data(), level);
    nodes.publish(slot);
    graph->slot_of_.set(id, slot);
  }
  for (std::size_t at = 0; at < count; ++at) {
    for (int layer = 0; layer <= nodes.level(static_cast<Slot>(at)); ++layer) {
      TRY_DO(read_links(in, nodes, count, {static_cast<Slot>(at), layer}));
    }
  }
  graph->live_ = count;
  const Entry top = graph->highest();
  if (entry >= count || nodes.level(static_cast<Slot>(entry)) != top.level) {
    return corrupt("bad entry point", entry);
  }
  graph->entry_ = {static_cast<Slot>(entry), top.level};
  return std::move(graph);
}

}  // namespace refrain::index
