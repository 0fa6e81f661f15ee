#include "kv/chain.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

namespace refrain::kv {
namespace {

std::vector<Token> counting(std::size_t count) {
  std::vector<Token> out(count);
  std::iota(out.begin(), out.end(), 0);
  return out;
}

// The vectors of docs/formats/kv_block_hash.md: other programs compute these names too.
TEST(KvChain, NamesAreThoseOfTheFormatPage) {
  Space space{"default", base::digest("fingerprint")};
  std::vector<Token> tokens = counting(40);
  std::vector<base::Digest> names = chain(space, tokens, 16);
  EXPECT_EQ(base::hex(space.fingerprint), "134a8e2e2e5d5376f4d5f530f8c66863");
  EXPECT_EQ(base::hex(root(space)), "b951fb3021c019f9b3b6d7215106d2e3");
  ASSERT_EQ(names.size(), 3U);
  EXPECT_EQ(base::hex(names[0]), "013f3cf4ccfb263026bc06877479ba29");
  EXPECT_EQ(base::hex(names[1]), "6b2cb58bb92307ed56532976f5175e12");
  EXPECT_EQ(base::hex(names[2]), "cbebdfdd5ac16770ee7dfcd5f9dd7ea6");
}

TEST(KvChain, ACommonBeginningHasCommonNames) {
  Space space{"t", {1, 2}};
  std::vector<Token> left = counting(64), right = counting(64);
  right[40] = 7;
  auto a = chain(space, left, 16), b = chain(space, right, 16);
  EXPECT_EQ(a[0], b[0]);
  EXPECT_EQ(a[1], b[1]);
  EXPECT_NE(a[2], b[2]);
  EXPECT_NE(a[3], b[3]);
}

TEST(KvChain, SpacesOfOtherTenantsModelsAndProvenanceShareNothing) {
  std::set<base::Digest> names;
  std::vector<Token> tokens = counting(16);
  for (const Space& space :
       {Space{"a", {1, 2}}, Space{"b", {1, 2}}, Space{"a", {1, 3}},
        Space{"a", {1, 2}, Provenance::repaired}, Space{"a", {1, 2}, Provenance::borrowed},
        Space{"a", {1, 2}, Provenance::borrowed, 7}}) {
    names.insert(chain(space, tokens, 16)[0]);
  }
  EXPECT_EQ(names.size(), 6U);
}

TEST(KvChain, ABlocksNameDoesNotDependOnTheBlockSize) {
  Space space{"t", {1, 2}};
  EXPECT_EQ(chain(space, counting(16), 16), chain(space, counting(16), 64));
}

TEST(KvChain, ProvenanceHasAWord) {
  EXPECT_EQ(name(Provenance::exact), "exact");
  EXPECT_EQ(name(Provenance::repaired), "repaired");
  EXPECT_EQ(name(Provenance::borrowed), "borrowed");
}

}  // namespace
}  // namespace refrain::kv
