#include "serve/journal.h"

#include <utility>

namespace refrain::serve {

void Journal::add(Decision decision) {
  auto kept = std::make_shared<const Decision>(std::move(decision));
  state_.with([&](State& state) {
    state.order.push_back(kept);
    state.by_request[kept->request_id] = kept;
    while (state.order.size() > entries_max_) {
      auto oldest = state.by_request.find(state.order.front()->request_id);
      if (oldest != state.by_request.end() && oldest->second == state.order.front()) {
        state.by_request.erase(oldest);
      }
      state.order.pop_front();
    }
  });
}

std::optional<Decision> Journal::find(const std::string& request_id) const {
  Kept kept = state_.with([&](const State& state) -> Kept {
    auto found = state.by_request.find(request_id);
    return found == state.by_request.end() ? nullptr : found->second;
  });
  if (!kept) return std::nullopt;
  return *kept;
}

std::vector<Decision> Journal::served_from(key::EntryId id, std::size_t limit) const {
  std::vector<Decision> out;
  state_.with([&](const State& state) {
    for (auto it = state.order.rbegin(); it != state.order.rend() && out.size() < limit; ++it) {
      if ((*it)->answer_id == id) out.push_back(**it);
    }
  });
  return out;
}

std::vector<Decision> Journal::last(const std::string& tenant, std::size_t limit) const {
  std::vector<Decision> out;
  state_.with([&](const State& state) {
    for (auto it = state.order.rbegin(); it != state.order.rend() && out.size() < limit; ++it) {
      if (tenant.empty() || (*it)->tenant == tenant) out.push_back(**it);
    }
  });
  return out;
}

}  // namespace refrain::serve
