#include "api/promptkv.h"

#include <gtest/gtest.h>

#include "tests/support/kv_doors.h"

namespace refrain::api {
namespace {

std::shared_ptr<net::FakeExchange> get(KvDoorProbe& probe, std::string path,
                                       net::Headers headers = {}) {
  return probe.ask(promptkv::handle,
                   net::FakeExchange::make("GET", std::move(path), "", std::move(headers)));
}

TEST(PromptKv, AnUploadComesBackByFileAndById) {
  KvDoorProbe probe;
  const std::string file = kv::sample_file(kv::tokens_from(0, 40));
  auto uploaded = probe.upload(file);
  ASSERT_EQ(uploaded->status(), 200) << uploaded->body();
  EXPECT_NE(uploaded->body().find("k.safetensors"), std::string::npos);
  for (const char* path :
       {"/prompt_cache/k.safetensors", "/prompt_cache/k.safetensors/", "/load/k"}) {
    auto reply = get(probe, path);
    EXPECT_EQ(reply->status(), 200);
    EXPECT_EQ(reply->body(), file) << path;
  }
}

TEST(PromptKv, ErrorsHaveADetail) {
  KvDoorProbe probe;
  const std::string file = kv::sample_file(kv::tokens_from(0, 20));
  EXPECT_EQ(probe.upload(file, "k.safetensors", "other")->status(), 422);
  EXPECT_EQ(probe.upload(file, "")->body(), R"({"detail":"Empty filename"})");
  EXPECT_EQ(probe.upload(file, "../x")->status(), 400);
  EXPECT_EQ(probe.upload(file, "x.bin")->status(), 400);
  EXPECT_EQ(probe.upload("no file")->status(), 400);
  EXPECT_EQ(get(probe, "/load/none")->body(), R"({"detail":"File not found"})");
  EXPECT_EQ(get(probe, "/prompt_cache/none")->body(), R"({"detail":"Not Found"})");
  EXPECT_EQ(get(probe, "/load/none")->status(), 404);
}

TEST(PromptKv, AFullQuotaIsA507BeforeTheBodyIsTaken) {
  KvDoorProbe probe({.tenant_bytes_max = 3000});
  const std::string file = kv::sample_file(kv::tokens_from(0, 20));
  ASSERT_EQ(probe.upload(file)->status(), 200);
  auto refused = probe.upload(file, "l.safetensors");
  EXPECT_EQ(refused->status(), 507);
  EXPECT_NE(refused->body().find("quota"), std::string::npos);
}

TEST(PromptKv, ClearingSparesWhatIsPinned) {
  KvDoorProbe probe;
  const std::string file = kv::sample_file(kv::tokens_from(0, 20));
  probe.upload(file, "a.safetensors");
  probe.upload(file, "b.safetensors");
  ASSERT_TRUE(probe.store.store().pin(probe.store.store().find("t", "b.safetensors")->id));
  auto cleared = probe.ask(promptkv::handle, net::FakeExchange::make("POST", "/clear_cache/"));
  EXPECT_EQ(cleared->status(), 200);
  EXPECT_FALSE(probe.store.store().find("t", "a.safetensors"));
  EXPECT_TRUE(probe.store.store().find("t", "b.safetensors"));
}

TEST(PromptKv, WhoIsNotKnownIsTurnedAway) {
  KvDoorProbe probe;
  probe.certain = false;
  EXPECT_EQ(get(probe, "/load/k")->status(), 403);
}

TEST(PromptKv, AFullStoreIsA507AndOthersAsEverywhere) {
  EXPECT_EQ(promptkv::status_of({base::Code::unavailable, ""}), 507);
  EXPECT_EQ(promptkv::status_of({base::Code::too_large, ""}), 413);
  EXPECT_EQ(promptkv::status_of({base::Code::not_found, ""}), 404);
}

}  // namespace
}  // namespace refrain::api
