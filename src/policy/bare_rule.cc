#include "policy/bare_rule.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace refrain::policy {
namespace {

constexpr double kCosineThreshold = 0.9, kL2Threshold = 0.95, kL2Max = 4;

std::int64_t millionths(double value) { return std::llround(value * 1e6); }

}  // namespace

base::Result<> BareRule::check() const {
  for (const std::optional<double>& threshold : {short_threshold, long_threshold}) {
    if (threshold && !(*threshold >= 0 && *threshold <= 1)) {
      return base::fail(base::Code::invalid, fmt::format("threshold {} is not 0 to 1", *threshold));
    }
  }
  return {};
}

double score(Scale scale, float cosine) noexcept {
  if (scale == Scale::cosine) return cosine;
  const double squared = 2 - 2 * static_cast<double>(cosine);
  return kL2Max - std::clamp(squared, 0.0, kL2Max);
}

bool accepts(const BareRule& rule, float cosine, std::size_t characters) noexcept {
  const bool l2 = rule.scale == Scale::l2;
  const std::optional<double>& own =
      characters <= rule.short_characters_max ? rule.short_threshold : rule.long_threshold;
  const double threshold = own.value_or(l2 ? kL2Threshold : kCosineThreshold);
  return millionths(score(rule.scale, cosine)) >= millionths(threshold * (l2 ? kL2Max : 1));
}

std::size_t characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::vector<std::size_t> choose(Choice choice, std::size_t fitting, std::uint64_t random) {
  if (fitting == 0) return {};
  if (choice == Choice::first) return {0};
  if (choice == Choice::random) return {static_cast<std::size_t>(random % fitting)};
  std::vector<std::size_t> all(fitting);
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

}  // namespace refrain::policy
