// One star is remembered: when the rest does not fit, the last star takes one character more. What
// an earlier star could take besides would not help, so there is no recursion.
#include "wire/resp.h"

namespace refrain::wire::resp {
namespace {

struct Step {
  bool fits = false;
  std::size_t pattern = 1;  // characters of the pattern that were used
};

Step in_class(std::string_view pattern, char c) {
  std::size_t at = 1;
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool found = false;
  while (at < pattern.size() && pattern[at] != ']') {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      found |= pattern[at + 1] == c;
      at += 2;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      auto low = static_cast<unsigned char>(pattern[at]);
      auto high = static_cast<unsigned char>(pattern[at + 2]);
      if (low > high) std::swap(low, high);
      const auto byte = static_cast<unsigned char>(c);
      found |= byte >= low && byte <= high;
      at += 3;
    } else {
      found |= pattern[at] == c;
      ++at;
    }
  }
  return {found != negated, at < pattern.size() ? at + 1 : at};
}

Step one(std::string_view pattern, char c) {
  if (pattern[0] == '?') return {true, 1};
  if (pattern[0] == '[') return in_class(pattern, c);
  if (pattern[0] == '\\' && pattern.size() > 1) return {pattern[1] == c, 2};
  return {pattern[0] == c, 1};
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) noexcept {
  std::string_view after_star, at_star;
  bool starred = false;
  while (!text.empty()) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      after_star = pattern;
      at_star = text;
      starred = true;
      continue;
    }
    if (!pattern.empty()) {
      if (const Step step = one(pattern, text[0]); step.fits) {
        pattern.remove_prefix(step.pattern);
        text.remove_prefix(1);
        continue;
      }
    }
    if (!starred) return false;
    at_star.remove_prefix(1);
    text = at_star;
    pattern = after_star;
  }
  while (pattern.starts_with('*')) pattern.remove_prefix(1);
  return pattern.empty();
}

}  // namespace refrain::wire::resp
