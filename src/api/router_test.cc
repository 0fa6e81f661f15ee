#include "api/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/door_probe.h"

namespace refrain::api {
namespace {

using test::DoorProbe;
using testing::HasSubstr;

TEST(Router, UnknownRoutesAre404InTheDialectOfTheirPath) {
  DoorProbe probe;
  auto openai = probe.get("/v1/nothing");
  EXPECT_EQ(openai->status(), 404);
  EXPECT_EQ(DoorProbe::body(*openai).find("error")->text("type"), "not_found_error");
  EXPECT_FALSE(DoorProbe::body(*probe.get("/tgi/nothing")).text("error_type").empty());
  EXPECT_EQ(DoorProbe::body(*probe.get("/data/nothing")).find("status_code")->as_int(), 404);
}

TEST(Router, AWrongMethodIs405WithTheOnesThatAreAllowed) {
  DoorProbe probe;
  auto reply = probe.get("/v1/chat/completions");
  EXPECT_EQ(reply->status(), 405);
  EXPECT_EQ(reply->header("allow"), "POST");
  EXPECT_EQ(probe.post("/health", "")->header("allow"), "GET, HEAD");
  EXPECT_EQ(probe.send("PUT", "/refrain/v1/entries/1")->header("allow"), "GET, DELETE");
}

TEST(Router, ARouteIsNotFoundByItsBeginning) {
  DoorProbe probe;
  EXPECT_EQ(probe.get("/v1/modelsandmore")->status(), 404);
  EXPECT_EQ(probe.get("/v1/models/a/b")->status(), 200);
  EXPECT_EQ(probe.post("/v1/completions/x", "")->status(), 404);
}

TEST(Router, AListenerCarriesItsOwnDoorsOnly) {
  DoorProbe probe;
  probe.listener_doors = {"", "gkv,operations"};
  auto send = [&](const std::string& path) {
    auto exchange = net::FakeExchange::make("POST", path, R"({"inputs":"a"})");
    exchange->request().listener = 1;
    return probe.start(exchange)->status();
  };
  EXPECT_EQ(send("/generate"), 400) << "the door is there and wants a user";
  EXPECT_EQ(send("/tgi/generate"), 404);
  EXPECT_EQ(send("/refrain/v1/lookup"), 404);
}

TEST(Router, TheNativeDoorIsForThisMachineOrForKeys) {
  DoorProbe probe;
  auto send = [&](const std::string& host, bool loopback, net::Headers more = {}) {
    more.emplace_back("host", host);
    auto exchange = net::FakeExchange::make("GET", "/refrain/v1/stats", "", more);
    exchange->request().loopback = loopback;
    probe.start(exchange)->wait_closed();
    return exchange->status();
  };
  EXPECT_EQ(send("127.0.0.1:8780", true), 200);
  EXPECT_EQ(send("127.0.0.1:8780", false), 403) << "from another machine";
  EXPECT_EQ(send("127.0.0.1.example.com:8780", true), 403) << "DNS rebinding";
  EXPECT_EQ(send("localhost:8780", true, {{"origin", "http://example.com"}}), 403);
}

TEST(Router, HealthAndReadinessAreTold) {
  DoorProbe probe;
  EXPECT_EQ(DoorProbe::body(*probe.get("/health")).text("version"), "1.2.3");
  EXPECT_EQ(probe.get("/ready")->status(), 200);
  probe.not_ready = "stopping";
  auto reply = probe.get("/ready");
  EXPECT_EQ(reply->status(), 503);
  EXPECT_EQ(DoorProbe::body(*reply).text("reason"), "stopping");
  EXPECT_EQ(DoorProbe::body(*probe.get("/")).text("name"), "refrain");
}

TEST(Router, ErrorsOfTheServerItselfAreRenderedByPath) {
  net::Response busy = render_error(503, "too many open requests", "/tgi/generate");
  EXPECT_THAT(busy.body, HasSubstr("overloaded"));
  EXPECT_EQ(*net::find(busy.headers, "retry-after"), "1");
  EXPECT_THAT(render_error(413, "too large", "/v1/chat/completions").body,
              HasSubstr("invalid_request_error"));
  EXPECT_THAT(render_error(413, "too large", "/generate").body, HasSubstr("\"status_code\":413"));
}

TEST(Router, ListsOfDoorsAreChecked) {
  EXPECT_TRUE(check_doors(""));
  EXPECT_TRUE(check_doors("openai,tgi,gkv,native,operations"));
  EXPECT_THAT(check_doors("openai,gvk").error().what, HasSubstr("unknown door 'gvk'"));
}

TEST(Router, AFullWorkQueueTurnsTheNativeDoorAway) {
  DoorProbe probe;
  probe.tiers.work.stop();
  EXPECT_EQ(probe.get("/refrain/v1/stats")->status(), 503);
}

}  // namespace
}  // namespace refrain::api
