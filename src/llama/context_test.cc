#include "llama/context.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "tests/support/tiny_model.h"

namespace refrain::llama {
namespace {

constexpr std::size_t kPrompt = 40;

class ContextTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto opened = Context::open(tests::tiny_model(GetParam()),
                                {.cells = 256, .sequences = 4, .batch_tokens = 128,
                                 .ubatch_tokens = 128, .threads = 1});
    ASSERT_TRUE(opened) << opened.error().what;
    context_ = std::move(*opened);
  }

  static TokenId token(std::size_t position) {
    return static_cast<TokenId>(400 + position * 7 % 300);
  }

  base::Result<> decode(SequenceId sequence, std::size_t from, std::size_t to) {
    std::vector<Context::Token> tokens;
    for (std::size_t i = from; i < to; ++i) {
      tokens.push_back({token(i), static_cast<std::int32_t>(i), sequence,
                        i + 1 == to ? Context::Output::logits : Context::Output::none});
    }
    return context_->decode(tokens);
  }

  std::vector<float> last_logits(std::size_t place) {
    auto logits = context_->logits(place);
    return {logits.begin(), logits.end()};
  }

  static float difference(const std::vector<float>& a, const std::vector<float>& b) {
    float most = 0;
    for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::fabs(a[i] - b[i]));
    return most;
  }

  std::unique_ptr<Context> context_;
};

TEST_P(ContextTest, ATokenAfterRestoredRowsHasTheLogitsOfAFullPrefill) {
  ASSERT_TRUE(decode(0, 0, kPrompt));
  const std::vector<float> full = last_logits(kPrompt - 1);
  ASSERT_TRUE(context_->learn_layout(0));
  for (const std::size_t cut : {std::size_t{1}, std::size_t{17}, kPrompt - 1}) {
    auto rows = context_->take_rows(0, {0, static_cast<std::int32_t>(cut)});
    ASSERT_TRUE(rows) << rows.error().what;
    auto kept = std::make_shared<const Rows>(std::move(*rows));
    const std::vector<RowsPart> parts{{kept, 0, cut}};
    ASSERT_TRUE(context_->put_rows(1, parts));
    ASSERT_TRUE(decode(1, cut, kPrompt));
    EXPECT_LT(difference(full, last_logits(kPrompt - cut - 1)), 0.02F) << cut;
    context_->remove(1);
  }
}

TEST_P(ContextTest, RowsGoInPieceByPiece) {
  ASSERT_TRUE(decode(0, 0, kPrompt));
  const std::vector<float> full = last_logits(kPrompt - 1);
  ASSERT_TRUE(context_->learn_layout(0));
  auto rows = context_->take_rows(0, {0, 30});
  ASSERT_TRUE(rows);
  auto kept = std::make_shared<const Rows>(std::move(*rows));
  context_->clear();
  const std::vector<RowsPart> first{{kept, 0, 16}};
  const std::vector<RowsPart> second{{kept, 16, 10}, {kept, 26, 4}};
  ASSERT_TRUE(context_->put_rows(2, first));
  ASSERT_TRUE(context_->put_rows(2, second));
  EXPECT_EQ(context_->last_position(2), 29);
  ASSERT_TRUE(decode(2, 30, kPrompt));
  EXPECT_LT(difference(full, last_logits(9)), 0.02F);
}

TEST_P(ContextTest, ASharedPrefixIsNotComputedAgain) {
  ASSERT_TRUE(decode(0, 0, kPrompt));
  const std::vector<float> full = last_logits(kPrompt - 1);
  context_->share(0, 1, {0, 25});
  context_->remove(0);
  ASSERT_TRUE(decode(1, 25, kPrompt));
  EXPECT_LT(difference(full, last_logits(kPrompt - 26)), 0.02F);
}

TEST_P(ContextTest, FullCellsAreBusyAndChangeNothing) {
  ASSERT_EQ(context_->cells(), 256U);
  ASSERT_TRUE(decode(0, 0, 128));
  ASSERT_TRUE(decode(1, 0, 124));
  auto full = decode(2, 0, 10);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, base::Code::busy);
  EXPECT_EQ(context_->last_position(2), -1);
  EXPECT_TRUE(decode(2, 0, 4));
}

TEST_P(ContextTest, AGapInThePositionsIsInvalid) {
  ASSERT_TRUE(decode(0, 0, 5));
  auto gap = decode(0, 7, 9);
  ASSERT_FALSE(gap);
  EXPECT_EQ(gap.error().code, base::Code::invalid);
}

INSTANTIATE_TEST_SUITE_P(Shapes, ContextTest, testing::Values("gqa", "tied", "neox"));

TEST(Context, AnEmbeddingModelDoesNotGenerate) {
  auto model = Model::load(REFRAIN_DEPS_DIR "/models/all-minilm-l6-v2-q8_0.gguf");
  ASSERT_TRUE(model) << model.error().what << " (run tools/setup)";
  auto context = Context::open(*model, {});
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().code, base::Code::unsupported);
}

TEST(Context, OptionsOutOfRangeAreInvalid) {
  auto context = Context::open(tests::tiny_model("gqa"), {.sequences = 256});
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().code, base::Code::invalid);
}

}  // namespace
}  // namespace refrain::llama
