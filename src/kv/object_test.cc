#include "kv/object.h"

#include <gtest/gtest.h>

#include "tests/support/golden.h"
#include "tests/support/kv_samples.h"

namespace refrain::kv {
namespace {

Manifest sample() {
  Manifest out;
  out.fingerprint = small_model();
  out.tokens = {5, 6, -1, 2147483647};
  out.positions = {0, 1, 2, 3};
  out.text = "A prompt.";
  out.provenance = Provenance::repaired;
  out.lineage = {"parent", "its parent"};
  out.header = "{\"k_0\":{}}";
  out.sums = {1, 1ULL << 63U};
  out.labels = {{"purpose", "test"}};
  return out;
}

TEST(KvObject, AManifestReadsBackWhatWasWritten) {
  auto back = decode_manifest(encode(sample()));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(*back, sample());
  EXPECT_EQ(*decode_manifest(encode(Manifest{})), Manifest{});
}

TEST(KvObject, TheGoldenManifestIsWrittenAndReadByteForByte) {
  EXPECT_EQ(encode(sample()), golden("kv/manifest.kvm"));
  EXPECT_EQ(*decode_manifest(golden("kv/manifest.kvm")), sample());
}

TEST(KvObject, AFlippedBitOrAnotherLengthIsFound) {
  const std::string good = encode(sample());
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_FALSE(decode_manifest(bad)) << "byte " << at;
    EXPECT_FALSE(decode_manifest(good.substr(0, at)));
  }
}

TEST(KvObject, APositionForEachTokenOrNone) {
  Manifest odd = sample();
  odd.positions.pop_back();
  EXPECT_EQ(decode_manifest(encode(odd)).error().what, "manifest: 3 positions of 4 tokens");
}

TEST(KvObject, NamesThatCouldLeaveTheStoreAreRefused) {
  EXPECT_TRUE(check_name("k.safetensors"));
  EXPECT_TRUE(check_name(std::string(255, 'a')));
  for (std::string bad : {std::string(), std::string("../x"), std::string(".hidden"),
                          std::string("a/b"), std::string("a\\b"), std::string("a b"),
                          std::string("a\0b", 3), std::string("\xc3\xa4"), std::string(256, 'a')}) {
    auto refused = check_name(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, base::Code::invalid);
  }
}

}  // namespace
}  // namespace refrain::kv
