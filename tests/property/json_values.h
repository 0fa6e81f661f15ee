#pragma once

#include <algorithm>
#include <array>
#include <string>

#include <rapidcheck.h>

#include "json/value.h"

namespace refrain::property {

/// 0 <= result < bound, all alike from the first case on: RapidCheck's ranges start narrow, and a
/// choice between kinds is no size. Only inside rc::check.
inline std::size_t pick(std::size_t bound) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::size_t>(0, bound));
}

/// Any valid UTF-8 of a few characters, with all that needs escapes. Only inside rc::check.
inline std::string any_text() {
  static constexpr std::array<std::string_view, 18> kPieces = {"a",
                                                               "b",
                                                               "A",
                                                               "s",
                                                               "T",
                                                               "[",
                                                               "{",
                                                               "\"",
                                                               "\\",
                                                               "/",
                                                               "\n",
                                                               "\x01",
                                                               "\x7f",
                                                               "\xC3\xA9",
                                                               "\xE2\x82\xAC",
                                                               "\xF0\x9F\x98\x80",
                                                               "0",
                                                               "1"};
  std::string text;
  for (std::size_t left = pick(7); left > 0; --left) {
    std::size_t at = pick(kPieces.size() + 1);
    text += at == kPieces.size() ? std::string(1, '\0') : std::string(kPieces[at]);
  }
  return text;
}

/// Any number's text, short enough for a double to hold its value.
inline std::string any_number() {
  static constexpr std::array<std::string_view, 14> kNumbers = {
      "0",   "-0",  "1",    "1.0", "10e-1", "-1",    "10",
      "1e1", "0.5", "5e-1", "100", "2.50",  "1e300", "7"};
  return std::string(kNumbers[pick(kNumbers.size())]);
}

/// Any value, at most depth containers deep, names unique. Only inside rc::check.
inline json::Value any_value(int depth) {
  switch (pick(depth > 0 ? 7 : 5)) {
    case 0: return nullptr;
    case 1: return pick(2) == 1;
    case 2: return json::Number{any_number()};
    case 3:
    case 4: return any_text();
    case 5: {
      json::Array items;
      for (std::size_t left = pick(4); left > 0; --left) items.push_back(any_value(depth - 1));
      return items;
    }
    default: {
      json::Value object{json::Object()};
      // Sometimes more members than the short ways of parser and key take.
      std::size_t members = pick(20) == 0 ? 20 : pick(4);
      for (; members > 0; --members) object.set(any_text(), any_value(members > 4 ? 0 : depth - 1));
      return object;
    }
  }
}

}  // namespace refrain::property
