#include "key/controls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::key {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

Controls with(const chat::Headers& headers, std::string_view body = "{}",
              const Allowed& allowed = {}) {
  return controls(headers, json::parse(body).value(), allowed).value();
}

std::string error_of(const chat::Headers& headers) {
  base::Result<Controls> read = controls(headers, json::Value(), {});
  return read ? "no error" : read.error().what;
}

// read, store, refresh as letters; '-' where not.
std::string verdict(const Controls& c) {
  return std::string() + (c.read ? 'r' : '-') + (c.store ? 's' : '-') + (c.refresh ? 'f' : '-');
}

TEST(Controls, SilenceReadsAndStores) { EXPECT_EQ(verdict(with({})), "rs-"); }

TEST(Controls, CacheControlMeansWhatRfc9111Says) {
  EXPECT_EQ(verdict(with({{"cache-control", "no-store"}})), "---");
  EXPECT_EQ(verdict(with({{"cache-control", "No-Cache"}})), "-sf");
  EXPECT_EQ(with({{"cache-control", "max-age=60, only-if-cached"}}).max_age, seconds(60));
  EXPECT_TRUE(with({{"cache-control", "max-age=60, only-if-cached"}}).only_if_cached);
  EXPECT_EQ(with({{"cache-control", "max-age=\"5\""}}).max_age, seconds(5));
  EXPECT_EQ(with({{"cache-control", "max-age=99999999999999999999"}}).max_age, seconds(2147483648));
}

TEST(Controls, APromptThatIsToHaveANameIsComputed) {
  const Controls named = with({{"x-refrain-cache", "on"}, {"x-refrain-kv-name", "manual"}});
  EXPECT_EQ(named.kv_name, "manual");
  EXPECT_EQ(verdict(named), "-sf");
  EXPECT_THAT(error_of({{"x-refrain-kv-name", ""}}), HasSubstr("1 to 255 bytes"));
}

TEST(Controls, UnreadableForeignValuesAreIgnored) {
  Controls read = with({{"cache-control", "max-age=soon,,=,private, x=y"},
                        {"x-bf-cache-ttl", "-5"},
                        {"cf-aig-cache-ttl", ""},
                        {"x-portkey-cache-force-refresh", "maybe"}});
  EXPECT_EQ(verdict(read), "rs-");
  EXPECT_EQ(read.max_age, std::nullopt);
  EXPECT_EQ(read.ttl, std::nullopt);
}

TEST(Controls, OwnHeaderSetsTheMode) {
  EXPECT_EQ(verdict(with({{"x-refrain-cache", "on"}})), "rs-");
  EXPECT_EQ(verdict(with({{"x-refrain-cache", "off"}})), "---");
  EXPECT_EQ(verdict(with({{"x-refrain-cache", "refresh"}})), "-sf");
  EXPECT_EQ(verdict(with({{"x-refrain-cache", "read-only"}})), "r--");
  EXPECT_EQ(verdict(with({{"x-refrain-cache", "write-only"}})), "-s-");
}

TEST(Controls, OwnHeaderWinsOverAllOthers) {
  EXPECT_EQ(verdict(with({{"x-refrain-cache", "on"}, {"cache-control", "no-store"}})), "rs-");
  EXPECT_EQ(with({{"x-refrain-ttl", "5"}, {"x-bf-cache-ttl", "9"}}).ttl, seconds(5));
}

TEST(Controls, OwnHeaderThatMeansNothingIsAnError) {
  EXPECT_EQ(error_of({{"x-refrain-cache", "maybe"}}),
            "x-refrain-cache: 'maybe' means nothing; allowed: on, off, refresh, read-only, "
            "write-only");
  EXPECT_THAT(error_of({{"x-refrain-tier", "semantic"}}), HasSubstr("exact, any"));
  EXPECT_THAT(error_of({{"x-refrain-ttl", "0"}}), HasSubstr("x-refrain-ttl: '0'"));
  EXPECT_THAT(error_of({{"x-refrain-ttl", "1.5"}}), HasSubstr("seconds"));
  EXPECT_THAT(error_of({{"x-refrain-scope", "all"}}), HasSubstr("user, tenant, global"));
  EXPECT_THAT(error_of({{"x-refrain-tags", " , "}}), HasSubstr("1 to 16"));
  EXPECT_THAT(error_of({{"x-refrain-tags", std::string(65, 'x')}}), HasSubstr("64 bytes"));
  EXPECT_THAT(error_of({{"x-refrain-user", ""}}), HasSubstr("256 bytes"));
}

TEST(Controls, TagsAreBounded) {
  std::string seventeen = "t";
  for (int i = 0; i < 16; ++i) seventeen += ",t" + std::to_string(i);
  EXPECT_THAT(error_of({{"x-refrain-tags", seventeen}}), HasSubstr("1 to 16"));
  EXPECT_EQ(with({{"x-refrain-tags", "a, b"}, {"x-refrain-tags", "c"}}).tags,
            (std::vector<std::string>{"a", "b", "c"}));
}

TEST(Controls, LifetimesHaveUnitsAndALimit) {
  EXPECT_EQ(with({{"x-refrain-ttl", "90"}}).ttl, seconds(90));
  EXPECT_EQ(with({{"x-refrain-ttl", "2h"}}).ttl, seconds(7200));
  EXPECT_EQ(with({{"x-refrain-ttl", "7d"}}).ttl, seconds(604800));
  EXPECT_EQ(with({{"x-refrain-ttl", "7d"}}, "{}", {.ttl_max = seconds(60)}).ttl, seconds(60));
}

