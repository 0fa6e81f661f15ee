#include "base/hash.h"

#include <gtest/gtest.h>

namespace refrain::base {
namespace {

// Digests are in files: these values, published with xxHash, may never change.
TEST(Hash, EmptyInputHasThePublishedDigests) {
  EXPECT_EQ(hex(digest("")), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(hex(hash64("")), "2d06800538d394c2");
}

TEST(Hash, SeedChangesTheHash) { EXPECT_NE(hash64("a", 1), hash64("a", 2)); }

TEST(Hash, DigestIsReadBackFromItsText) {
  Digest one = digest("one");
  EXPECT_EQ(parse_digest(hex(one)), one);
}

TEST(Hash, HexadecimalReadsBothCases) { EXPECT_EQ(parse_hex64("00000000DEADbeef"), 0xdeadbeefU); }

TEST(Hash, OtherTextIsNoDigest) {
  EXPECT_EQ(parse_hex64(""), std::nullopt);
  EXPECT_EQ(parse_hex64("00000000deadbee"), std::nullopt);
  EXPECT_EQ(parse_hex64("00000000deadbeefa"), std::nullopt);
  EXPECT_EQ(parse_hex64("00000000deadbeeg"), std::nullopt);
  EXPECT_EQ(parse_digest(std::string(31, '0') + "g"), std::nullopt);
}

}  // namespace
}  // namespace refrain::base
