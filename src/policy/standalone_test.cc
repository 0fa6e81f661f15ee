#include "policy/standalone.h"

#include <gtest/gtest.h>

namespace refrain::policy {
namespace {

bool alone(std::string_view text) { return stands_alone(read(text)); }

TEST(Standalone, AWholeQuestionStandsAlone) {
  EXPECT_TRUE(alone("How do I reset my password?"));
  EXPECT_TRUE(alone("What is the capital of France?"));
  EXPECT_TRUE(alone("Wie setze ich mein Passwort zurueck?"));
}

TEST(Standalone, WhatGoesOnLeans) {
  EXPECT_FALSE(alone("And in winter?"));
  EXPECT_FALSE(alone("But how do I reset my password?"));
  EXPECT_FALSE(alone("What about the capital of Italy?"));
  EXPECT_FALSE(alone("und im Winter?"));
}

TEST(Standalone, WhatPointsLeans) {
  EXPECT_FALSE(alone("Is it safe to reset my password?"));
  EXPECT_FALSE(alone("How do I reset the other password?"));
  EXPECT_FALSE(alone("Can you explain that password thing?"));
  EXPECT_FALSE(alone("\xe5\xae\x83\xe6\x98\xaf\xe4\xbb\x80\xe4\xb9\x88"));  // what is it
}

TEST(Standalone, WhatSaysTooLittleLeans) {
  EXPECT_FALSE(alone("Why?"));
  EXPECT_FALSE(alone("Rome?"));
  EXPECT_FALSE(alone(""));
}

}  // namespace
}  // namespace refrain::policy
