#include "app/config.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace refrain::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

base::Result<Config> with(std::map<std::string, std::vector<std::string>> flags) {
  Sources sources;
  sources.flags = std::move(flags);
  return configure(*layer(sources));
}

std::string error_of(std::map<std::string, std::vector<std::string>> flags) {
  base::Result<Config> config = with(std::move(flags));
  return config ? "" : config.error().what;
}

TEST(Config, DefaultsAreWhole) {
  base::Result<Config> config = with({});
  ASSERT_TRUE(config) << config.error().what;
  ASSERT_EQ(config->net.listeners.size(), 1U);
  EXPECT_EQ(config->net.listeners[0].port, 8780);
  EXPECT_EQ(config->memory_max, 256ULL << 20U);
  EXPECT_EQ(config->completions.routes.size(), 5U);
}

TEST(Config, AWrongValueIsNamedWithItsSettingAndItsOrigin) {
  std::string error = error_of({{"ttl", {"tomorrow"}}});
  EXPECT_THAT(error, HasSubstr("'ttl'"));
  EXPECT_THAT(error, HasSubstr("'tomorrow'"));
  EXPECT_THAT(error, HasSubstr("flag --ttl"));
  EXPECT_THAT(error_of({{"floor", {"2"}}}), HasSubstr("a number from -1 to 1"));
  EXPECT_THAT(error_of({{"semantic", {"fuzzy"}}}), HasSubstr("verified, threshold, off"));
  EXPECT_THAT(error_of({{"listen", {"nowhere"}}}), HasSubstr("ADDRESS:PORT"));
  EXPECT_THAT(error_of({{"upstream", {"ftp://x"}}}), HasSubstr("http://"));
}

TEST(Config, EachTierInMemoryHasAnEvictionPolicyOfItsOwn) {
  EXPECT_EQ(with({})->memory_policy, "s3fifo");
  EXPECT_EQ(with({})->resp.values.policy, "s3fifo");
  base::Result<Config> config = with({{"memory.policy", {"w-tinylfu"}}, {"resp-policy", {"arc"}}});
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->memory_policy, "w-tinylfu");
  EXPECT_EQ(config->resp.values.policy, "arc");
  EXPECT_THAT(error_of({{"memory.policy", {"clock"}}}),
              HasSubstr("s3fifo, lru, lfu, fifo, random, w-tinylfu, arc is wanted"));
}

TEST(Config, VectorsAreHereUnlessAServerIsNamed) {
  EXPECT_FALSE(with({})->vectors);
  EXPECT_FALSE(with({{"index.kind", {"memory"}}})->vectors);
  EXPECT_EQ(with({{"index.kind", {"milvus"}}})->vectors->port, 19530);
  base::Result<Config> named = with({{"vectors", {"milvus://db:1"}}, {"vectors-key", {"u:p"}}});
  ASSERT_TRUE(named) << named.error().what;
  EXPECT_EQ(named->vectors->host, "db");
  EXPECT_EQ(named->vectors->key, "u:p");
  EXPECT_THAT(error_of({{"vectors", {"http://db"}}}), HasSubstr("milvus://HOST:PORT is wanted"));
  EXPECT_THAT(error_of({{"vectors", {"milvus://db"}}, {"index.kind", {"memory"}}}),
              HasSubstr("index.kind milvus"));
}

TEST(Config, GkvHitsStrictlyAboveItsFloorInThresholdMode) {
  base::Result<Config> config = with({{"semantic", {"threshold"}}});
  ASSERT_TRUE(config);
  const policy::Rule& rule = config->completions.routes[chat::Dialect::gkv].rule;
  EXPECT_EQ(rule.compare, policy::Compare::above);
  EXPECT_FLOAT_EQ(rule.floor, 0.8F);
}

TEST(Config, AFloorOfADoorWinsOverTheCommonOne) {
  base::Result<Config> config = with({{"floor", {"0.7"}}, {"gkv.floor", {"0.6"}}});
  ASSERT_TRUE(config);
  EXPECT_FLOAT_EQ(config->completions.routes[chat::Dialect::gkv].rule.floor, 0.6F);
  EXPECT_FLOAT_EQ(config->completions.routes[chat::Dialect::openai_chat].rule.floor, 0.7F);
}

TEST(Config, AListenerMayCarryAFewDoors) {
  base::Result<Config> config = with({{"listen", {"127.0.0.1:9000=gkv,tgi", "[::1]:1"}}});
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->net.listeners[0].doors, "gkv,tgi");
  EXPECT_EQ(config->net.listeners[1].address, "::1");
  EXPECT_THAT(error_of({{"listen", {"127.0.0.1:1=gvk"}}}), HasSubstr("unknown door 'gvk'"));
}

TEST(Config, UpstreamsMayHaveNamesKindsAndRoutes) {
  base::Result<Config> config = with({{"upstream", {"a=http://h:1/v1/", "b=http://h:2"}},
                                      {"upstream-kind", {"b=tgi"}},
                                      {"upstream-routes", {"m*=b"}}});
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->upstreams[0].url, "http://h:1/v1");
  EXPECT_EQ(config->upstreams[0].kind, "openai");
  EXPECT_EQ(config->upstreams[1].kind, "tgi");
  EXPECT_EQ(config->upstream_routes[0].first, "m*");
}

TEST(Config, TheStoreIsAFolderUnlessAUrlSaysWhere) {
  base::Result<Config> usual = with({{"data-dir", {"/d"}}});
  EXPECT_EQ(usual->store.folder, "/d");
  EXPECT_TRUE(usual->store.remote.url.empty());
  EXPECT_EQ(with({{"store", {"memory"}}})->store.folder, ":memory:");
  base::Result<Config> remote = with({{"store", {"mysql://u@h:1/d"}}, {"store-tls", {"verify"}}});
  ASSERT_TRUE(remote) << remote.error().what;
  EXPECT_EQ(remote->store.remote.url, "mysql://u@h:1/d");
  EXPECT_EQ(remote->store.remote.tls, "verify");
  EXPECT_THAT(error_of({{"store", {"oracle"}}}), HasSubstr("sqlite, memory, or a URL"));
  EXPECT_THAT(error_of({{"store", {"redis://h"}}, {"store-tls", {"verify"}}}),
              HasSubstr("'store-tls'"));
  EXPECT_THAT(error_of({{"store-prefix", {"Re frain"}}}), HasSubstr("1 to 32 of a to z"));
}

TEST(Config, ThePasswordOfTheStoreComesFromAFileAndIsNeverRepeated) {
  TempFolder folder;
  const std::string file = folder.path() + "/password";
  std::ofstream(file) << "secret\nmore\n";
  EXPECT_EQ(with({{"store-password-file", {file}}})->store.remote.password, "secret");
  EXPECT_THAT(error_of({{"store-password-file", {file + "-absent"}}}), HasSubstr("absent"));
  EXPECT_THAT(error_of({{"store", {"mysql://u:tell-nobody@h/d"}}}),
              AllOf(HasSubstr("REFRAIN_STORE_PASSWORD"), Not(HasSubstr("tell-nobody"))));
  Sources sources;
  sources.flags["store-password"] = {"tell-nobody"};
  EXPECT_THAT(print(*layer(sources)), Not(HasSubstr("tell-nobody")));
}

}  // namespace
}  // namespace refrain::app
