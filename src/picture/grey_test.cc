#include "picture/grey.h"

#include <gtest/gtest.h>

#include <string>

namespace refrain::picture {
namespace {

void number(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

// A BMP of 2 x 1 pixels, one black and one white; its head may tell another size.
std::string bmp(std::uint32_t width = 2, std::uint32_t height = 1) {
  std::string out = "BM";
  number(out, 62, 4);
  number(out, 0, 4);
  number(out, 54, 4);
  number(out, 40, 4);
  number(out, width, 4);
  number(out, height, 4);
  number(out, 1, 2);
  number(out, 24, 2);
  for (int i = 0; i < 6; ++i) number(out, 0, 4);
  return out + std::string("\0\0\0\xff\xff\xff\0\0", 8);
}

TEST(Grey, AnImageIsDecodedToItsShades) {
  const Grey image = *decode_grey(bmp());
  EXPECT_EQ(image.width, 2U);
  EXPECT_EQ(image.height, 1U);
  EXPECT_EQ(image.pixels, (std::vector<std::uint8_t>{0, 255}));
}

TEST(Grey, WhatIsNoImageIsInvalid) {
  for (const std::string& bytes : {std::string(), std::string("BM"), std::string(1000, 'x'),
                                   std::string("\x89PNG\r\n\x1a\n")}) {
    EXPECT_EQ(decode_grey(bytes).error().code, base::Code::invalid);
  }
}

TEST(Grey, AHeadThatPromisesTooMuchIsRefusedBeforeDecoding) {
  EXPECT_EQ(decode_grey(bmp(60000, 60000)).error().code, base::Code::too_large);
  EXPECT_EQ(decode_grey(bmp(), {.pixels_max = 1}).error().code, base::Code::too_large);
}

}  // namespace
}  // namespace refrain::picture
