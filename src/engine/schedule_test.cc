#include "engine/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace refrain::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr BatchLimits kLimits{.batch_tokens = 100, .chunk_tokens = 20, .cells = 1000};

std::vector<Share> plan(std::vector<Pending> pending, BatchLimits limits = kLimits) {
  return plan_batch(pending, limits);
}

TEST(Schedule, WritersAllGetTheirToken) {
  EXPECT_THAT(plan({{1, 2}, {1, 1}}), ElementsAre(Share{1, 1}, Share{0, 1}));
}

TEST(Schedule, ALongPromptGetsOnlyAChunkWhileSomebodyWrites) {
  EXPECT_THAT(plan({{5000, 1}, {1, 2}}), ElementsAre(Share{1, 1}, Share{0, 20}));
}

TEST(Schedule, ALonePromptGetsTheWholeBatch) {
  EXPECT_THAT(plan({{5000, 1}}), ElementsAre(Share{0, 100}));
}

TEST(Schedule, AShortPromptDoesNotWaitForALongOne) {
  EXPECT_THAT(plan({{5000, 1}, {30, 2}}), ElementsAre(Share{0, 70}, Share{1, 30}));
}

TEST(Schedule, ALongPromptKeepsHalfWhateverElseComes) {
  EXPECT_THAT(plan({{5000, 1}, {40, 2}, {40, 3}, {40, 4}}),
              ElementsAre(Share{0, 50}, Share{1, 40}, Share{2, 10}));
}

TEST(Schedule, TheShortestOfTheOthersIsFirst) {
  EXPECT_THAT(plan({{500, 1}, {400, 2}, {10, 3}}),
              ElementsAre(Share{0, 50}, Share{2, 10}, Share{1, 40}));
}

TEST(Schedule, FreeCellsBoundTheStep) {
  const BatchLimits two{.batch_tokens = 100, .chunk_tokens = 20, .cells = 2};
  EXPECT_THAT(plan({{1, 1}, {1, 2}, {50, 3}}, two), ElementsAre(Share{0, 1}, Share{1, 1}));
  EXPECT_THAT(plan({{1, 1}}, {.batch_tokens = 100, .chunk_tokens = 20, .cells = 0}), IsEmpty());
}

TEST(Schedule, NobodyGetsMoreThanItHas) {
  for (const Share& share : plan({{3, 1}, {2, 2}, {1, 3}})) EXPECT_LE(share.tokens, 3U);
}

}  // namespace
}  // namespace refrain::engine
