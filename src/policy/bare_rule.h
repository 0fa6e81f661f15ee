#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace refrain::policy {

/// What a similarity is told in. l2: 4 less the squared distance of unit vectors, within [0, 4], as
/// ModelCache has it for text2vec.
enum class Scale : std::uint8_t { cosine, l2 };

/// ModelCache's rule for candidates: a score at or above a threshold, which depends on how long the
/// question is.
struct BareRule {
  Scale scale = Scale::cosine;
  // Of 1, on either scale; empty: the reference's 0.9 for cosine, 0.95 for l2.
  std::optional<double> short_threshold{}, long_threshold{};
  std::size_t short_characters_max = 256;  // longer questions have the long threshold
  base::Result<> check() const;
};

/// The cosine on the scale: cosine in [-1, 1], l2 in [0, 4].
double score(Scale scale, float cosine) noexcept;
/// Whether a candidate of this cosine may answer a question of so many characters. Compared as
/// multiples of a millionth, as decide() does.
bool accepts(const BareRule& rule, float cosine, std::size_t characters) noexcept;
/// Code points of a text that is UTF-8.
std::size_t characters(std::string_view text) noexcept;

/// Which of the candidates that fit are the answer.
enum class Choice : std::uint8_t { first, random, all };
/// Indices below `fitting`, which may be 0. random: 64 bits of chance, for Choice::random.
std::vector<std::size_t> choose(Choice choice, std::size_t fitting, std::uint64_t random);

}  // namespace refrain::policy
