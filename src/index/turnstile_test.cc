#include "index/turnstile.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

namespace refrain::index {
namespace {

TEST(Turnstile, WriterGetsItsTurnAmongReadersThatOverlapForEver) {
  Turnstile lock;
  std::atomic<bool> written{false};
  std::latch reading(2);
  std::vector<std::jthread> threads;
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      std::shared_lock first(lock);
      reading.count_down();
      first.unlock();
      while (!written) {
        std::shared_lock guard(lock);
      }
    });
  }
  reading.wait();
  {
    std::unique_lock guard(lock);
    written = true;
  }
  SUCCEED();
}

TEST(Turnstile, ReadersShareAndTheWriterIsAlone) {
  Turnstile lock;
  int value = 0;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < 1000; ++round) {
        if (thread == 0) {
          std::unique_lock guard(lock);
          ++value;
          ++value;
        } else {
          std::shared_lock guard(lock);
          EXPECT_EQ(value % 2, 0);
        }
      }
    });
  }
  threads.clear();
  EXPECT_EQ(value, 2000);
}

}  // namespace
}  // namespace refrain::index
