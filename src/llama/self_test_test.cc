#include "llama/self_test.h"

#include <gtest/gtest.h>

#include "tests/support/tiny_model.h"

namespace refrain::llama {
namespace {

TEST(SelfTest, APlainModelIsTrustedWithPartsAndRestoring) {
  for (const char* shape : {"gqa", "tied", "neox"}) {
    auto context = Context::open(tests::tiny_model(shape), {.cells = 256, .threads = 1});
    ASSERT_TRUE(context) << context.error().what;
    auto trust = self_test(**context);
    ASSERT_TRUE(trust) << trust.error().what;
    EXPECT_TRUE(trust->parts) << trust->why_not;
    EXPECT_TRUE(trust->restores) << trust->why_not;
    EXPECT_EQ(trust->why_not, "");
    EXPECT_GT(trust->prefill_us, 0);
  }
}

TEST(SelfTest, TheContextIsEmptyAfterwards) {
  auto context = Context::open(tests::tiny_model("gqa"), {.cells = 256, .threads = 1});
  ASSERT_TRUE(context);
  ASSERT_TRUE(self_test(**context));
  for (SequenceId sequence = 0; sequence < 4; ++sequence) {
    EXPECT_EQ((*context)->last_position(sequence), -1);
  }
}

}  // namespace
}  // namespace refrain::llama
