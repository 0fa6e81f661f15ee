#include "cache/pending.h"

#include <utility>

namespace refrain::cache {

void Pending::add(Item item) {
  key::EntryId id = item.record->id;
  items_.with([&](auto& items) { items[id] = std::move(item); });
}

void Pending::remove(std::span<const key::EntryId> ids) {
  items_.with([&](auto& items) {
    for (key::EntryId id : ids) items.erase(id);
  });
}

Pending::Item Pending::find(key::EntryId id) const {
  return items_.with([&](const auto& items) {
    auto found = items.find(id);
    return found == items.end() ? Item{} : found->second;
  });
}

std::size_t Pending::size() const {
  return items_.with([](const auto& items) { return items.size(); });
}

}  // namespace refrain::cache
