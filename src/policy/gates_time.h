#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/lexical.h"

namespace refrain::policy {

/// When a text is about, beyond dates (which are numbers).
struct Times {
  std::vector<std::string> terms;      // "tomorrow", "last year", ...; sorted
  bool now = false;                    // now, currently, latest: says when, but adds nothing
  bool past = false, present = false;  // was, did; is, does
  std::string opening;                 // the first word
};
Times times(const Reading& reading);

/// The first term that only one of them has; "" when none.
std::string_view differing(const Times& a, const Times& b) noexcept;
/// Whether one text is in the past and the other one in the present, where they begin alike: "what
/// is the reason that it stopped" asks about the past too.
bool tenses_differ(const Times& a, const Times& b) noexcept;

}  // namespace refrain::policy
