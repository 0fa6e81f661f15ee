// Inner products with runtime dispatch.
//
// The binary is built for plain x86-64 and runs on any such machine, so each loop is compiled three
// times: portable, AVX2 + FMA, AVX-512. A function attribute per loop, not -march=native: the one
// wrong flag on a build machine would crash on the user's. The choice is made once, by CPUID.
//
// f32: four independent accumulators, since one chain of fused multiply-adds would wait four cycles
// for each result. i8: bytes are widened to 16 bits and multiplied in pairs into 32 bits (madd),
// the sum of 64 products of at most 127 * 127 is far from overflow even at the largest dimension.
#include "index/kernel.h"

#include <algorithm>
#include <cmath>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace refrain::index {
namespace {

float f32_portable(const float* a, const float* b, std::size_t dim) noexcept {
  float sum[4] = {0, 0, 0, 0};
  std::size_t at = 0;
  for (; at + 4 <= dim; at += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) {
      sum[lane] += a[at + lane] * b[at + lane];
    }
  }
  for (; at < dim; ++at) {
    sum[0] += a[at] * b[at];
  }
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

std::int32_t i8_portable(const std::int8_t* a, const std::int8_t* b, std::size_t bytes) noexcept {
  std::int32_t sum = 0;
  for (std::size_t at = 0; at < bytes; ++at) {
    sum += static_cast<std::int32_t>(a[at]) * static_cast<std::int32_t>(b[at]);
  }
  return sum;
}

std::int8_t rounded(float value, float inverse) noexcept {
  return static_cast<std::int8_t>(std::lrintf(std::clamp(value * inverse, -127.0F, 127.0F)));
}

float quantise_portable(const float* row, std::size_t dim, std::int8_t* code) noexcept {
  float largest = 0;
  for (std::size_t at = 0; at < dim; ++at) {
    largest = std::max(largest, std::fabs(row[at]));
  }
  const float inverse = largest > 0 ? 127.0F / largest : 0;
  for (std::size_t at = 0; at < dim; ++at) {
    code[at] = rounded(row[at], inverse);
  }
  return largest / 127.0F;
}

#if defined(__x86_64__)
#define REFRAIN_AVX2 __attribute__((target("avx2,fma")))
#define REFRAIN_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")))

REFRAIN_AVX2 float sum_of(__m256 lanes) noexcept {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

REFRAIN_AVX2 float f32_avx2(const float* a, const float* b, std::size_t dim) noexcept {
  __m256 s0 = _mm256_setzero_ps();
  __m256 s1 = s0;
  __m256 s2 = s0;
  __m256 s3 = s0;
  std::size_t at = 0;
  for (; at + 32 <= dim; at += 32) {
    s0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + at), _mm256_loadu_ps(b + at), s0);
    s1 = _mm256_fmadd_ps(_mm256_loadu_ps(a + at + 8), _mm256_loadu_ps(b + at + 8), s1);
    s2 = _mm256_fmadd_ps(_mm256_loadu_ps(a + at + 16), _mm256_loadu_ps(b + at + 16), s2);
    s3 = _mm256_fmadd_ps(_mm256_loadu_ps(a + at + 24), _mm256_loadu_ps(b + at + 24), s3);
  }
  for (; at + 8 <= dim; at += 8) {
    s0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + at), _mm256_loadu_ps(b + at), s0);
  }
  float sum = sum_of(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
  for (; at < dim; ++at) {
    sum += a[at] * b[at];
  }
  return sum;
}

REFRAIN_AVX2 std::int32_t i8_avx2(const std::int8_t* a, const std::int8_t* b,
                                  std::size_t bytes) noexcept {
  __m256i s0 = _mm256_setzero_si256();
  __m256i s1 = s0;
  for (std::size_t at = 0; at < bytes; at += 32) {
    const auto* left = reinterpret_cast<const __m128i*>(a + at);
    const auto* right = reinterpret_cast<const __m128i*>(b + at);
    s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(_mm256_cvtepi8_epi16(_mm_loadu_si128(left)),
                                                _mm256_cvtepi8_epi16(_mm_loadu_si128(right))));
    s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(_mm256_cvtepi8_epi16(_mm_loadu_si128(left + 1)),
                                                _mm256_cvtepi8_epi16(_mm_loadu_si128(right + 1))));
  }
  alignas(32) std::int32_t lanes[8];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), _mm256_add_epi32(s0, s1));
  std::int32_t sum = 0;
  for (const std::int32_t lane : lanes) {
    sum += lane;
  }
  return sum;
}

