#include "trust/verdicts.h"

#include <fmt/format.h>

namespace refrain::trust {

base::Result<bool> Verdicts::say(const Spoken& spoken) {
  return table_.with([&](Table& table) -> base::Result<bool> {
    const auto found = table.find(spoken.id);
    if (found != table.end() && found->second.verdict == spoken.verdict) return false;
    if (found == table.end() && table.size() >= spoken_max_) {
      return base::fail(base::Code::busy,
                        fmt::format("{} verdicts are kept already, the limit: delete the entry "
                                    "instead",
                                    table.size()));
    }
    const bool was_wrong = found != table.end() && found->second.verdict == Verdict::wrong;
    table[spoken.id] = spoken;
    spoken_ = table.size();
    if (spoken.verdict == Verdict::wrong) ++wrong_;
    if (was_wrong) --wrong_;
    return true;
  });
}

std::optional<Spoken> Verdicts::find(key::EntryId id) const {
  return table_.with([&](const Table& table) -> std::optional<Spoken> {
    const auto found = table.find(id);
    if (found == table.end()) return std::nullopt;
    return found->second;
  });
}

bool Verdicts::quarantined(key::EntryId id) const {
  if (wrong_ == 0) return false;
  const std::optional<Spoken> spoken = find(id);
  return spoken && spoken->verdict == Verdict::wrong;
}

bool Verdicts::erase(std::span<const key::EntryId> ids) {
  if (spoken_ == 0) return false;
  return table_.with([&](Table& table) {
    bool any = false;
    for (const key::EntryId id : ids) {
      const auto found = table.find(id);
      if (found == table.end()) continue;
      if (found->second.verdict == Verdict::wrong) --wrong_;
      table.erase(found);
      any = true;
    }
    spoken_ = table.size();
    return any;
  });
}

std::vector<Spoken> Verdicts::all() const {
  return table_.with([](const Table& table) {
    std::vector<Spoken> out;
    out.reserve(table.size());
    for (const auto& [id, spoken] : table) out.push_back(spoken);
    return out;
  });
}

void Verdicts::restore(std::span<const Spoken> spoken) {
  for (const Spoken& one : spoken) (void)say(one);
}

}  // namespace refrain::trust
