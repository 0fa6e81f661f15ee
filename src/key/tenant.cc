#include "key/tenant.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <set>

#include "base/check.h"

namespace refrain::key {
namespace {

constexpr std::size_t kIdHexDigits = 16;

// Without the scheme and white space: one key is one tenant, however it is sent.
std::string_view bare(std::string_view credential) {
  auto trim = [](std::string_view text) {
    std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return std::string_view();
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
  };
  constexpr std::string_view kScheme = "bearer";
  credential = trim(credential);
  bool schemed = credential.size() >= kScheme.size() &&
                 std::equal(kScheme.begin(), kScheme.end(), credential.begin(), [](char a, char b) {
                   return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b);
                 });
  if (!schemed) return credential;
  std::string_view rest = credential.substr(kScheme.size());
  if (rest.empty()) return rest;
  return rest.front() == ' ' || rest.front() == '\t' ? trim(rest) : credential;
}

using Context = std::unique_ptr<EVP_MAC_CTX, void (*)(EVP_MAC_CTX*)>;

Context keyed(const std::array<std::byte, 32>& secret) {
  std::unique_ptr<EVP_MAC, void (*)(EVP_MAC*)> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr),
                                                   EVP_MAC_free);
  CHECK(mac != nullptr, "OpenSSL has no HMAC");
  Context context(EVP_MAC_CTX_new(mac.get()), EVP_MAC_CTX_free);
  char digest_name[] = "SHA256";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
      OSSL_PARAM_construct_end()};
  bool ready = context != nullptr &&
               EVP_MAC_init(context.get(), reinterpret_cast<const unsigned char*>(secret.data()),
                            secret.size(), parameters) == 1;
  CHECK(ready, "OpenSSL has no HMAC-SHA-256");
  return context;
}

}  // namespace

Tenants::Tenants(const Options& options)
    : keyed_(keyed(options.secret)),
      anonymous_admin_(options.anonymous_admin),
      has_table_(!options.rows.empty()) {
  std::set<std::string> ambiguous;
  for (const Options::Row& row : options.rows) {
    for (const std::string& key : row.keys) {
      std::string_view text = bare(key);
      if (text.empty()) continue;
      auto [there, added] = by_hash_.emplace(hash(text), row.tenant);
      if (!added && there->second.id != row.tenant.id) ambiguous.insert(there->first);
    }
  }
  // A key of two tenants says nobody's identity for certain.
  for (const std::string& key : ambiguous) by_hash_.erase(key);
}

std::optional<Tenant> Tenants::resolve(std::string_view credential, bool loopback) const {
  credential = bare(credential);
  if (has_table_) {
    if (credential.empty()) return std::nullopt;
    auto found = by_hash_.find(hash(credential));
    return found == by_hash_.end() ? std::nullopt : std::optional(found->second);
  }
  Tenant tenant;
  if (credential.empty()) {
    if (!loopback) return std::nullopt;
    tenant.id = "default";
    tenant.admin = anonymous_admin_;
    return tenant;
  }
  tenant.id = "key-" + hash(credential).substr(0, kIdHexDigits);
  return tenant;
}

std::string Tenants::hash(std::string_view credential) const {
  std::array<unsigned char, 32> mac{};
  std::size_t size = 0;
  Context context(EVP_MAC_CTX_dup(keyed_.get()), EVP_MAC_CTX_free);
  bool made =
      context != nullptr &&
      EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(credential.data()),
                     credential.size()) == 1 &&
      EVP_MAC_final(context.get(), mac.data(), &size, mac.size()) == 1;
  CHECK(made && size == mac.size(), "HMAC-SHA-256 of a credential");
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string hex;
  for (unsigned char byte : mac) {
    hex += kHex[byte >> 4];
    hex += kHex[byte & 15];
  }
  return hex;
}

}  // namespace refrain::key
