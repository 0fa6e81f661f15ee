#include "trust/trust.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/manual_clock.h"
#include "tests/support/temp_folder.h"

namespace refrain::trust {
namespace {

struct TrustTest : testing::Test {
  std::unique_ptr<Trust> open() { return Trust::open({.file = file}, clock); }
  static Judgement judged(Trust& trust) {
    policy::Features evidence{};
    evidence[0] = 1;
    return trust.routes().judge({"openai.chat", "t", "m"}, evidence, policy::First::checked,
                                Explore::never);
  }
  TempFolder folder;
  test::ManualClock clock;
  const std::string file = folder.path() + "/trust.state";
};

TEST_F(TrustTest, WhatWasLearntAndSaidSurvivesARestart) {
  auto trust = open();
  for (int i = 0; i < 5; ++i) trust->learn(judged(*trust), true);
  ASSERT_TRUE(trust->verdicts().say({7, Verdict::wrong}));
  ASSERT_TRUE(trust->save());
  auto later = open();
  EXPECT_TRUE(later->verdicts().quarantined(7));
  judged(*later);
  EXPECT_EQ(later->stats().routes[0].labels, 5U);
}

TEST_F(TrustTest, ADamagedFileIsAFreshBeginningThatIsCounted) {
  auto trust = open();
  trust->learn(judged(*trust), true);
  ASSERT_TRUE(trust->save());
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(100);
  bytes.put('x').put('y');
  bytes.close();
  auto later = open();
  EXPECT_EQ(later->stats().damaged, 1U);
  judged(*later);
  EXPECT_EQ(later->stats().routes[0].labels, 0U);
  EXPECT_TRUE(later->save());
}

TEST_F(TrustTest, AnotherVerifierKeepsVerdictsAndBeginsRoutesAnew) {
  auto trust = open();
  trust->learn(judged(*trust), true);
  ASSERT_TRUE(trust->verdicts().say({7, Verdict::wrong}));
  ASSERT_TRUE(trust->save());
  Trust::Options options{.file = file};
  options.prior.mean[1] += 1;
  auto later = Trust::open(std::move(options), clock);
  EXPECT_TRUE(later->verdicts().quarantined(7));
  judged(*later);
  EXPECT_EQ(later->stats().routes[0].labels, 0U);
}

TEST_F(TrustTest, UpkeepWritesWhatIsNewAndNotTooOften) {
  auto trust = open();
  judged(*trust);
  trust->upkeep();
  EXPECT_EQ(trust->stats().saved, 0U);
  clock.advance(std::chrono::seconds(11));
  trust->upkeep();
  EXPECT_EQ(trust->stats().saved, 1U);
  clock.advance(std::chrono::seconds(11));
  trust->upkeep();
  EXPECT_EQ(trust->stats().saved, 1U);
}

TEST_F(TrustTest, AnAnswerThatTheJudgeIsNotSureOfIsNoLabel) {
  auto trust = open();
  trust->learn(judged(*trust), std::nullopt);
  EXPECT_EQ(trust->stats().unsure, 1U);
  EXPECT_EQ(trust->stats().routes[0].labels, 0U);
}

TEST_F(TrustTest, AFolderThatIsGoneIsAnErrorWithItsReason) {
  auto trust = Trust::open({.file = folder.path() + "/none/trust.state"}, clock);
  EXPECT_FALSE(trust->save());
  EXPECT_EQ(trust->stats().save_failed, 1U);
}

}  // namespace
}  // namespace refrain::trust
