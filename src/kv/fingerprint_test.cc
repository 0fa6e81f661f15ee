#include "kv/fingerprint.h"

#include <gtest/gtest.h>

#include <set>

namespace refrain::kv {
namespace {

Fingerprint sample() {
  Fingerprint out;
  out.model = "tiny/model";
  out.weights = "abc";
  out.architecture = "llama";
  out.rope_base = "10000";
  out.layers = 4;
  out.kv_heads = 2;
  out.key_dim = out.value_dim = 16;
  return out;
}

TEST(KvFingerprint, ReadsBackWhatItWrote) {
  Fingerprint print = sample();
  print.key_type = Dtype::q8_0;
  print.keys_rotated = false;
  auto back = parse_fingerprint(text(print));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(*back, print);
}

TEST(KvFingerprint, EveryFieldChangesTheDigest) {
  std::vector<Fingerprint> all(21, sample());
  all[1].model = "x";
  all[2].weights = "x";
  all[3].weights_type = "x";
  all[4].architecture = "x";
  all[5].tokenizer = "x";
  all[6].adapters = "x";
  all[7].attention = "x";
  all[8].rope = "x";
  all[9].rope_base = "x";
  all[10].rope_scaling = "x";
  all[11].rope_dim = 9;
  all[12].layers = 9;
  all[13].kv_heads = 9;
  all[14].key_dim = 9;
  all[15].value_dim = 9;
  all[16].key_type = Dtype::f32;
  all[17].value_type = Dtype::f32;
  all[18].keys_rotated = false;
  all[19].layout = "x";
  all[20].engine = "x";
  std::set<base::Digest> digests;
  for (const Fingerprint& print : all) digests.insert(digest(print));
  EXPECT_EQ(digests.size(), all.size());
}

TEST(KvFingerprint, ALineEndInAFieldCannotFakeAnother) {
  Fingerprint print = sample();
  print.model = "a\nweights=evil";
  auto back = parse_fingerprint(text(print));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->model, "a weights=evil");
}

TEST(KvFingerprint, AnythingButItsOwnTextIsCorrupt) {
  std::string good = text(sample());
  for (std::string bad : {std::string(), good.substr(1), good.substr(0, good.size() - 1),
                          good + "x=y\n", good + " "}) {
    auto back = parse_fingerprint(bad);
    ASSERT_FALSE(back) << bad;
    EXPECT_EQ(back.error().code, base::Code::corrupt);
  }
  std::size_t at = good.find("layers=4");
  EXPECT_FALSE(parse_fingerprint(std::string(good).replace(at, 8, "layers=04")));
  EXPECT_FALSE(parse_fingerprint(std::string(good).replace(at, 8, "layers=-4")));
}

TEST(KvFingerprint, TheFirstDifferenceIsNamedWithBothValues) {
  Fingerprint other = sample();
  other.rope_base = "500000";
  EXPECT_EQ(difference(other, sample()), "rope_base is '500000', wanted '10000'");
  EXPECT_EQ(difference(sample(), sample()), "");
}

TEST(KvFingerprint, RowsOfPackedTypesAreWholeBlocks) {
  Fingerprint print = sample();
  EXPECT_EQ(row_bytes(print)->key, 2U * 16 * 2);
  print.key_type = Dtype::q8_0;
  EXPECT_EQ(row_bytes(print)->key, 34U);
  print.value_type = Dtype::q4_0;
  EXPECT_EQ(row_bytes(print)->value, 18U);
  print.key_dim = 5;
  EXPECT_EQ(row_bytes(print).error().code, base::Code::invalid);
  print.key_dim = 1U << 31U;
  EXPECT_FALSE(row_bytes(print));
  print = sample();
  print.value_dim = 0;
  EXPECT_FALSE(row_bytes(print));
}

}  // namespace
}  // namespace refrain::kv
