#include "llama/text_encoder.h"

#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace refrain::llama {
namespace {

using Ids = std::vector<TokenId>;

constexpr std::size_t kDim = 384;
const Ids kShort = {101, 7592, 2088, 102};  // hello world

std::shared_ptr<const Model> model() {
  auto loaded = Model::load(REFRAIN_DEPS_DIR "/models/all-minilm-l6-v2-q8_0.gguf");
  EXPECT_TRUE(loaded) << loaded.error().what << " (run tools/setup)";
  return loaded ? *loaded : nullptr;
}

// A sequence of n ids that differ.
Ids sequence(std::size_t n) {
  Ids ids(n);
  std::iota(ids.begin(), ids.end(), 2000);
  ids.front() = 101;
  ids.back() = 102;
  return ids;
}

base::Result<std::vector<float>> encode(TextEncoder& encoder, const std::vector<Ids>& sequences) {
  std::vector<std::span<const TokenId>> views(sequences.begin(), sequences.end());
  std::vector<float> out(sequences.size() * kDim);
  TRY_DO(encoder.encode(views, out));
  return out;
}

float dot(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
}

TEST(TextEncoder, VectorsHaveLengthOne) {
  auto encoder = TextEncoder::open(model(), {});
  ASSERT_TRUE(encoder) << encoder.error().what;
  auto vector = encode(**encoder, {kShort});
  ASSERT_TRUE(vector) << vector.error().what;
  EXPECT_NEAR(dot(*vector, *vector), 1.0F, 1e-5F);
}

TEST(TextEncoder, BatchGivesTheVectorsOfSingleSequences) {
  auto encoder = TextEncoder::open(model(), {});
  ASSERT_TRUE(encoder) << encoder.error().what;
  const Ids other = sequence(20);
  auto both = encode(**encoder, {kShort, other});
  auto first = encode(**encoder, {kShort});
  auto second = encode(**encoder, {other});
  ASSERT_TRUE(both && first && second);
  EXPECT_GT(dot(std::span(*both).first(kDim), *first), 0.999F);
  EXPECT_GT(dot(std::span(*both).last(kDim), *second), 0.999F);
}

// 49 is below the flash kernel, 50 and 63 are padded, 64 and more are not.
class Length : public testing::TestWithParam<std::size_t> {};

TEST_P(Length, FlashAttentionAndPaddingDoNotChangeTheVector) {
  const auto weights = model();
  auto plain = TextEncoder::open(weights, {.flash_tokens_min = 1000});
  auto flash = TextEncoder::open(weights, {});
  ASSERT_TRUE(plain && flash);
  const Ids ids = sequence(GetParam());
  auto expected = encode(**plain, {ids});
  auto got = encode(**flash, {ids});
  ASSERT_TRUE(expected && got);
  EXPECT_GT(dot(*expected, *got), 0.999F);
}

INSTANTIATE_TEST_SUITE_P(TextEncoder, Length, testing::Values(2, 49, 50, 63, 64, 256));

TEST(TextEncoder, MoreThanItsLimitsIsRefused) {
  auto encoder = TextEncoder::open(model(), {.tokens_max = 64, .sequences_max = 2});
  ASSERT_TRUE(encoder) << encoder.error().what;
  EXPECT_EQ(encode(**encoder, {sequence(65)}).error().code, base::Code::invalid);
  EXPECT_EQ(encode(**encoder, {kShort, kShort, kShort}).error().code, base::Code::invalid);
  EXPECT_EQ(encode(**encoder, {Ids{}}).error().code, base::Code::invalid);
}

TEST(TextEncoder, WindowLongerThanTheModelIsRefused) {
  auto encoder = TextEncoder::open(model(), {.tokens_max = 513});
  ASSERT_FALSE(encoder);
  EXPECT_EQ(encoder.error().code, base::Code::invalid);
}

}  // namespace
}  // namespace refrain::llama
