#include "cache/pending.h"

#include <utility>

namespace refrain::cache {

void Pending::add(Item item) {
  key::EntryId id = item.record->id;
  items_.with([&](auto& items) { items[id] = std::move(item); });
}

bool Pending::update(Item item) {
  key::EntryId id = item.record->id;
  return items_.with([&](auto& items) {
    auto found = items.find(id);
    if (found == items.end()) return false;
    if (found->second.doomed) {
      items.erase(found);
      return false;
    }
    found->second = std::move(item);
    return true;
  });
}

bool Pending::hand_over(key::EntryId id) {
  return items_.with([&](auto& items) {
    auto found = items.find(id);
    if (found == items.end()) return false;
    if (found->second.doomed) {
      items.erase(found);
      return false;
    }
    found->second.handed = true;
    return true;
  });
}

void Pending::doom(std::span<const key::EntryId> ids) {
  items_.with([&](auto& items) {
    for (key::EntryId id : ids) {
      auto found = items.find(id);
      if (found != items.end() && !found->second.handed) found->second.doomed = true;
    }
  });
}

std::vector<key::EntryId> Pending::matching(const store::Filter& filter) const {
  return items_.with([&](const auto& items) {
    std::vector<key::EntryId> ids;
    for (const auto& [id, item] : items) {
      if (!item.doomed && store::matches(filter, *item.record)) ids.push_back(id);
    }
    return ids;
  });
}

void Pending::remove(std::span<const key::EntryId> ids) {
  items_.with([&](auto& items) {
    for (key::EntryId id : ids) items.erase(id);
  });
}

Pending::Item Pending::find(key::EntryId id) const {
  return items_.with([&](const auto& items) {
    auto found = items.find(id);
    return found == items.end() || found->second.doomed ? Item{} : found->second;
  });
}

std::size_t Pending::size() const {
  return items_.with([](const auto& items) { return items.size(); });
}

}  // namespace refrain::cache
