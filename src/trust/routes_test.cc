#include "trust/routes.h"

#include <gtest/gtest.h>

#include <thread>

#include "policy/verifier_table.h"
#include "tests/support/manual_clock.h"

namespace refrain::trust {
namespace {

using policy::First;

struct RoutesTest : testing::Test {
  static policy::Features evidence(double cosine) {
    policy::PairEvidence pair;
    pair.cosine = cosine;
    pair.words.covered = pair.words.order = 0.9;
    policy::Vote votes;
    votes.margin = 0.3;
    return policy::features(pair, votes);
  }
  Routes made(std::size_t routes_max = 512) {
    return {{{}, policy::verifier_prior(), routes_max}, checks, clock};
  }
  test::ManualClock clock;
  CheckAllowance checks{{.calls_max = 1000}};
  const Route route{"openai.chat", "t", "m"};
};

TEST_F(RoutesTest, WhatEveryGateLetsThroughIsServedFromTheFirstRequestOn) {
  Routes routes = made();
  for (int i = 0; i < 49; ++i) {
    ASSERT_TRUE(routes.judge(route, evidence(0.95), First::trusted, Explore::allowed)
                    .allowance.serve);
  }
  EXPECT_TRUE(
      routes.judge(route, evidence(0.95), First::trusted, Explore::allowed).allowance.explore);
  EXPECT_EQ(checks.spent().calls, 1U);
}

TEST_F(RoutesTest, WhatOnlyTheVerifierVouchesForIsMostlyCheckedAtFirst) {
  Routes routes = made();
  int explored = 0;
  for (int i = 0; i < 40; ++i) {
    explored += routes.judge(route, evidence(0.95), First::checked, Explore::allowed)
                        .allowance.explore
                    ? 1
                    : 0;
  }
  EXPECT_GT(explored, 20);
}

TEST_F(RoutesTest, WhereNothingCanBeGeneratedNothingIsExplored) {
  Routes routes = made();
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(
        routes.judge(route, evidence(0.95), First::checked, Explore::never).allowance.serve);
  }
  EXPECT_EQ(checks.spent().calls, 0U);
}

TEST_F(RoutesTest, WithoutACallLeftForTheDayNothingIsExplored) {
  CheckAllowance none({.calls_max = 0});
  Routes routes({{}, policy::verifier_prior()}, none, clock);
  for (int i = 0; i < 200; ++i) {
    ASSERT_FALSE(routes.judge(route, evidence(0.95), First::checked, Explore::allowed)
                     .allowance.explore);
  }
}

TEST_F(RoutesTest, WhatOneRouteLearnsAnotherDoesNotKnow) {
  Routes routes = made();
  const Route other{"openai.chat", "u", "m"};
  Judgement judged = routes.judge(route, evidence(0.95), First::trusted, Explore::never);
  judged.allowance.explore = true;
  for (int i = 0; i < 20; ++i) routes.learn(judged, false);
  EXPECT_FALSE(routes.preview(route, evidence(0.95), First::trusted).allowance.serve);
  EXPECT_TRUE(routes.preview(other, evidence(0.95), First::trusted).allowance.serve);
}

TEST_F(RoutesTest, BeyondTheLimitRoutesShareOneBudget) {
  Routes routes = made(1);
  routes.weights(route);
  routes.weights({"openai.chat", "u", "m"});
  routes.weights({"openai.chat", "v", "m"});
  EXPECT_EQ(routes.rows().size(), 2U);
}

TEST_F(RoutesTest, AnImageIsAllThatIsNeededToGoOn) {
  Routes routes = made();
  const Judgement judged = routes.judge(route, evidence(0.9), First::trusted, Explore::never);
  for (int i = 0; i < 60; ++i) routes.learn(judged, i % 3 != 0);
  Routes later = made();
  later.restore(routes.image());
  EXPECT_DOUBLE_EQ(later.preview(route, evidence(0.9), First::trusted).allowance.bound,
                   routes.preview(route, evidence(0.9), First::trusted).allowance.bound);
  EXPECT_EQ(later.rows()[0].labels, 60U);
}

TEST_F(RoutesTest, AnotherFloorTakesEffectOnWhatWasLearnt) {
  Routes routes = made();
  routes.judge(route, evidence(0.9), First::trusted, Explore::never);
  Routes later = made();
  later.restore(routes.image());
  Route stricter = route;
  stricter.alone_floor = 0.97;
  EXPECT_FALSE(later.preview(stricter, evidence(0.9), First::trusted).allowance.serve);
}

TEST_F(RoutesTest, ManyThreadsJudgeAndLearnAtOnce) {
  Routes routes = made();
  std::vector<std::jthread> threads;
  for (int who = 0; who < 4; ++who) {
    threads.emplace_back([&, who] {
      const Route own{"openai.chat", std::to_string(who % 2), "m"};
      for (int i = 0; i < 300; ++i) {
        const Judgement judged = routes.judge(own, evidence(0.8 + 0.0005 * i), First::checked,
                                              Explore::allowed);
        routes.learn(judged, i % 2 == 0);
        if (i % 50 == 0) routes.image();
      }
    });
  }
  threads.clear();
  std::uint64_t labels = 0;
  for (const Routes::Row& row : routes.rows()) labels += row.labels;
  EXPECT_EQ(labels, 1200U);
}

}  // namespace
}  // namespace refrain::trust
