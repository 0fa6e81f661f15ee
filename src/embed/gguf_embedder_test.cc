#include "embed/gguf_embedder.h"

#include <chrono>
#include <latch>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/embedder_contract.h"

namespace refrain::embed {
namespace {

using base::Code;
using testing::HasSubstr;
using namespace std::chrono_literals;

GgufEmbedder::Options options() {
  GgufEmbedder::Options out;
  out.file = REFRAIN_DEPS_DIR "/models/all-minilm-l6-v2-q8_0.gguf";
  out.encoders = 2;
  return out;
}

std::unique_ptr<Embedder> open(const GgufEmbedder::Options& wanted) {
  auto opened = GgufEmbedder::open(wanted);
  EXPECT_TRUE(opened) << opened.error().what << " (run tools/setup)";
  return opened ? std::move(*opened) : nullptr;
}

base::Result<Matrix> embed(Embedder& embedder, const std::vector<std::string_view>& texts) {
  return embedder.embed({}, texts);
}

float cosine(const Matrix& matrix, std::size_t a, std::size_t b) {
  const auto left = matrix.row(a), right = matrix.row(b);
  return std::inner_product(left.begin(), left.end(), right.begin(), 0.0F);
}

std::string repeat(std::string_view word, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += word;
  return out;
}

TEST(GgufEmbedder, KeepsTheContract) {
  auto embedder = open(options());
  ASSERT_TRUE(embedder);
  test::expect_embedder_contract(*embedder, {"The cat sat.", "Stock prices fell.", "hello"});
}

TEST(GgufEmbedder, NamesItsSpace) {
  auto embedder = open(options());
  ASSERT_TRUE(embedder);
  EXPECT_THAT(embedder->info().name(), testing::MatchesRegex("all-MiniLM-L6-v2@[0-9a-f]{16}"));
  EXPECT_EQ(embedder->info().dim, 384U);
  EXPECT_EQ(embedder->info().tokens_max, 256U);
}

TEST(GgufEmbedder, ParaphraseIsNearerThanAnotherSubject) {
  auto embedder = open(options());
  ASSERT_TRUE(embedder);
  auto rows = embed(*embedder, {"What is the capital of France?", "France's capital city?",
                                "How do I bake bread?"});
  ASSERT_TRUE(rows) << rows.error().what;
  EXPECT_GT(cosine(*rows, 0, 1), 0.8F);
  EXPECT_LT(cosine(*rows, 0, 2), 0.3F);
}

TEST(GgufEmbedder, DifferenceFarBehindTheWindowIsSeen) {
  auto embedder = open(options());
  ASSERT_TRUE(embedder);
  const std::string text = repeat("the meeting was long. ", 120);
  const std::string other = text + repeat("volcano eruptions ", 60);
  auto rows = embed(*embedder, {text, other});
  ASSERT_TRUE(rows) << rows.error().what;
  EXPECT_LT(cosine(*rows, 0, 1), 0.98F);
  EXPECT_GT(embedder->stats().windows, 0U);
}

TEST(GgufEmbedder, TextOfTooManyWindowsIsRefused) {
  GgufEmbedder::Options wanted = options();
  wanted.windows_max = 2;
  auto embedder = open(wanted);
  ASSERT_TRUE(embedder);
  const std::string text = repeat("word ", 1000);
  auto rows = embed(*embedder, {text});
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, Code::too_large);
  EXPECT_THAT(rows.error().what, HasSubstr("1000 tokens"));
}

TEST(GgufEmbedder, PassedDeadlineIsNotComputed) {
  auto embedder = open(options());
  ASSERT_TRUE(embedder);
  const std::vector<std::string_view> texts = {"late"};
  auto rows = embedder->embed({.deadline = base::SystemClock().now() - 1ms}, texts);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, Code::deadline);
  EXPECT_EQ(embedder->stats().deadlines, 1U);
}

TEST(GgufEmbedder, ManyThreadsGetTheirOwnVectors) {
  auto embedder = open(options());
  ASSERT_TRUE(embedder);
  const std::vector<std::string_view> texts = {"one red apple", "two blue cars", "three old men"};
  auto expected = embed(*embedder, texts);
  ASSERT_TRUE(expected);
  std::latch done(12);
  std::atomic<int> wrong = 0;
  {
    base::Pool pool({.name = "callers", .threads = 4});
    for (std::size_t i = 0; i < 12; ++i) {
      ASSERT_TRUE(pool.submit([&, i] {
        const std::vector<std::string_view> one = {texts[i % 3]};
        auto got = embedder->embed({}, one);
        const auto row = expected->row(i % 3);
        const bool same = got && std::inner_product(row.begin(), row.end(), got->data.begin(),
                                                    0.0F) > 0.999F;
        if (!same) ++wrong;
        done.count_down();
      }));
    }
    done.wait();
  }
  EXPECT_EQ(wrong, 0);
}

TEST(GgufEmbedder, MissingFileIsNamed) {
  auto opened = GgufEmbedder::open({.file = "/nonexistent/x.gguf"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().what, "model /nonexistent/x.gguf: no such file");
}

TEST(GgufEmbedder, SenselessWindowsAreRefused) {
  GgufEmbedder::Options wanted = options();
  wanted.cut = {.tokens_max = 32, .overlap = 30};
  EXPECT_EQ(GgufEmbedder::open(wanted).error().code, Code::invalid);
}

}  // namespace
}  // namespace refrain::embed
