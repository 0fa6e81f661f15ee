#include "kv/retention.h"

#include <gtest/gtest.h>

#include <cmath>

namespace refrain::kv {
namespace {

TEST(KvRetention, WithoutExperienceTheLongerUnusedIsWorthLess) {
  Retention retention;
  double last = 1e300;
  for (double age = 0; age < 1e7; age = age * 1.3 + 1) {
    const double worth = retention.worth({.age = age});
    EXPECT_LT(worth, last) << age;
    EXPECT_GT(worth, 0);
    last = worth;
  }
}

TEST(KvRetention, MoreUsesAndDearerPrefillAreWorthMore) {
  Retention retention;
  EXPECT_GT(retention.worth({.age = 30, .hits = 3}), retention.worth({.age = 30}));
  EXPECT_GT(retention.worth({.age = 30, .saved = 5}), retention.worth({.age = 30, .saved = 2}));
  EXPECT_GT(retention.worth({.age = 30, .bytes = 10}), retention.worth({.age = 30, .bytes = 20}));
}

TEST(KvRetention, AnEndOfAPromptGoesBeforeAnythingElse) {
  Retention retention;
  EXPECT_LT(retention.worth({.age = 0, .partial = true}), retention.worth({.age = 1000}));
  EXPECT_EQ(retention.worth({.age = 5, .hits = 1, .partial = true}),
            retention.worth({.age = 5, .hits = 1}));
}

TEST(KvRetention, LearnsThatBlocksComeBackAfterAWhile) {
  Retention retention;
  for (int i = 0; i < 20'000; ++i) {
    retention.used({.age = 60});                   // who comes back does so after a minute
    if (i % 4 == 0) retention.gone({.age = 400});  // and some never do
  }
  retention.learn();
  EXPECT_GT(retention.worth({.age = 40}), retention.worth({.age = 1}));
  EXPECT_GT(retention.worth({.age = 40}), retention.worth({.age = 200}));
}

TEST(KvRetention, LearnsThatEndsOfPromptsAreUsedWhereTheyAre) {
  Retention retention;
  for (int i = 0; i < 20'000; ++i) retention.used({.age = 10, .partial = true});
  retention.learn();
  EXPECT_GT(retention.worth({.age = 5, .partial = true}), retention.worth({.age = 5}));
}

TEST(KvRetention, ExtremeFactsHaveAFiniteWorth) {
  Retention retention;
  for (double age : {-5.0, 0.0, 1e300}) {
    const double worth = retention.worth({.age = age, .hits = UINT64_MAX, .bytes = 0, .saved = -1});
    EXPECT_TRUE(std::isfinite(worth));
    EXPECT_GT(worth, 0);
  }
}

}  // namespace
}  // namespace refrain::kv
