#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cache/cache.h"
#include "json/value.h"
#include "key/tenant.h"
#include "serve/completions.h"
#include "serve/journal.h"

namespace refrain::serve {

/// A question and its answer, given by an operator.
struct NewEntry {
  chat::Request request;
  chat::Answer answer;
  std::string user;                       // with scope user
  std::optional<key::ScopeKind> scope;
  std::vector<std::string> tags;
  std::optional<std::chrono::seconds> ttl;
};

/// What an entry looks like from outside.
struct EntryView {
  store::Record record;                   // without vector and canonical bytes
  std::string question, answer;           // texts; "" where the caller did not ask for them
  bool quarantined = false;               // said to be wrong: kept, never served
};

struct EntryPage {
  std::vector<EntryView> entries;
  std::optional<key::EntryId> next;       // where the next page begins; nullopt at the end
};

/// What the native door does with entries. A tenant sees only its own; an admin sees all.
/// All functions block: for work threads.
class Entries {
 public:
  Entries(cache::Cache& cache, Completions& completions);

  /// Durable on return; all or nothing. Returns the new ids, in order.
  /// Errors: invalid (a scope that the tenant may not name, scope user without a user).
  base::Result<std::vector<key::EntryId>> insert(const base::Call& call, const key::Tenant& tenant,
                                                 std::vector<NewEntry> entries);
  base::Result<EntryPage> list(const base::Call& call, const key::Tenant& tenant,
                               store::Scan scan);
  /// Errors: not_found (unknown, or of another tenant).
  base::Result<EntryView> show(const base::Call& call, const key::Tenant& tenant, key::EntryId id);
  /// Forgets what matches; dry: only counts it. Returns how many.
  enum class Run : std::uint8_t { dry, real };
  base::Result<std::size_t> invalidate(const base::Call& call, const key::Tenant& tenant,
                                       store::Filter filter, Run run);
  cache::Stats cache_stats() const { return cache_.stats(); }

 private:
  static void confine(const key::Tenant& tenant, store::Filter& filter);

  cache::Cache& cache_;
  Completions& completions_;
};

}  // namespace refrain::serve
