#pragma once

#include <cmath>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "embed/embedder.h"

namespace refrain::test {

inline float dot(std::span<const float> a, std::span<const float> b) {
  float sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d) sum += a[d] * b[d];
  return sum;
}

/// What every embedder owes its callers. texts: at least two that it knows and that differ.
inline void expect_embedder_contract(embed::Embedder& embedder,
                                     const std::vector<std::string_view>& texts) {
  auto all = embedder.embed({}, texts);
  ASSERT_TRUE(all) << all.error().what;
  ASSERT_EQ(all->rows, texts.size());
  ASSERT_EQ(all->data.size(), all->rows * all->cols);
  EXPECT_EQ(all->cols, embedder.info().dim) << "dim is known after the first answer";
  EXPECT_FALSE(embedder.info().name().empty());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_NEAR(dot(all->row(i), all->row(i)), 1.0F, 1e-4F) << "row " << i << " is no unit vector";
    const std::vector<std::string_view> one = {texts[i]};
    auto alone = embedder.embed({}, one);
    ASSERT_TRUE(alone) << alone.error().what;
    EXPECT_GT(dot(all->row(i), alone->row(0)), 0.999F) << "row " << i << " is not its own text's";
  }
  EXPECT_LT(dot(all->row(0), all->row(1)), 0.999F) << "different texts, one vector";
  const std::vector<std::string_view> blank = {texts[0], " \n"};
  auto refused = embedder.embed({}, blank);
  ASSERT_FALSE(refused) << "white space has no vector";
  EXPECT_EQ(refused.error().code, base::Code::invalid);
  EXPECT_GE(embedder.stats().errors, 1U);
  EXPECT_GE(embedder.stats().calls, texts.size() + 2);
}

}  // namespace refrain::test
