#include "base/pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>

namespace refrain::base {
namespace {

TEST(Pool, RunsWhatIsQueuedBeforeItStops) {
  std::atomic<int> ran = 0;
  Pool pool({.name = "test", .threads = 2, .queue_max = 100});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(pool.submit([&] { ++ran; }));
  pool.stop();
  EXPECT_EQ(ran, 100);
  EXPECT_EQ(pool.stats().done, 100U);
}

TEST(Pool, FullQueueIsBusyAtOnce) {
  std::latch started(1);
  std::latch release(1);
  Pool pool({.name = "test", .threads = 1, .queue_max = 1});
  ASSERT_TRUE(pool.submit([&] {
    started.count_down();
    release.wait();
  }));
  started.wait();
  ASSERT_TRUE(pool.submit([] {}));
  Result<> refused = pool.submit([] {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::busy);
  EXPECT_EQ(pool.stats().refused, 1U);
  EXPECT_EQ(pool.stats().queued, 1U);
  release.count_down();
}

TEST(Pool, StoppedPoolTakesNothing) {
  Pool pool({});
  pool.stop();
  pool.stop();
  EXPECT_EQ(pool.submit([] {}).error().code, Code::cancelled);
}

TEST(Pool, ExceptionOfOnePieceDoesNotEndTheThread) {
  bool ran = false;
  Pool pool({});
  ASSERT_TRUE(pool.submit([] { throw std::runtime_error("from a library"); }));
  ASSERT_TRUE(pool.submit([&] { ran = true; }));
  pool.stop();
  EXPECT_TRUE(ran);
}

TEST(Pool, WorkMayOwnWhatCannotBeCopied) {
  int seen = 0;
  Pool pool({});
  ASSERT_TRUE(pool.submit([&, value = std::make_unique<int>(5)] { seen = *value; }));
  pool.stop();
  EXPECT_EQ(seen, 5);
}

}  // namespace
}  // namespace refrain::base
