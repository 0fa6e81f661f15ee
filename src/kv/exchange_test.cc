// The part of Store that takes and gives whole files.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "kv/draft.h"
#include "tests/support/kv_files.h"
#include "tests/support/kv_store.h"

namespace refrain::kv {
namespace {

base::Result<Description> upload(StoreProbe& probe, const std::string& bytes,
                                 std::string name = "n") {
  return probe.store().keep(
      {}, {.tenant = "t", .name = std::move(name), .path = put_incoming(probe.store(), bytes)});
}

std::string download(StoreProbe& probe, ObjectId id, const Layers& layers = {}) {
  auto opened = probe.store().open({}, id, layers);
  EXPECT_TRUE(opened) << opened.error().what;
  return *read_all(*opened->bytes);
}

// The reference's own file: no metadata.
std::string bare_file(std::size_t tokens) {
  safetensors::Header header;
  for (const char* name : {"k_0", "v_0"})
    header.tensors.push_back({name, "F32", {1, 1, tokens, 2}});
  std::string out = safetensors::write(header);
  for (std::size_t i = 0; i < tokens * 16; ++i) out += static_cast<char>(i % 251);
  return out;
}

TEST(KvExchange, AnUploadGoesOutByteForByteAndPromptsFindIt) {
  StoreProbe probe;
  const std::string file = sample_file(tokens_from(0, 40));
  auto kept = upload(probe, file);
  ASSERT_TRUE(kept) << kept.error().what;
  EXPECT_EQ(kept->kind, Kind::blocks);
  EXPECT_EQ(kept->bytes, file.size());
  EXPECT_EQ(download(probe, kept->id), file);
  EXPECT_EQ(probe.checked(tokens_from(0, 40)), 40U);
  EXPECT_EQ(probe.store().manifest(kept->id)->text, "a prompt");
  EXPECT_TRUE(std::filesystem::is_empty(probe.store().incoming()));
  probe.reopen();
  EXPECT_EQ(download(probe, kept->id), file);
}

TEST(KvExchange, AFileWithoutTokensStaysAFile) {
  StoreProbe probe;
  const std::string file = bare_file(100'000);  // more than one piece
  auto kept = upload(probe, file);
  ASSERT_TRUE(kept) << kept.error().what;
  EXPECT_EQ(kept->kind, Kind::file);
  EXPECT_EQ(download(probe, kept->id), file);
  probe.reopen();
  EXPECT_EQ(download(probe, kept->id), file);
  ASSERT_TRUE(probe.store().erase("t", "n"));
  EXPECT_FALSE(std::filesystem::exists(probe.path() + "/files/01/1.safetensors"));
  EXPECT_EQ(probe.store().stats().disk_bytes, 0U);
}

TEST(KvExchange, OtherNumbersForTheSameTokensAreKeptApart) {
  StoreProbe probe;
  const std::string first = sample_file(tokens_from(0, 40)),
                    second = sample_file(tokens_from(0, 40), 1);
  auto one = upload(probe, first), two = upload(probe, second);
  ASSERT_TRUE(one && two);
  EXPECT_EQ(two->kind, Kind::file);
  EXPECT_NE(one->content, two->content);
  EXPECT_EQ(download(probe, one->id), first);
  EXPECT_EQ(download(probe, two->id), second);
  EXPECT_EQ(probe.checked(tokens_from(0, 40)), 40U);
}

TEST(KvExchange, TwoUploadsShareTheirBeginning) {
  StoreProbe probe;
  std::vector<Token> other = tokens_from(0, 40);
  other[33] = 7;
  ASSERT_TRUE(upload(probe, sample_file(tokens_from(0, 40)), "a"));
  auto b = upload(probe, sample_file(other), "b");
  EXPECT_EQ(probe.store().stats().blocks, 4U);
  EXPECT_EQ(download(probe, b->id), sample_file(other));
}

TEST(KvExchange, SomeLayersMakeAFileOfTheirOwn) {
  StoreProbe probe;
  for (const std::string& file :
       {sample_file(tokens_from(0, 20)), sample_file(tokens_from(0, 20), 1)}) {
    auto kept = upload(probe, file);
    std::string part = download(probe, kept->id, {1, 1});
    auto length = *safetensors::header_bytes(part, part.size());
    auto header =
        safetensors::parse(std::string_view(part).substr(8, length), part.size() - 8 - length);
    ASSERT_TRUE(header);
    ASSERT_EQ(header->tensors.size(), 2U);
    EXPECT_EQ(header->tensors[0].name, "k_1");
    const std::size_t half = 2 * 20 * 16;  // bytes of keys and values of one layer
    EXPECT_EQ(part.substr(8 + length), file.substr(file.size() - half));
    EXPECT_EQ(probe.store().open({}, kept->id, {1, 2}).error().code, base::Code::invalid);
  }
}

TEST(KvExchange, APromptOfTheEngineGoesOutAsAFile) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 20), "n"));
  std::string file = download(probe, probe.store().find("t", "n")->id);
  std::string wanted = sample_file(tokens_from(0, 20));
  const std::size_t data = 4 * 20 * 16;
  EXPECT_EQ(file.substr(file.size() - data), wanted.substr(wanted.size() - data));
}

