#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kv/object.h"
#include "kv/store.h"

namespace refrain::kv {

/// A named object as the store holds it in memory.
struct Named {
  Description facts{};
  base::Digest leaf{};  // its last block; zero for Kind::file
  bool safe = false;    // counted in Node::pins of its last block
};

/// All named objects, by id and by name. Pure; threads: one.
class Names {
 public:
  void add(Named object);
  /// Null if there is none of that id.
  Named* find(ObjectId id);
  const Named* find(ObjectId id) const;
  /// That version, or the latest.
  const Named* find(std::string_view tenant, std::string_view name,
                    std::optional<std::uint64_t> version) const;
  std::optional<Named> remove(ObjectId id);
  /// Ids of one name's versions, oldest first; of one version if given.
  std::vector<ObjectId> versions(std::string_view tenant, std::string_view name,
                                 std::optional<std::uint64_t> version = std::nullopt) const;
  std::vector<Description> list(const Query& query) const;
  /// Objects whose last block is this one.
  std::vector<ObjectId> ending_at(const base::Digest& leaf) const;
  /// Objects past their time, neither pinned nor leased.
  std::vector<ObjectId> expired(base::WallTime now) const;
  std::uint64_t bytes(std::string_view tenant) const;
  std::size_t size() const noexcept { return by_id_.size(); }
  template <class Visit>
  void each(Visit&& visit) {
    for (auto& [id, object] : by_id_) visit(object);
  }

 private:
  using Key = std::pair<std::string, std::string>;  // tenant, name

  std::unordered_map<ObjectId, Named> by_id_;
  std::map<Key, std::map<std::uint64_t, ObjectId>, std::less<>> by_name_;
  std::unordered_map<base::Digest, std::vector<ObjectId>, base::DigestHash> by_leaf_;
  std::unordered_map<std::string, std::uint64_t> bytes_;
};

/// Pinned, or leased beyond now.
bool is_safe(const Description& facts, base::WallTime now);

}  // namespace refrain::kv
