// Look-ups by binary search in tables of ranges; ASCII, most of what comes, never reaches them.
// Hangul (Unicode 3.12): a syllable is 0xAC00 + (lead * 21 + vowel) * 28 + tail.
#include "embed/unicode.h"

#include <algorithm>

#include "embed/unicode_tables.h"

namespace refrain::embed::unicode {
namespace {

bool among(std::span<const Range> ranges, char32_t point) noexcept {
  const auto above = std::upper_bound(
      ranges.begin(), ranges.end(), point,
      [](char32_t value, const Range& range) { return value < range.first; });
  return above != ranges.begin() && point <= std::prev(above)->last;
}

// The entry whose key is `point`, or null.
template <class Entry>
const Entry* entry_of(std::span<const Entry> entries, char32_t point) noexcept {
  const auto found = std::lower_bound(
      entries.begin(), entries.end(), point,
      [](const Entry& entry, char32_t value) { return entry.from < value; });
  return found != entries.end() && found->from == point ? &*found : nullptr;
}

Folded one(char32_t point) noexcept { return {{point}, 1}; }

Folded fold_hangul(char32_t point) noexcept {
  const char32_t index = point - 0xAC00;
  const char32_t tail = index % 28;
  return {{0x1100 + index / 588, 0x1161 + index % 588 / 28, 0x11A7 + tail},
          tail == 0 ? std::size_t{2} : std::size_t{3}};
}

bool continues(std::string_view text, std::size_t at) noexcept {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
}

}  // namespace

char32_t next(std::string_view text, std::size_t& at) noexcept {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t start = at++;
  if (lead < 0x80) return lead;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4) return kReplacement;
  char32_t point = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(text, start + i)) return kReplacement;
    point = point << 6U | (static_cast<unsigned char>(text[start + i]) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (point < kLeast[length] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) {
    return kReplacement;
  }
  at = start + length;
  return point;
}

void append(std::string& out, char32_t point) {
  const auto tail = [&](unsigned shift) {
    out.push_back(static_cast<char>(0x80U | (point >> shift & 0x3FU)));
  };
  if (point < 0x80) {
    out.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out.push_back(static_cast<char>(0xC0U | point >> 6U));
    tail(0);
  } else if (point < 0x10000) {
    out.push_back(static_cast<char>(0xE0U | point >> 12U));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xF0U | point >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

bool is_space(char32_t point) noexcept {
  if (point < 0x80) return point == ' ' || (point >= '\t' && point <= '\r');
  return point == 0x85 || point == 0xA0 || point == 0x1680 ||
         (point >= 0x2000 && point <= 0x200A) || point == 0x2028 || point == 0x2029 ||
         point == 0x202F || point == 0x205F || point == 0x3000;
}

bool is_control(char32_t point) noexcept {
  if (point < 0x80) return point < 0x20 || point == 0x7F;
  return among(control(), point);
}

bool is_punctuation(char32_t point) noexcept {
  if (point < 0x80) {
    return (point >= '!' && point <= '/') || (point >= ':' && point <= '@') ||
           (point >= '[' && point <= '`') || (point >= '{' && point <= '~');
  }
  return among(punctuation(), point);
}

bool is_cjk(char32_t point) noexcept {
  constexpr Range kBlocks[] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},
                               {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F},
                               {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F}};
  return point >= 0x3400 && among(kBlocks, point);
}

Folded fold(char32_t point) noexcept {
  if (point < 0x80) return one(point >= 'A' && point <= 'Z' ? point + 32 : point);
  if (point >= 0xAC00 && point < 0xD7A4) return fold_hangul(point);
  if (among(nonspacing(), point)) return {};
  if (const FoldPair* pair = entry_of(fold_pairs(), point)) return one(pair->to);
  const auto runs = fold_runs();
  const auto above = std::upper_bound(
      runs.begin(), runs.end(), point,
      [](char32_t value, const FoldRun& run) { return value < run.first; });
  if (above != runs.begin()) {
    const FoldRun& run = *std::prev(above);
    const char32_t offset = point - run.first;
    if (point <= run.last && offset % run.step == 0) {
      return one(run.target + offset / run.step * run.slope);
    }
  }
  if (const FoldSeveral* several = entry_of(fold_several(), point)) {
    return {several->to, several->to[2] == 0 ? std::size_t{2} : std::size_t{3}};
  }
  return one(point);
}

char32_t lower(char32_t point) noexcept {
  struct Shift {
    char32_t first, last, by;
  };
  constexpr Shift kShifts[] = {{'A', 'Z', 32},       {0xC0, 0xD6, 32},   {0xD8, 0xDE, 32},
                               {0x386, 0x386, 38},   {0x388, 0x38A, 37}, {0x38C, 0x38C, 64},
                               {0x38E, 0x38F, 63},   {0x391, 0x3AB, 32}, {0x400, 0x40F, 80},
                               {0x410, 0x42F, 32},   {0x531, 0x556, 48}};
  // Blocks where capital and small letter alternate, the capital on even points or on odd ones.
  constexpr Range kEven[] = {{0x100, 0x12F},   {0x132, 0x137}, {0x14A, 0x177},  {0x1A0, 0x1A1},
                             {0x460, 0x481},   {0x48A, 0x4BF}, {0x4D0, 0x52F},  {0x1E00, 0x1E95},
                             {0x1EA0, 0x1EFF}};
  constexpr Range kOdd[] = {{0x139, 0x148}, {0x179, 0x17E}, {0x1AF, 0x1B0}, {0x1CD, 0x1DC},
                            {0x4C1, 0x4CE}};
  for (const Shift& shift : kShifts) {
    if (point >= shift.first && point <= shift.last) return point + shift.by;
  }
  if (point < 0x100) return point;
  if (among(kEven, point)) return point | 1U;
  if (among(kOdd, point)) return point + point % 2;
  return point == 0x178 ? 0xFF : point;
}

bool is_variation(char32_t point) noexcept {
  return (point >= 0xFE00 && point <= 0xFE0F) || (point >= 0xE0100 && point <= 0xE01EF);
}

bool blank(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const char32_t point = next(text, at);
    if (!is_space(point) && !is_control(point)) return false;
  }
  return true;
}

}  // namespace refrain::embed::unicode
