#include "cache/limits.h"

namespace refrain::cache {

std::vector<key::EntryId> Limits::added(const std::string& scope, key::EntryId id,
                                        std::size_t entries_max) {
  return state_.with([&](State& state) {
    Order& order = state.scopes[scope];
    order.push_front(id);
    state.spots[id] = {&order, order.begin()};
    std::vector<key::EntryId> gone;
    while (order.size() > entries_max) {
      gone.push_back(order.back());
      state.spots.erase(order.back());
      order.pop_back();
    }
    return gone;
  });
}

void Limits::used(key::EntryId id) {
  state_.with([&](State& state) {
    auto spot = state.spots.find(id);
    if (spot == state.spots.end()) return;
    Order& order = *spot->second.order;
    order.splice(order.begin(), order, spot->second.at);
  });
}

void Limits::removed(std::span<const key::EntryId> ids) {
  state_.with([&](State& state) {
    for (key::EntryId id : ids) {
      auto spot = state.spots.find(id);
      if (spot == state.spots.end()) continue;
      spot->second.order->erase(spot->second.at);
      state.spots.erase(spot);
    }
  });
}

std::size_t Limits::size(const std::string& scope) const {
  return state_.with([&](const State& state) {
    auto found = state.scopes.find(scope);
    return found == state.scopes.end() ? std::size_t{0} : found->second.size();
  });
}

}  // namespace refrain::cache
