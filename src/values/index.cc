#include "values/index.h"

namespace refrain::values {

Space* Index::space(std::string_view name) {
  const auto found = spaces_.find(name);
  return found == spaces_.end() ? nullptr : found->second.get();
}

Entry* Index::find(std::string_view space_name, std::string_view key) {
  Space* in = space(space_name);
  if (!in) return nullptr;
  const auto found = in->entries.find(key);
  return found == in->entries.end() ? nullptr : &found->second;
}

Entry& Index::get(std::string_view space_name, std::string_view key, bool& made) {
  Space* in = space(space_name);
  if (!in) {
    auto fresh = std::make_unique<Space>();
    fresh->name = space_name;
    in = fresh.get();
    spaces_.emplace(space_name, std::move(fresh));
  }
  if (const auto found = in->entries.find(key); found != in->entries.end()) {
    made = false;
    return found->second;
  }
  made = true;
  const auto [at, added] = in->entries.try_emplace(std::string(key));
  Entry& entry = at->second;
  entry.key = &at->first;
  entry.space = in;
  entry.order = next_order_++;
  if (free_.empty()) {
    entry.slot = static_cast<policy::Slot>(slots_.size());
    slots_.push_back(&entry);
  } else {
    entry.slot = free_.back();
    free_.pop_back();
    slots_[entry.slot] = &entry;
  }
  in->by_order.emplace_hint(in->by_order.end(), entry.order, &entry);
  ++count_;
  return entry;
}

void Index::set_expiry(Entry& entry, std::optional<base::WallTime> expires) {
  if (entry.expires) ends_.erase({*entry.expires, entry.slot});
  entry.expires = expires;
  if (expires) ends_.insert({*expires, entry.slot});
}

Entry Index::remove(Entry& entry) {
  set_expiry(entry, std::nullopt);
  Space& in = *entry.space;
  in.by_order.erase(entry.order);
  slots_[entry.slot] = nullptr;
  free_.push_back(entry.slot);
  --count_;
  Entry out = std::move(entry);
  in.entries.erase(in.entries.find(*out.key));
  out.key = nullptr;
  out.space = nullptr;
  // Names of tenants that keep nothing are not kept either.
  if (in.entries.empty()) spaces_.erase(spaces_.find(in.name));
  return out;
}

Entry* Index::expired(base::WallTime now) const {
  if (ends_.empty() || ends_.begin()->first > now) return nullptr;
  return slots_[ends_.begin()->second];
}

}  // namespace refrain::values
