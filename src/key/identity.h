#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "chat/request.h"

namespace refrain::key {

/// Number of a stored entry; never given twice by one data folder. 0: none.
using EntryId = std::uint64_t;
/// Digest of canonical bytes. Whoever serves an entry compares the bytes too.
using Key = base::Digest;
using KeyHash = base::DigestHash;

/// Who may share an answer. global crosses tenants and needs their permission.
enum class ScopeKind : std::uint8_t { user, tenant, global };
std::string_view name(ScopeKind kind) noexcept;
std::optional<ScopeKind> parse_scope(std::string_view text) noexcept;

struct Scope {
  ScopeKind kind = ScopeKind::tenant;
  std::string tenant{};  // "" with kind global only
  std::string user{};    // with kind user only
  bool operator==(const Scope&) const = default;
};

/// Unambiguous bytes of a scope: lengths before texts, so that no two scopes share them.
std::string bytes(const Scope& scope);

/// What a route leaves out of its keys beyond what transport explains.
struct Rules {
  std::vector<std::string> ignore{};  // top-level members of the body, such as "temperature"
};

/// One question under one scope.
struct Identity {
  std::string canonical;  // scope, dialect and the whole request in canonical bytes
  Key exact;              // digest of canonical
  Key space;              // digest of the same with the embedded text taken out: what must be
                          // equal for a semantic match
};

/// Canonical bytes of a JSON value: object members sorted by name (by bytes), numbers by value
/// (1, 1.0, 10e-1 are one; digits beyond a double still differ), strings as they are (no Unicode
/// normalisation: the model sees the difference). Length-prefixed, hence injective up to those
/// rules.
void canonical(const json::Value& value, std::string& out);

/// Identity of a request. Left out: stream, stream_options, user, metadata, store,
/// safety_identifier, prompt_cache_key, prompt_cache_retention, service_tier, cache (LiteLLM's
/// controls), GKV's user_id and cache_strategy, and rules.ignore (which cannot name messages,
/// prompt, input or inputs). A member that is null counts as absent. `tools` sort by their
/// canonical bytes. max_completion_tokens and max_tokens are one limit; n: 1 is absent. temperature
/// 0 and absent differ. Which dialect leaves out what, and why: docs/design/key.md. Never fails;
/// body may be any JSON.
Identity identify(const chat::Request& request, const Scope& scope, const Rules& rules = {});

}  // namespace refrain::key
