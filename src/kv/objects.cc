// The part of Store that knows objects by their names.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "kv/shelf.h"
#include "kv/store.h"

namespace refrain::kv {

using base::Code;
using base::fail;
using base::Result;

namespace {

std::unexpected<base::Error> no_object(ObjectId id) {
  return fail(Code::not_found, fmt::format("there is no KV object {}", id));
}

// Changes the terms of an object in memory and on disk. On the writer's thread.
template <class Edit>
Result<Description> change_terms(Shelf& shelf, ObjectId id, Edit&& edit) {
  std::optional<Named> changed = shelf.index.with([&](const Index& index) {
    const Named* object = index.names.find(id);
    return object ? std::optional(*object) : std::nullopt;
  });
  if (!changed) return no_object(id);
  edit(changed->facts);
  Change change;
  change.touch_objects = {&*changed};
  TRY_DO(shelf.catalog->apply(change));
  return shelf.index.with([&](Index& index) -> Result<Description> {
    Named* object = index.names.find(id);
    if (!object) return no_object(id);
    object->facts.pinned = changed->facts.pinned;
    object->facts.leased = changed->facts.leased;
    settle_pin(index, *object, shelf.clock.wall());
    return object->facts;
  });
}

}  // namespace

std::optional<Description> Store::find(std::string_view tenant, std::string_view name,
                                       std::optional<std::uint64_t> version) {
  return shelf_->index.with([&](const Index& index) -> std::optional<Description> {
    const Named* object = index.names.find(tenant, name, version);
    if (!object) return std::nullopt;
    const Description& facts = object->facts;
    const base::WallTime now = shelf_->clock.wall();
    if (facts.expires && *facts.expires <= now && !is_safe(facts, now)) return std::nullopt;
    return facts;
  });
}

std::vector<Description> Store::list(const Query& query) {
  return shelf_->index.with([&](const Index& index) { return index.names.list(query); });
}

Result<Manifest> Store::manifest(ObjectId id) {
  Shelf& shelf = *shelf_;
  TRY(bytes, shelf.on_writer<std::string>([&shelf, id] { return shelf.catalog->manifest(id); }));
  Result<Manifest> out = decode_manifest(bytes);
  if (!out) shelf.counts.corrupt.add();
  return out;
}

Result<std::size_t> Store::erase(std::string_view tenant, std::string_view name,
                                 std::optional<std::uint64_t> version) {
  Shelf& shelf = *shelf_;
  return shelf.on_writer<std::size_t>([&]() -> Result<std::size_t> {
    const auto ids = shelf.index.with(
        [&](const Index& index) { return index.names.versions(tenant, name, version); });
    if (!ids.empty()) TRY_DO(shelf.erase(ids));
    return ids.size();
  });
}

Result<Description> Store::pin(ObjectId id) {
  Shelf& shelf = *shelf_;
  return shelf.on_writer<Description>(
      [&] { return change_terms(shelf, id, [](Description& facts) { facts.pinned = true; }); });
}

Result<Description> Store::unpin(ObjectId id) {
  Shelf& shelf = *shelf_;
  return shelf.on_writer<Description>(
      [&] { return change_terms(shelf, id, [](Description& facts) { facts.pinned = false; }); });
}

Result<Description> Store::lease(ObjectId id, std::chrono::milliseconds duration) {
  Shelf& shelf = *shelf_;
  return shelf.on_writer<Description>([&] {
    const base::WallTime until = shelf.clock.wall() + duration;
    return change_terms(shelf, id, [&](Description& facts) {
      facts.leased = std::max(facts.leased.value_or(until), until);
    });
  });
}

}  // namespace refrain::kv
