// Whether two answers agree.
//
// A fresh answer labels the candidate that was not served, and the neighbours' answers vote: both
// need to know which answers say the same. Equal texts do. A model asked twice words its answer
// anew, and then how it is said tells less than what is stated: the numbers, the names, yes or no,
// and the claim of the first sentence. Each is soft evidence on a scale of log odds; none decides
// alone, except that answers with different numbers do not agree however alike they sound.
//   agree     "It takes 3 days.", "You will have it within three days."
//   differ    "It takes 3 days.", "It takes 5 days.";  "Yes, you can.", "No, you cannot."
// The weights are ours; bench/quality reports what they do on answers worded anew.
#include "policy/agreement.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "policy/gates_numbers.h"
#include "policy/verifier.h"

namespace refrain::policy {
namespace {

constexpr double kBias = -6.8;
constexpr double kWhole = 9.0, kTrigrams = 8.0, kFirst = 2.7;
constexpr double kSameNumbers = 2.9, kOtherNumbers = -16.0;
constexpr double kOtherNames = -1.4, kOtherPoles = -7.0;
constexpr std::size_t kFirstMin = 12;  // bytes; "Yes." alone is no claim

std::string_view first_sentence(std::string_view text) {
  for (std::size_t at = kFirstMin; at + 1 < text.size(); ++at) {
    const bool ends = text[at] == '.' || text[at] == '!' || text[at] == '?' || text[at] == '\n';
    if (ends && (text[at + 1] == ' ' || text[at + 1] == '\n')) {
      return text.substr(0, at + 1);
    }
  }
  return text;
}

/// 1: what one says in numbers the other one says too; -1: each has a number of its own; else 0.
int numbers_agree(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> both;
  std::ranges::set_intersection(a, b, std::back_inserter(both));
  if (both.size() < a.size() && both.size() < b.size()) {
    return -1;
  }
  return both.empty() ? 0 : 1;
}

}  // namespace

Statement statement(std::string_view answer) {
  answer = answer.substr(0, kStatedMax);
  const Reading all = read(answer);
  const Reading first = read(first_sentence(answer));
  Statement out;
  out.normal = all.normal;
  out.values = numbers(all.words);
  out.named = names(all);
  out.first_poles = polarity(first);
  out.first = said(first);
  out.all = said(all);
  return out;
}

std::size_t footprint(const Statement& answer) {
  return sizeof(Statement) + answer.normal.capacity() + footprint(answer.values) +
         footprint(answer.named) + answer.first_poles.poles.capacity() * sizeof(Polarity::Said) +
         footprint(answer.first_poles.stems) + footprint(answer.first) + footprint(answer.all);
}

double agreement(const Statement& a, const Statement& b) {
  if (a.normal.empty() || b.normal.empty()) {
    return -1;
  }
  if (a.normal == b.normal) {
    return 1;
  }
  const Overlap whole = overlap(a.all, b.all);
  const Overlap first = overlap(a.first, b.first);
  const int in_numbers = numbers_agree(a.values, b.values);
  const bool other_names = missing(a.named, b.named, b.normal) != nullptr &&
                           missing(b.named, a.named, a.normal) != nullptr;
  const double odds = kBias + kWhole * whole.shared + kTrigrams * whole.trigrams +
                      kFirst * first.shared + (in_numbers > 0 ? kSameNumbers : 0) +
                      (in_numbers < 0 ? kOtherNumbers : 0) + (other_names ? kOtherNames : 0) +
                      (compare(a.first_poles, b.first_poles).agree() ? 0 : kOtherPoles);
  return logistic(odds);
}

}  // namespace refrain::policy
