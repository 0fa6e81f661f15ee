#include "policy/gates_names.h"

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

std::string listed(std::string_view text) {
  std::string out;
  for (const Names::Item& item : names(read(text)).items) {
    out += (out.empty() ? "" : "|") + item.text;
  }
  return out;
}

TEST(Names, AreCapitalsInsideASentenceAndUnusualWords) {
  EXPECT_EQ(listed("Tell Ann that I'm in Rome. Then use x86_64"), "ann|rome|x8664");
  EXPECT_EQ(listed("NASA is in Vitamin C"), "nasa|vitamin|c");
}

TEST(Names, TitlesAndShoutingTellNone) {
  EXPECT_EQ(listed("How To Cook An Egg In The Morning"), "");
  EXPECT_EQ(listed("HOW DO I COOK EGGS"), "");
}

TEST(Names, MonthsWeekdaysAndNumbersAreLeftToTheirGate) {
  EXPECT_EQ(listed("on Monday in May the Second"), "");
}

TEST(Names, AreLookedUpInAnyCaseNumberAndHyphenation) {
  const Names a = names(read("the Wi-Fi of Paris's APIs"));
  const Reading other = read("an api for paris wifi");
  EXPECT_EQ(missing(a, names(other), other.normal), nullptr);
  const Reading far = read("an api for rome wifi");
  ASSERT_NE(missing(a, names(far), far.normal), nullptr);
  EXPECT_EQ(missing(a, names(far), far.normal)->word, "paris's");
}

}  // namespace
}  // namespace refrain::policy