REFRAIN_AVX2 float quantise_avx2(const float* row, std::size_t dim, std::int8_t* code) noexcept {
  const __m256 unsigned_bits = _mm256_castsi256_ps(_mm256_set1_epi32(0x7FFFFFFF));
  __m256 largest_lanes = _mm256_setzero_ps();
  std::size_t at = 0;
  for (; at + 8 <= dim; at += 8) {
    largest_lanes =
        _mm256_max_ps(largest_lanes, _mm256_and_ps(unsigned_bits, _mm256_loadu_ps(row + at)));
  }
  alignas(32) float lanes[8];
  _mm256_store_ps(lanes, largest_lanes);
  float largest = *std::max_element(lanes, lanes + 8);
  for (; at < dim; ++at) {
    largest = std::max(largest, std::fabs(row[at]));
  }
  const float inverse = largest > 0 ? 127.0F / largest : 0;
  const __m256 factor = _mm256_set1_ps(inverse);
  for (at = 0; at + 8 <= dim; at += 8) {
    const __m256i whole = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(row + at), factor));
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(code + at), _mm_packs_epi16(words, words));
  }
  for (; at < dim; ++at) {
    code[at] = rounded(row[at], inverse);
  }
  return largest / 127.0F;
}

REFRAIN_AVX512 float f32_avx512(const float* a, const float* b, std::size_t dim) noexcept {
  __m512 s0 = _mm512_setzero_ps();
  __m512 s1 = s0;
  __m512 s2 = s0;
  __m512 s3 = s0;
  std::size_t at = 0;
  for (; at + 64 <= dim; at += 64) {
    s0 = _mm512_fmadd_ps(_mm512_loadu_ps(a + at), _mm512_loadu_ps(b + at), s0);
    s1 = _mm512_fmadd_ps(_mm512_loadu_ps(a + at + 16), _mm512_loadu_ps(b + at + 16), s1);
    s2 = _mm512_fmadd_ps(_mm512_loadu_ps(a + at + 32), _mm512_loadu_ps(b + at + 32), s2);
    s3 = _mm512_fmadd_ps(_mm512_loadu_ps(a + at + 48), _mm512_loadu_ps(b + at + 48), s3);
  }
  for (; at < dim; at += 16) {
    const std::size_t rest = std::min<std::size_t>(16, dim - at);
    const auto mask = static_cast<__mmask16>((1U << rest) - 1U);
    s0 = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, a + at), _mm512_maskz_loadu_ps(mask, b + at),
                         s0);
  }
  // Through memory: GCC 12's casts between register widths warn of their own headers.
  alignas(64) float lanes[16];
  _mm512_store_ps(lanes, _mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3)));
  return sum_of(_mm256_add_ps(_mm256_load_ps(lanes), _mm256_load_ps(lanes + 8)));
}

REFRAIN_AVX512 std::int32_t i8_avx512(const std::int8_t* a, const std::int8_t* b,
                                      std::size_t bytes) noexcept {
  __m512i s0 = _mm512_setzero_si512();
  __m512i s1 = s0;
  for (std::size_t at = 0; at < bytes; at += 64) {
    const auto* left = reinterpret_cast<const __m256i*>(a + at);
    const auto* right = reinterpret_cast<const __m256i*>(b + at);
    s0 = _mm512_add_epi32(s0,
                          _mm512_madd_epi16(_mm512_cvtepi8_epi16(_mm256_loadu_si256(left)),
                                            _mm512_cvtepi8_epi16(_mm256_loadu_si256(right))));
    s1 = _mm512_add_epi32(s1,
                          _mm512_madd_epi16(_mm512_cvtepi8_epi16(_mm256_loadu_si256(left + 1)),
                                            _mm512_cvtepi8_epi16(_mm256_loadu_si256(right + 1))));
  }
  alignas(64) std::int32_t lanes[16];
  _mm512_store_si512(lanes, _mm512_add_epi32(s0, s1));
  std::int32_t sum = 0;
  for (const std::int32_t lane : lanes) {
    sum += lane;
  }
  return sum;
}
#endif

constexpr Kernels kPortable{"portable", f32_portable, i8_portable, quantise_portable};

}  // namespace

std::vector<Kernels> kernels_here() {
  std::vector<Kernels> sets{kPortable};
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") > 0 && __builtin_cpu_supports("fma") > 0;
  if (avx2) {
    sets.push_back({"avx2", f32_avx2, i8_avx2, quantise_avx2});
  }
  if (avx2 && __builtin_cpu_supports("avx512f") > 0 && __builtin_cpu_supports("avx512bw") > 0 &&
      __builtin_cpu_supports("avx512vl") > 0 && __builtin_cpu_supports("avx512dq") > 0) {
    sets.push_back({"avx512", f32_avx512, i8_avx512, quantise_avx2});
  }
#endif
  return sets;
}

const Kernels kernels = kernels_here().back();

}  // namespace refrain::index
