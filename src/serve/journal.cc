#include "serve/journal.h"

#include <algorithm>
#include <utility>

namespace refrain::serve {

void Journal::add(Decision decision) {
  if (words_ == Words::left_out) {
    // "numbers refused: 2023 against 2024" keeps what is before the colon.
    for (Weighed& weighed : decision.candidates) {
      for (std::string& reason : weighed.reasons) {
        reason.resize(std::min(reason.find(':'), reason.size()));
      }
    }
  }
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

template <class Wanted>
std::vector<Decision> Journal::newest(std::size_t limit, const Wanted& wanted) const {
  std::vector<Decision> out;
  state_.with([&](const State& state) {
    for (auto it = state.order.rbegin(); it != state.order.rend() && out.size() < limit; ++it) {
      if (wanted(**it)) out.push_back(**it);
    }
  });
  return out;
}

std::vector<Decision> Journal::served_from(key::EntryId id, std::size_t limit) const {
  return newest(limit, [&](const Decision& decision) { return decision.answer_id == id; });
}

std::vector<Decision> Journal::refused(key::EntryId id, std::size_t limit) const {
  return newest(limit, [&](const Decision& decision) {
    return std::ranges::any_of(decision.candidates, [&](const Weighed& weighed) {
      return weighed.id == id && !weighed.accepted;
    });
  });
}

std::optional<Decision> Journal::made(key::EntryId id) const {
  std::vector<Decision> found =
      newest(1, [&](const Decision& decision) { return decision.stored_as == id; });
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::vector<Decision> Journal::last(const std::string& tenant, std::size_t limit) const {
  return newest(limit, [&](const Decision& decision) {
    return tenant.empty() || decision.tenant == tenant;
  });
}

}  // namespace refrain::serve
