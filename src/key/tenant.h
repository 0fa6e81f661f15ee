#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "key/controls.h"

struct evp_mac_ctx_st;  // OpenSSL's EVP_MAC_CTX

namespace refrain::key {

struct Tenant {
  std::string id{};                     // "default", a name of the table, or "key-<16 hex>"
  bool admin = false;                   // may see and change every tenant's entries
  ScopeKind scope = ScopeKind::tenant;  // where requests go that say nothing
  Allowed allowed{};
  std::string upstream_key{};  // "" passes the client's own credential on
};

/// Whose request it is. Immutable after construction; threads: any.
class Tenants {
 public:
  struct Options {
    struct Row {
      Tenant tenant{};
      std::vector<std::string> keys{};  // API keys in clear; kept only as keyed hashes
    };
    // empty: tenants come from the credentials themselves. A key of two tenants is unknown.
    std::vector<Row> rows;
    std::array<std::byte, 32> secret{};  // of this data folder; keys the hashes
    bool anonymous_admin = true;         // loopback without credentials may use the native door
  };
  explicit Tenants(const Options& options);

  /// credential: value of Authorization (with or without "Bearer ") or x-api-key; "" for none.
  /// Without a table: the keyed hash (HMAC-SHA-256) of the credential names the tenant, and no
  /// credential is the tenant `default`, from loopback only. With a table: an unknown key is
  /// nullopt, and so is none. nullopt: identity uncertain, the cache is neither read nor written.
  std::optional<Tenant> resolve(std::string_view credential, bool loopback) const;
  /// True with rows, even if no row has a key: then nobody is known.
  bool has_table() const noexcept { return has_table_; }

 private:
  std::string hash(std::string_view credential) const;
  // Keyed once: setting up a key costs more than hashing a credential. Copied for each hash.
  std::unique_ptr<evp_mac_ctx_st, void (*)(evp_mac_ctx_st*)> keyed_;
  bool anonymous_admin_;
  bool has_table_;
  std::unordered_map<std::string, Tenant> by_hash_;
};

}  // namespace refrain::key
