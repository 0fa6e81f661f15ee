#include "policy/gates_numbers.h"

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

std::string values(std::string_view text) {
  std::string out;
  for (const std::string& value : numbers(read(text).words)) {
    out += (out.empty() ? "" : "|") + value;
  }
  return out;
}

TEST(Numbers, WrittenFormsOfOneValueMeet) {
  for (const char* text :
       {"1000000", "1,000,000", "one million", "1 million", "1000k", "a million"}) {
    EXPECT_EQ(values(text), "1000000") << text;
  }
  EXPECT_EQ(values("two hundred and five"), "205");
  EXPECT_EQ(values("twenty-one"), "21");
  EXPECT_EQ(values("three thousand four hundred"), "3400");
  EXPECT_EQ(values("2.5 million"), "2500000");
  EXPECT_EQ(values("1,5"), "1.5");
}

TEST(Numbers, UnitsBelongToTheirNumber) {
  EXPECT_EQ(values("5km"), "5 km");
  EXPECT_EQ(values("five kilometres"), "5 km");
  EXPECT_EQ(values("$5.50"), "5.5 usd");
  EXPECT_EQ(values("5 per cent"), "5 percent");
  EXPECT_EQ(values("one hour"), "1 h");
}

TEST(Numbers, DatesAndTimesAreTakenApart) {
  EXPECT_EQ(values("2023-05-01"), "1|2023|m5");
  EXPECT_EQ(values("May 1, 2023"), "1|2023|m5");
  EXPECT_EQ(values("05/01/2023"), "05/01/2023");
  EXPECT_EQ(values("3:30 pm"), "t930");
  EXPECT_EQ(values("12am"), "t0");
  EXPECT_EQ(values("on Fridays"), "w5");
}

TEST(Numbers, VersionsStayAsWritten) {
  EXPECT_EQ(values("3.10"), "3.10");
  EXPECT_EQ(values("3.10.2"), "3.10.2");
  EXPECT_EQ(values("5.0"), "5");
}

TEST(Numbers, SignsOrdinalsAndRomanNumeralsCount) {
  EXPECT_EQ(values("-5"), "-5");
  EXPECT_EQ(values("minus five"), "-5");
  EXPECT_EQ(values("2nd"), "2");
  EXPECT_EQ(values("the second"), "2");
  EXPECT_EQ(values("part II"), "2");
  EXPECT_EQ(values("5-10"), "10|5");
}

TEST(Numbers, PronounsAndModalVerbsAreNone) {
  EXPECT_EQ(values("which one may I take, no one knows"), "");
  EXPECT_EQ(values("march on"), "");
  EXPECT_EQ(values("twice per second"), "");
}

TEST(Numbers, NumericWordsAreKnown) {
  EXPECT_TRUE(is_numeric("may"));
  EXPECT_TRUE(is_numeric("-3rd"));
  EXPECT_FALSE(is_numeric("paris"));
  EXPECT_FALSE(is_numeric(""));
}

}  // namespace
}  // namespace refrain::policy
