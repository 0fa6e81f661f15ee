#include "api/kv.h"

#include <gtest/gtest.h>

#include "json/value.h"
#include "tests/support/kv_doors.h"

namespace refrain::api {
namespace {

struct Answer {
  int status;
  json::Value body;
};

Answer ask(KvDoorProbe& probe, std::string method, std::string path, std::string body = "") {
  auto exchange = probe.ask(
      kvdoor::handle, net::FakeExchange::make(std::move(method), std::move(path), std::move(body)));
  return {exchange->status(), *json::parse(exchange->body())};
}

Answer put(KvDoorProbe& probe, const std::string& path, const std::string& file) {
  auto exchange = probe.send(kvdoor::handle, "PUT", path, file);
  return {exchange->status(), *json::parse(exchange->body())};
}

const std::string kFile = kv::sample_file(kv::tokens_from(0, 20));

TEST(KvDoor, AnObjectIsPutShownListedAndDeleted) {
  KvDoorProbe probe;
  Answer kept = put(probe, "/refrain/v1/kv/n?ttl=60&pinned=1", kFile);
  ASSERT_EQ(kept.status, 201) << json::write(kept.body);
  EXPECT_EQ(kept.body.find("version")->as_int(), 1);
  Answer shown = ask(probe, "GET", "/refrain/v1/kv/n?tokens=1");
  EXPECT_EQ(shown.body.text("text"), "a prompt");
  EXPECT_EQ(shown.body.text("model"), "tests/small");
  EXPECT_EQ(shown.body.find("token_ids")->array()->size(), 20U);
  EXPECT_TRUE(*shown.body.find("pinned")->boolean());
  EXPECT_TRUE(shown.body.find("expires"));
  EXPECT_EQ(ask(probe, "GET", "/refrain/v1/kv?prefix=n").body.find("objects")->array()->size(), 1U);
  EXPECT_EQ(ask(probe, "DELETE", "/refrain/v1/kv/n").body.find("deleted")->as_int(), 1);
  EXPECT_EQ(ask(probe, "GET", "/refrain/v1/kv/n").status, 404);
}

TEST(KvDoor, VersionsAreNamedByNumber) {
  KvDoorProbe probe;
  put(probe, "/refrain/v1/kv/n", kFile);
  put(probe, "/refrain/v1/kv/n", kv::sample_file(kv::tokens_from(9, 20)));
  EXPECT_EQ(ask(probe, "GET", "/refrain/v1/kv/n").body.find("version")->as_int(), 2);
  EXPECT_EQ(ask(probe, "GET", "/refrain/v1/kv/n?version=1").body.find("version")->as_int(), 1);
  auto data =
      probe.ask(kvdoor::handle, net::FakeExchange::make("GET", "/refrain/v1/kv/n/data?version=1"));
  EXPECT_EQ(data->body(), kFile);
  EXPECT_EQ(ask(probe, "GET", "/refrain/v1/kv/n?version=3").status, 404);
  EXPECT_EQ(ask(probe, "DELETE", "/refrain/v1/kv/n?version=2").body.find("deleted")->as_int(), 1);
}

TEST(KvDoor, PinsAndLeasesAreChanged) {
  KvDoorProbe probe;
  put(probe, "/refrain/v1/kv/n", kFile);
  EXPECT_TRUE(*ask(probe, "POST", "/refrain/v1/kv/n/pin").body.find("pinned")->boolean());
  EXPECT_FALSE(*ask(probe, "POST", "/refrain/v1/kv/n/unpin").body.find("pinned")->boolean());
  EXPECT_TRUE(
      ask(probe, "POST", "/refrain/v1/kv/n/lease", R"({"seconds":5})").body.find("leased_until"));
  EXPECT_EQ(ask(probe, "POST", "/refrain/v1/kv/n/lease", R"({"seconds":0})").status, 400);
  EXPECT_EQ(ask(probe, "POST", "/refrain/v1/kv/n/burn").status, 404);
}

TEST(KvDoor, OddRequestsAreRefusedWithTheReason) {
  KvDoorProbe probe;
  EXPECT_EQ(ask(probe, "GET", "/refrain/v1/kv?limit=x").status, 400);
  EXPECT_EQ(put(probe, "/refrain/v1/kv/.x", kFile).status, 400);
  EXPECT_EQ(put(probe, "/refrain/v1/kv/n", "no file").status, 400);
  EXPECT_EQ(put(probe, "/refrain/v1/kv/n?ttl=-1", kFile).status, 400);
  EXPECT_EQ(put(probe, "/refrain/v1/kv/n/data", kFile).status, 404);
  put(probe, "/refrain/v1/kv/n", kFile);
  EXPECT_EQ(ask(probe, "GET", "/refrain/v1/kv/n/data?layers=a").status, 400);
  EXPECT_EQ(ask(probe, "GET", "/refrain/v1/kv/n/data?layers=0-7").status, 400);
}

}  // namespace
}  // namespace refrain::api