TEST(Controls, WhatTheTenantDoesNotGrantIsIgnoredAndSaid) {
  Allowed none{.bypass = false, .ttl = false, .tags = false, .scopes = {}};
  Controls read = with({{"cache-control", "no-store, max-age=0"},
                        {"x-refrain-cache", "off"},
                        {"x-refrain-ttl", "5"},
                        {"x-refrain-tags", "a"},
                        {"x-refrain-scope", "user"},
                        {"x-portkey-cache-namespace", "n"}},
                       "{}", none);
  EXPECT_EQ(verdict(read), "rs-");
  EXPECT_EQ(read.ttl, std::nullopt);
  EXPECT_EQ(read.max_age, std::nullopt);
  EXPECT_TRUE(read.tags.empty());
  EXPECT_EQ(read.scope, std::nullopt);
  EXPECT_EQ(read.user, "");
  EXPECT_THAT(read.reasons, testing::Each(HasSubstr("(ignored: not allowed)")));
  EXPECT_EQ(read.reasons.size(), 7U);
}

TEST(Controls, GlobalScopeNeedsPermission) {
  EXPECT_EQ(with({{"x-refrain-scope", "global"}}).scope, std::nullopt);
  EXPECT_EQ(with({{"x-refrain-scope", "global"}}, "{}", {.scopes = {ScopeKind::global}}).scope,
            ScopeKind::global);
}

TEST(Controls, UserComesFromHeaderThenBody) {
  EXPECT_EQ(with({}, "{\"user\":\"u\",\"safety_identifier\":\"s\"}").user, "u");
  EXPECT_EQ(with({}, "{\"safety_identifier\":\"s\"}").user, "s");
  EXPECT_EQ(with({{"x-refrain-user", "h"}}, "{\"user\":\"u\"}").user, "h");
  EXPECT_EQ(with({}, "{\"user\":7}").user, "");
}

TEST(Controls, LiteLlmBodyIsUnderstoodByRfc9111) {
  EXPECT_EQ(verdict(with({}, "{\"cache\":{\"no-cache\":true}}")), "-sf");
  EXPECT_EQ(verdict(with({}, "{\"cache\":{\"no-store\":true}}")), "---");
  EXPECT_EQ(verdict(with({}, "{\"cache\":{\"no-store\":false}}")), "rs-");
  Controls read = with({}, "{\"cache\":{\"ttl\":60,\"s-maxage\":5,\"namespace\":\"n\"}}");
  EXPECT_EQ(read.ttl, seconds(60));
  EXPECT_EQ(read.max_age, seconds(5));
  EXPECT_EQ(read.scope, ScopeKind::user);
  EXPECT_EQ(verdict(with({}, "{\"cache\":\"x\"}")), "rs-");
}

TEST(Controls, NamespaceOfAnotherGatewayMeetsNoRealUser) {
  Controls read = with({{"x-portkey-cache-namespace", "alice"}}, "{\"user\":\"bob\"}");
  EXPECT_EQ(read.scope, ScopeKind::user);
  EXPECT_EQ(read.user, "namespace:alice");
}

TEST(Controls, OtherGatewaysHeadersAreUnderstood) {
  EXPECT_EQ(verdict(with({{"x-portkey-cache-force-refresh", "true"}})), "-sf");
  EXPECT_EQ(verdict(with({{"x-bf-cache-no-store", "true"}})), "r--");
  EXPECT_EQ(with({{"x-bf-cache-ttl", "5m"}}).ttl, seconds(300));
  EXPECT_TRUE(with({{"x-bf-cache-type", "direct"}}).exact_only);
  EXPECT_EQ(verdict(with({{"x-vsr-cache-control", "bypass"}})), "---");
  EXPECT_EQ(with({{"x-vsr-cache-control", "ttl=30"}}).ttl, seconds(30));
  EXPECT_EQ(verdict(with({{"helicone-cache-enabled", "false"}})), "---");
  EXPECT_EQ(verdict(with({{"helicone-cache-enabled", "true"}})), "rs-");
  EXPECT_EQ(verdict(with({{"x-openrouter-cache", "false"}})), "---");
  EXPECT_EQ(with({{"x-openrouter-cache-ttl", "60"}}).ttl, seconds(60));
  EXPECT_EQ(verdict(with({{"cf-aig-skip-cache", "true"}})), "---");
  EXPECT_EQ(with({{"cf-aig-cache-ttl", "60"}}).ttl, seconds(60));
  EXPECT_EQ(verdict(with({{"x-higress-skip-ai-cache", "on"}})), "---");
  EXPECT_TRUE(with({{"x-cache-mode", "exact"}}).exact_only);
}

TEST(Controls, ForeignLifetimeOfNothingStoresNothing) {
  Controls read = with({{"cf-aig-cache-ttl", "0"}});
  EXPECT_EQ(verdict(read), "r--");
  EXPECT_EQ(read.ttl, std::nullopt);
}

TEST(Controls, ExactTierCanBeAskedForAndTakenBack) {
  EXPECT_TRUE(with({{"x-refrain-tier", "exact"}}).exact_only);
  EXPECT_FALSE(with({{"x-refrain-tier", "any"}, {"x-cache-mode", "exact"}}).exact_only);
}

TEST(Controls, ReasonsNameTheHeader) {
  EXPECT_THAT(with({{"cache-control", "no-cache"}}).reasons,
              testing::ElementsAre("cache-control: no-cache"));
  // Who asked is not for logs.
  EXPECT_THAT(with({{"x-refrain-user", "alice"}}).reasons,
              testing::ElementsAre("x-refrain-user: (given)"));
}

}  // namespace
}  // namespace refrain::key
