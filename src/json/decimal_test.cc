#include "json/decimal.h"

#include <gtest/gtest.h>

#include <string>

namespace refrain::json {
namespace {

std::string normal(std::string_view text) {
  Decimal value = decimal(text);
  if (!value.bounded) return "unbounded";
  return (value.negative ? "-" : "") + std::string(value.head) + std::string(value.tail) + "e" +
         std::to_string(value.exponent);
}

TEST(Decimal, EveryWritingOfAValueHasOneNormalForm) {
  for (std::string_view text : {"1200", "1200.0", "12e2", "1.2E+3", "0.12e4", "120000e-2"}) {
    EXPECT_EQ(normal(text), "12e2") << text;
  }
}

TEST(Decimal, ZeroHasNoSignAndNoExponent) {
  for (std::string_view text : {"0", "-0", "0.000", "0e5", "-0.0e-7", "0e99999999999999999999"}) {
    EXPECT_EQ(normal(text), "e0") << text;
  }
}

TEST(Decimal, FractionsLoseTheirOuterZerosOnly) {
  EXPECT_EQ(normal("0.00100200"), "1002e-6");
  EXPECT_EQ(normal("10.01"), "1001e-2");
  EXPECT_EQ(normal("-7.50"), "-75e-1");
}

TEST(Decimal, HugeExponentsAreNotComputed) {
  EXPECT_EQ(normal("1e999999999999"), "1e999999999999");
  EXPECT_EQ(normal("10e-999999999999"), "1e-999999999998");
  EXPECT_EQ(normal("1e1000000000000000000000"), "unbounded");
  EXPECT_EQ(normal("1e00000000000000000000003"), "1e3");
}

}  // namespace
}  // namespace refrain::json
