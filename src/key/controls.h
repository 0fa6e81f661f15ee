#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "chat/request.h"
#include "key/identity.h"

namespace refrain::key {

/// What a tenant lets its requests say about the cache. What is not allowed is ignored, not
/// refused.
struct Allowed {
  bool bypass = true;  // no-store, no-cache, off, refresh, read-only, write-only
  bool ttl = true;
  std::chrono::seconds ttl_max = std::chrono::hours(24 * 365);
  bool tags = true;
  std::vector<ScopeKind> scopes = {ScopeKind::user, ScopeKind::tenant};
};

/// What one request asked of the cache, after the tenant's permissions.
struct Controls {
  bool read = true;
  bool store = true;
  bool refresh = false;         // not read because the client wants a fresh answer
  bool only_if_cached = false;  // a miss is 504
  bool exact_only = false;      // x-refrain-tier: exact
  std::optional<std::chrono::seconds> max_age{};  // of a stored answer
  std::optional<std::chrono::seconds> ttl{};
  std::optional<ScopeKind> scope{};
  std::string user{};  // x-refrain-user, else the body's user or safety_identifier
  std::vector<std::string> tags{};
  std::string kv_name{};  // x-refrain-kv-name: the prompt must be computed, so nothing is read
  std::vector<std::string> reasons{};  // which header said what, for explain
};

/// Reads RFC 9111 request directives (Cache-Control: no-store = neither read nor store, no-cache =
/// do not read but store, max-age, only-if-cached), x-refrain-cache | -tier | -ttl | -scope | -tags
/// | -user | -kv-name, and what other gateways' clients send (field/answer-caches e.4): LiteLLM's
/// body member `cache`, x-portkey-cache-force-refresh, x-portkey-cache-namespace (a tag-like part:
/// becomes the user of scope user), x-bf-cache-ttl, -no-store and -type, x-vsr-cache-control,
/// Helicone-Cache-Enabled, X-OpenRouter-Cache, -TTL and -Clear, cf-aig-skip-cache and -cache-ttl,
/// x-higress-skip-ai-cache, X-Cache-Mode. x-refrain-* win over all others; the words of the others
/// add up. Durations: seconds, or a number with s, m, h or d. x-refrain-tier: exact or any. A
/// foreign ttl of 0 stores nothing. Errors: invalid (a value of x-refrain-* that means nothing; the
/// sentence names header, value and what is allowed). Unreadable foreign headers are ignored.
base::Result<Controls> controls(const chat::Headers& headers, const json::Value& body,
                                const Allowed& allowed);

}  // namespace refrain::key
