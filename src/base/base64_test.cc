#include "base/base64.h"

#include <gtest/gtest.h>

namespace refrain::base {
namespace {

TEST(Base64, TheVectorsOfTheRfc) {
  std::string text = "foobar";
  const char* coded[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  for (std::size_t length = 0; length <= text.size(); ++length) {
    EXPECT_EQ(to_base64(text.substr(0, length)), coded[length]);
    EXPECT_EQ(from_base64(coded[length]), text.substr(0, length));
  }
}

TEST(Base64, EveryByteComesBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(from_base64(to_base64(all)), all);
}

TEST(Base64, WhatIsNoneIsRefused) {
  for (const char* text : {"Zg=", "Zg", "Z===", "Z*==", "Zg==Zg==", "Zm9 "}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

TEST(Base64, PaddedPiecesAreJoinedByTheirBytes) {
  EXPECT_EQ(join_base64("Zg==", "b28="), "Zm9v");
  EXPECT_EQ(join_base64("Zm9v", "YmFy"), "Zm9vYmFy");
}

TEST(Base64, ATextThatWasCutAnywhereIsPutTogether) {
  EXPECT_EQ(join_base64("Zm9vY", "mFy"), "Zm9vYmFy");
}

}  // namespace
}  // namespace refrain::base
