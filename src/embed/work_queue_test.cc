#include "embed/work_queue.h"

#include <chrono>
#include <future>

#include <gtest/gtest.h>

#include "base/pool.h"

namespace refrain::embed {
namespace {

using base::Code;
using namespace std::chrono_literals;

std::shared_ptr<Job> job(std::size_t windows, std::size_t tokens, base::Call call = {}) {
  auto out = std::make_shared<Job>();
  out->call = std::move(call);
  out->windows.assign(windows, std::vector<llama::TokenId>(tokens, 1));
  return out;
}

base::Call expired() { return {.deadline = base::SystemClock().now() - 1ms}; }

TEST(WorkQueue, ShortTextsOfSeveralCallsShareABatch) {
  WorkQueue queue({});
  ASSERT_TRUE(queue.add(job(1, 40)));
  ASSERT_TRUE(queue.add(job(1, 40)));
  EXPECT_EQ(queue.take().size(), 2U);
}

TEST(WorkQueue, BatchEndsAtItsTokens) {
  WorkQueue queue({.batch_tokens_max = 100});
  ASSERT_TRUE(queue.add(job(5, 40)));
  EXPECT_EQ(queue.take().size(), 2U);
}

TEST(WorkQueue, LongWindowGoesAlone) {
  WorkQueue queue({.batch_tokens_max = 100});
  ASSERT_TRUE(queue.add(job(2, 256)));
  EXPECT_EQ(queue.take().size(), 1U);
}

TEST(WorkQueue, ManyWindowsLetOthersPass) {
  WorkQueue queue({.batch_tokens_max = 100});
  const auto bulk = job(3, 90);
  const auto user = job(1, 90);
  ASSERT_TRUE(queue.add(bulk));
  ASSERT_TRUE(queue.add(user));
  EXPECT_EQ(queue.take()[0].job, bulk);
  EXPECT_EQ(queue.take()[0].job, user);
  EXPECT_EQ(queue.take()[0].job, bulk);
}

TEST(WorkQueue, FullQueueRefusesAtOnce) {
  WorkQueue queue({.calls_max = 1});
  ASSERT_TRUE(queue.add(job(1, 4)));
  const auto refused = queue.add(job(1, 4));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::busy);
}

TEST(WorkQueue, AnsweredCallMakesRoom) {
  WorkQueue queue({.calls_max = 1});
  const auto first = job(1, 4);
  ASSERT_TRUE(queue.add(first));
  queue.finish(queue.take(), {});
  ASSERT_TRUE(queue.wait(first));
  EXPECT_TRUE(queue.add(job(1, 4)));
}

TEST(WorkQueue, CallPastItsDeadlineIsNeverTaken) {
  WorkQueue queue({});
  const auto late = job(1, 4, expired());
  const auto good = job(1, 4);
  ASSERT_TRUE(queue.add(late));
  ASSERT_TRUE(queue.add(good));
  const auto pieces = queue.take();
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_EQ(pieces[0].job, good);
  EXPECT_EQ(queue.wait(late).error().code, Code::deadline);
}

TEST(WorkQueue, WaitEndsAtTheDeadline) {
  WorkQueue queue({});
  const auto late = job(2, 4, expired());
  ASSERT_TRUE(queue.add(late));
  EXPECT_EQ(queue.wait(late).error().code, Code::deadline);
}

TEST(WorkQueue, WaitEndsWhenTheCallerIsStopped) {
  WorkQueue queue({});
  std::stop_source source;
  const auto stopped = job(1, 4, {.stop = source.get_token()});
  ASSERT_TRUE(queue.add(stopped));
  source.request_stop();
  EXPECT_EQ(queue.wait(stopped).error().code, Code::cancelled);
}

TEST(WorkQueue, GivenUpCallIsNeverTaken) {
  WorkQueue queue({});
  const auto late = job(1, 4, expired());
  const auto good = job(1, 4);
  ASSERT_TRUE(queue.add(late));
  EXPECT_FALSE(queue.wait(late));
  ASSERT_TRUE(queue.add(good));
  EXPECT_EQ(queue.take().size(), 1U);
}

TEST(WorkQueue, FailureReachesTheCaller) {
  WorkQueue queue({});
  const auto broken = job(1, 4);
  ASSERT_TRUE(queue.add(broken));
  queue.finish(queue.take(), base::fail(Code::internal, "no vector"));
  const auto result = queue.wait(broken);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().what, "no vector");
}

TEST(WorkQueue, StopEndsEveryWait) {
  WorkQueue queue({});
  const auto left = job(1, 4);
  ASSERT_TRUE(queue.add(left));
  base::Pool pool({.name = "stopper", .threads = 1});
  ASSERT_TRUE(pool.submit([&] { queue.stop(); }));
  EXPECT_EQ(queue.wait(left).error().code, Code::cancelled);
  EXPECT_TRUE(queue.take().empty());
  EXPECT_EQ(queue.add(job(1, 4)).error().code, Code::cancelled);
}

}  // namespace
}  // namespace refrain::embed
