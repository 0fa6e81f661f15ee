// When: today, tomorrow, last year, is and was.
//
// "Will it rain today" and "will it rain tomorrow" have one word apart that no embedder weighs as
// its reader does. Terms of time must be the same in both texts, except "now" and its like, which a
// question in the present says anyway.
//   pass    "where is my order", "where is my order now"
//   refuse  "invoices of last year", "invoices of this year";  "what are the hours today", "...
//   hours"
// A tense alone ("who is", "who was") tells only where the texts have the same telling words; the
// caller knows that.
#include "policy/gates_time.h"

#include <algorithm>
#include <array>
#include <utility>

namespace refrain::policy {
namespace {

using List = std::string_view;  // words between spaces

bool in(List list, std::string_view word) noexcept {
  for (std::size_t at = word.empty() ? List::npos : list.find(word); at != List::npos;
       at = list.find(word, at + 1)) {
    if (list[at - 1] == ' ' && list[at + word.size()] == ' ') {
      return true;
    }
  }
  return false;
}

constexpr List kTerms =
    " today tonight tomorrow yesterday heute gestern hoy ma\u00f1ana manana ayer demain hier "
    "overmorrow ";
constexpr List kNow =
    " now currently current nowadays presently latest jetzt aktuell ahora actual ";
constexpr List kWhich =
    " this next last previous past coming diese dieses n\u00e4chste letzte "
    "letztes proximo pr\u00f3ximo pasado ";
constexpr List kUnits =
    " day week weekend month year quarter season night morning evening afternoon summer winter "
    "spring autumn century decade monday tuesday wednesday thursday friday saturday sunday woche "
    "monat jahr semana mes ano a\u00f1o ";
constexpr List kPast = " was were did had war waren wurde wurden hatte fue era fueron ";
constexpr List kPresent =
    " is are am do does has have isn't aren't don't doesn't ist sind hat es son ";

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kChinese = {
    {{"\u4eca\u5929", "today"},
     {"\u660e\u5929", "tomorrow"},
     {"\u6628\u5929", "yesterday"},
     {"\u53bb\u5e74", "last year"},
     {"\u4eca\u5e74", "this year"},
     {"\u660e\u5e74", "next year"}}};

}  // namespace

Times times(const Reading& reading) {
  Times out;
  const auto& words = reading.words;
  out.opening = words.empty() ? std::string() : words.front().text;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string& word = words[at].text;
    const std::string_view next = at + 1 < words.size() ? words[at + 1].text : std::string_view();
    if (in(kTerms, word)) {
      out.terms.push_back(word);
    } else if (in(kWhich, word) && in(kUnits, next)) {
      out.terms.push_back((word == "previous" || word == "past" ? "last" : word) + " " +
                          std::string(next));
    }
    out.now = out.now || in(kNow, word);
    out.past = out.past || in(kPast, word);
    out.present = out.present || in(kPresent, word);
  }
  for (const auto& [mark, term] : kChinese) {
    if (reading.normal.contains(mark)) {
      out.terms.emplace_back(term);
    }
  }
  std::ranges::sort(out.terms);
  out.terms.erase(std::unique(out.terms.begin(), out.terms.end()), out.terms.end());
  return out;
}

std::string_view differing(const Times& a, const Times& b) noexcept {
  for (const auto* pair : {&a, &b}) {
    const Times& other = pair == &a ? b : a;
    for (const std::string& term : pair->terms) {
      if (!std::ranges::binary_search(other.terms, term)) {
        return term;
      }
    }
  }
  return {};
}

bool tenses_differ(const Times& a, const Times& b) noexcept {
  return a.opening == b.opening && a.past != b.past && a.present != b.present &&
         a.past == b.present;
}

}  // namespace refrain::policy
