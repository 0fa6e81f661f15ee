#include "serve/admission.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace refrain::serve {
namespace {

constexpr std::array<std::string_view, 5> kGoodEnds = {"stop", "tool_calls", "function_call",
                                                       "eos_token", "stop_sequence"};

bool bare_tgi(const chat::Answer& answer) {
  return answer.origin == chat::Origin::tgi && answer.delivery == chat::Delivery::whole;
}

}  // namespace

std::string why_not_kept(const chat::Answer& answer, bool length_allowed) {
  std::vector<std::string> ends = chat::finishes(answer);
  if (ends.empty()) return "no choices";
  for (const std::string& end : ends) {
    if (std::ranges::find(kGoodEnds, end) != kGoodEnds.end()) continue;
    if (end == "length" && length_allowed) continue;
    if (end.empty() && bare_tgi(answer)) continue;
    return end.empty() ? "no finish reason" : "finish reason " + end;
  }
  return "";
}

}  // namespace refrain::serve
