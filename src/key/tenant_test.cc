#include "key/tenant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::key {
namespace {

Tenants::Options table() {
  Tenants::Options options;
  options.rows.push_back(
      {.tenant = {.id = "a", .upstream_key = ""}, .keys = {"key-of-a", "second"}});
  options.rows.push_back(
      {.tenant = {.id = "b", .admin = true, .upstream_key = "up"}, .keys = {"key-of-b"}});
  return options;
}

TEST(Tenants, TableNamesTheTenantOfAKey) {
  Tenants tenants(table());
  EXPECT_EQ(tenants.resolve("Bearer key-of-a", false)->id, "a");
  EXPECT_EQ(tenants.resolve("second", false)->id, "a");
  EXPECT_EQ(tenants.resolve("bearer   key-of-b ", false)->id, "b");
  EXPECT_EQ(tenants.resolve("key-of-b", false)->upstream_key, "up");
}

TEST(Tenants, UnknownKeyOfATableIsNobody) {
  Tenants tenants(table());
  EXPECT_FALSE(tenants.resolve("Bearer key-of-c", true));
  EXPECT_FALSE(tenants.resolve("", true));
  EXPECT_FALSE(tenants.resolve("Bearer", true));
  EXPECT_FALSE(tenants.resolve("key-of-a ignored", true));
}

TEST(Tenants, TableWithoutKeysKnowsNobody) {
  Tenants::Options options;
  options.rows.push_back({.tenant = {.id = "a", .upstream_key = ""}, .keys = {""}});
  Tenants tenants(options);
  EXPECT_TRUE(tenants.has_table());
  EXPECT_FALSE(tenants.resolve("", true));
  EXPECT_FALSE(tenants.resolve("anything", true));
}

TEST(Tenants, KeyOfTwoTenantsIsNobody) {
  Tenants::Options options = table();
  options.rows[1].keys.push_back("second");
  Tenants tenants(options);
  EXPECT_FALSE(tenants.resolve("second", true));
  EXPECT_TRUE(tenants.resolve("key-of-a", true));
}

TEST(Tenants, WithoutATableTheCredentialIsTheTenant) {
  Tenants tenants({});
  std::optional<Tenant> one = tenants.resolve("Bearer sk-1", false);
  EXPECT_EQ(one->id, tenants.resolve("sk-1", true)->id);
  EXPECT_NE(one->id, tenants.resolve("sk-2", true)->id);
  EXPECT_FALSE(one->admin);
}

TEST(Tenants, IdOfACredentialIsItsKeyedHash) {
  Tenants tenants({});
  // HMAC-SHA-256 with 32 zero bytes, by another program.
  EXPECT_EQ(tenants.resolve("sk-1", false)->id, "key-b57d26e10103885b");
  Tenants::Options other;
  other.secret.fill(std::byte{1});
  EXPECT_NE(Tenants(other).resolve("sk-1", false)->id, tenants.resolve("sk-1", false)->id);
}

TEST(Tenants, NoCredentialIsTheDefaultTenantOnLoopbackOnly) {
  Tenants tenants({});
  EXPECT_EQ(tenants.resolve("", true)->id, "default");
  EXPECT_TRUE(tenants.resolve("", true)->admin);
  EXPECT_FALSE(tenants.resolve("", false));
  EXPECT_FALSE(tenants.resolve("Bearer ", false));
}

TEST(Tenants, AnonymousAdministrationCanBeOff) {
  Tenants::Options options;
  options.anonymous_admin = false;
  EXPECT_FALSE(Tenants(options).resolve("", true)->admin);
}

}  // namespace
}  // namespace refrain::key