TEST(KvExchange, FilesThatAreNoneAreRefusedAndLeaveNothing) {
  StoreProbe probe;
  std::string good = sample_file(tokens_from(0, 20));
  for (std::string bad : {std::string(), std::string("abc"), std::string(100, '\0'),
                          good.substr(0, good.size() - 1), good + "x", std::string(8, '\xff')}) {
    auto refused = upload(probe, bad);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().code == base::Code::invalid ||
                refused.error().code == base::Code::too_large)
        << refused.error().what;
  }
  EXPECT_EQ(probe.store().stats().objects, 0U);
}

TEST(KvExchange, KvOfAServedModelMustFitIt) {
  StoreProbe probe;
  Fingerprint served = small_model();
  served.layers = 3;
  probe.store().expect(served);
  auto refused = upload(probe, sample_file(tokens_from(0, 20)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what,
            "the KV does not fit: layers is 2, the model 'tests/small' has 3");
}

TEST(KvExchange, AFileOverItsLimitIsTooLarge) {
  StoreProbe probe({.object_bytes_max = 100});
  EXPECT_EQ(upload(probe, sample_file(tokens_from(0, 20))).error().code, base::Code::too_large);
}

TEST(KvExchange, ADamagedFileIsNotServed) {
  StoreProbe probe;
  auto kept = upload(probe, bare_file(1000));
  std::string path = probe.path() + "/files/01/1.safetensors";
  std::string bytes = bare_file(1000);
  bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 1);
  std::ofstream(path, std::ios::binary) << bytes;
  auto opened = probe.store().open({}, kept->id);
  EXPECT_FALSE(opened && read_all(*opened->bytes));
}

TEST(KvExchange, ApproximateFilesAreNotFoundAsExact) {
  StoreProbe probe;
  Manifest manifest;
  manifest.fingerprint = small_model();
  manifest.tokens = tokens_from(0, 20);
  manifest.provenance = Provenance::borrowed;
  manifest.lineage = {"donor"};
  safetensors::Header header = *header_of(manifest);
  std::string file = safetensors::write(header);
  file.append(header.tensors.back().end, 'x');
  auto kept = upload(probe, file);
  ASSERT_TRUE(kept) << kept.error().what;
  EXPECT_EQ(kept->provenance, Provenance::borrowed);
  EXPECT_EQ(probe.common(tokens_from(0, 20)), 0U);
  EXPECT_EQ(download(probe, kept->id), file);
}

TEST(KvExchange, AFileUnderEvictionPressureGoesLikeAnythingElse) {
  StoreProbe probe({.disk_bytes_max = 100'000});
  for (int i = 0; i < 10; ++i) {
    probe.clock.set(2000 + 100 * i);
    ASSERT_TRUE(upload(probe, bare_file(1500), "f" + std::to_string(i)));
  }
  EXPECT_LE(probe.store().stats().disk_bytes, 100'000U);
  EXPECT_TRUE(probe.store().find("t", "f9"));
  EXPECT_FALSE(probe.store().find("t", "f0"));
}

}  // namespace
}  // namespace refrain::kv
