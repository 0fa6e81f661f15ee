#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace refrain::embed::unicode {

constexpr char32_t kReplacement = 0xFFFD;

/// The code point at `at`, which moves behind it. A byte that starts no valid UTF-8 sequence gives
/// kReplacement and is passed alone. at < text.size().
char32_t next(std::string_view text, std::size_t& at) noexcept;
/// Appends a code point as UTF-8.
void append(std::string& out, char32_t point);

bool is_space(char32_t point) noexcept;  // Unicode's White_Space
/// Categories Cc, Cf and Co, tab and line ends among them.
bool is_control(char32_t point) noexcept;
/// Categories P*, and all of ASCII that is neither letter, digit, space nor control.
bool is_punctuation(char32_t point) noexcept;
/// The blocks that BERT puts spaces around: Han, without kana and Hangul.
bool is_cjk(char32_t point) noexcept;

struct Folded {
  std::array<char32_t, 3> points{};
  std::size_t count = 0;  // 0: a nonspacing mark, which is left out
};
/// Canonical decomposition (Hangul syllables to letters), nonspacing marks left out, lower case.
/// Marks that stay (spacing ones) keep their order: reordering them by combining class would
/// matter only for musical notation and for two tone marks on one syllable.
Folded fold(char32_t point) noexcept;

/// Lower case with all marks kept: Latin, Greek, Cyrillic, Armenian; rare letters stay as they are.
char32_t lower(char32_t point) noexcept;
/// Chooses between pictures of the same sign (emoji or text): says nothing itself.
bool is_variation(char32_t point) noexcept;

/// Nothing but white space and control characters.
bool blank(std::string_view text) noexcept;

}  // namespace refrain::embed::unicode
