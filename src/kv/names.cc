#include "kv/names.h"

#include <algorithm>

namespace refrain::kv {

bool is_safe(const Description& facts, base::WallTime now) {
  return facts.pinned || (facts.leased && *facts.leased > now);
}

void Names::add(Named object) {
  const Description& facts = object.facts;
  by_name_[{facts.tenant, facts.name}][facts.version] = facts.id;
  bytes_[facts.tenant] += facts.bytes;
  if (facts.kind == Kind::blocks) by_leaf_[object.leaf].push_back(facts.id);
  const ObjectId id = facts.id;
  by_id_.emplace(id, std::move(object));
}

Named* Names::find(ObjectId id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

const Named* Names::find(ObjectId id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

const Named* Names::find(std::string_view tenant, std::string_view name,
                         std::optional<std::uint64_t> version) const {
  const std::vector<ObjectId> ids = versions(tenant, name, version);
  return ids.empty() ? nullptr : find(ids.back());
}

std::optional<Named> Names::remove(ObjectId id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  Named out = std::move(found->second);
  by_id_.erase(found);
  const Description& facts = out.facts;
  const auto name = by_name_.find(Key{facts.tenant, facts.name});
  name->second.erase(facts.version);
  if (name->second.empty()) by_name_.erase(name);
  const auto bytes = bytes_.find(facts.tenant);
  bytes->second -= facts.bytes;
  if (bytes->second == 0) bytes_.erase(bytes);
  if (facts.kind == Kind::blocks) {
    const auto leaf = by_leaf_.find(out.leaf);
    std::erase(leaf->second, id);
    if (leaf->second.empty()) by_leaf_.erase(leaf);
  }
  return out;
}

std::vector<ObjectId> Names::versions(std::string_view tenant, std::string_view name,
                                      std::optional<std::uint64_t> version) const {
  std::vector<ObjectId> out;
  const auto found = by_name_.find(Key{tenant, name});
  if (found == by_name_.end()) return out;
  for (const auto& [number, id] : found->second) {
    if (!version || *version == number) out.push_back(id);
  }
  return out;
}

std::vector<Description> Names::list(const Query& query) const {
  std::vector<Description> out;
  for (auto at = by_name_.lower_bound(Key{query.tenant, std::max(query.after, query.prefix)});
       at != by_name_.end(); ++at) {
    const auto& [tenant, name] = at->first;
    if (tenant != query.tenant || !name.starts_with(query.prefix)) break;
    if (!query.after.empty() && name <= query.after) continue;
    for (auto version = at->second.rbegin(); version != at->second.rend(); ++version) {
      // A name's versions stay together, so that `after` can name the last one seen.
      if (out.size() >= query.limit && version == at->second.rbegin()) return out;
      out.push_back(by_id_.at(version->second).facts);
      if (!query.all_versions) break;
    }
  }
  return out;
}

std::vector<ObjectId> Names::ending_at(const base::Digest& leaf) const {
  const auto found = by_leaf_.find(leaf);
  return found == by_leaf_.end() ? std::vector<ObjectId>{} : found->second;
}

std::vector<ObjectId> Names::expired(base::WallTime now) const {
  std::vector<ObjectId> out;
  for (const auto& [id, object] : by_id_) {
    const Description& facts = object.facts;
    if (facts.expires && *facts.expires <= now && !is_safe(facts, now)) out.push_back(id);
  }
  return out;
}

std::uint64_t Names::bytes(std::string_view tenant) const {
  const auto found = bytes_.find(std::string(tenant));
  return found == bytes_.end() ? 0 : found->second;
}

}  // namespace refrain::kv
