#include "index/kernel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace refrain::index {
namespace {

std::vector<float> random_row(std::size_t dim, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0, 1 / std::sqrt(static_cast<float>(dim)));
  std::vector<float> row(dim);
  for (float& value : row) {
    value = normal(random);
  }
  return row;
}

TEST(Kernel, EverySetGivesTheSumInDoubleAtEveryLength) {
  for (const Kernels& set : kernels_here()) {
    for (std::size_t dim = 1; dim < 200; ++dim) {
      const auto a = random_row(dim, dim);
      const auto b = random_row(dim, dim + 1000);
      double sum = 0;
      for (std::size_t at = 0; at < dim; ++at) {
        sum += static_cast<double>(a[at]) * static_cast<double>(b[at]);
      }
      ASSERT_NEAR(set.f32(a.data(), b.data(), dim), sum, 1e-6) << set.name << " " << dim;
    }
  }
}

TEST(Kernel, EverySetGivesTheSameSumOfCodes) {
  std::mt19937_64 random(3);
  std::vector<std::int8_t> a(256);
  std::vector<std::int8_t> b(256);
  for (std::size_t at = 0; at < a.size(); ++at) {
    a[at] = static_cast<std::int8_t>(static_cast<int>(random() % 255) - 127);
    b[at] = static_cast<std::int8_t>(static_cast<int>(random() % 255) - 127);
  }
  for (const Kernels& set : kernels_here()) {
    for (const std::size_t bytes : {64U, 128U, 192U, 256U}) {
      EXPECT_EQ(set.i8(a.data(), b.data(), bytes),
                kernels_here().front().i8(a.data(), b.data(), bytes))
          << set.name;
    }
  }
}

TEST(Kernel, EverySetMakesTheSameCodesAndTheyRestoreTheRow) {
  for (const Kernels& set : kernels_here()) {
    for (const std::size_t dim : {1U, 7U, 8U, 21U, 384U}) {
      const auto row = random_row(dim, dim);
      std::vector<std::int8_t> code(dim);
      std::vector<std::int8_t> plain(dim);
      const float scale = set.quantise(row.data(), dim, code.data());
      kernels_here().front().quantise(row.data(), dim, plain.data());
      EXPECT_EQ(code, plain) << set.name;
      for (std::size_t at = 0; at < dim; ++at) {
        ASSERT_NEAR(static_cast<float>(code[at]) * scale, row[at], scale / 2 + 1e-7F);
      }
    }
  }
}

TEST(Kernel, RowOfZerosHasScaleZero) {
  const std::vector<float> row(16, 0);
  std::vector<std::int8_t> code(16, 1);
  EXPECT_EQ(kernels.quantise(row.data(), row.size(), code.data()), 0);
  EXPECT_EQ(code, std::vector<std::int8_t>(16, 0));
}

}  // namespace
}  // namespace refrain::index
