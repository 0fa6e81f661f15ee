#include "key/md5.h"

#include <gtest/gtest.h>

namespace refrain::key {
namespace {

// RFC 1321, A.5.
TEST(Md5, DigestsAreThoseOfTheStandard) {
  EXPECT_EQ(md5_hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(md5_hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
}

}  // namespace
}  // namespace refrain::key
