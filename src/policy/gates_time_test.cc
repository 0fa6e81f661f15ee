#include "policy/gates_time.h"

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

std::string apart(std::string_view a, std::string_view b) {
  return std::string(differing(times(read(a)), times(read(b))));
}

TEST(Time, AnotherDayIsAnotherQuestion) {
  EXPECT_EQ(apart("will it rain today", "will it rain tomorrow"), "today");
  EXPECT_EQ(apart("invoices of last year", "invoices of this year"), "last year");
  EXPECT_EQ(apart("wie ist das Wetter heute", "wie ist das Wetter gestern"), "heute");
}

TEST(Time, ATermInOneTextOnlyDiffers) {
  EXPECT_EQ(apart("opening hours", "opening hours tomorrow"), "tomorrow");
}

TEST(Time, NowAddsNothing) { EXPECT_EQ(apart("where is my order", "where is my order now"), ""); }

TEST(Time, PreviousIsLast) {
  EXPECT_EQ(apart("sales of the previous month", "sales of last month"), "");
}

TEST(Time, PastAndPresentDifferWhereTheTextsBeginAlike) {
  const auto differ = [](std::string_view a, std::string_view b) {
    return tenses_differ(times(read(a)), times(read(b)));
  };
  EXPECT_TRUE(differ("who is the king", "who was the king"));
  EXPECT_FALSE(differ("why did it stop", "what is the reason that it stopped"));
  EXPECT_FALSE(differ("who is the king", "who is king"));
}

}  // namespace
}  // namespace refrain::policy
