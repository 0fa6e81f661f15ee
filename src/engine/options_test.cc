#include "engine/options.h"

#include <gtest/gtest.h>

namespace refrain::engine {
namespace {

TEST(EngineOptions, TheInitialValuesAreGood) { EXPECT_TRUE(Options{}.check()); }

TEST(EngineOptions, ValuesThatMakeNoSenseAreRefused) {
  EXPECT_FALSE(Options{.parallel = 0}.check());
  EXPECT_FALSE((Options{.parallel = 200, .kept_max = 100}.check()));
  EXPECT_FALSE(Options{.cells = 1}.check());
  EXPECT_FALSE((Options{.batch_tokens = 128, .ubatch_tokens = 256}.check()));
  EXPECT_FALSE((Options{.parallel = 8, .batch_tokens = 4, .ubatch_tokens = 4}.check()));
  EXPECT_FALSE(Options{.chunk_tokens = 0}.check());
  EXPECT_FALSE(Options{.restore_tokens = 0}.check());
  EXPECT_FALSE(Options{.queue_max = 0}.check());
  EXPECT_FALSE(Options{.entries_max = 0}.check());
}

}  // namespace
}  // namespace refrain::engine
