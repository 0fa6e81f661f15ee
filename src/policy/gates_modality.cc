// Modality: may and must, all and some, at least and at most.
//
// Words of amount change what is stated or asked for wherever they stand, so both texts must have
// the same kinds of them: "all birds can fly", "some birds can fly". Modals are loose in questions
// ("how do I", "how can I", "how should I" ask the same) and count only where they are the question
// ("can I park here", "must I park here"), or where nothing else differs. "What are some tips" and
// "what are the best tips" ask for the same: some and exactly are no amounts after a question word.
#include "policy/gates_modality.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <string_view>

namespace refrain::policy {
namespace {

struct Kind {
  std::string_view name, words;  // words between spaces
};
constexpr std::array kAmounts = {
    Kind{"all", " all every each everyone everybody always alle jeder immer todos siempre "},
    Kind{"some", " some sometimes certain occasionally manche einige algunos "},
    Kind{"most", " mostly majority meisten mayor\u00eda "},
    Kind{"few", " few rarely seldom wenige pocos "},
    Kind{"half", " half h\u00e4lfte mitad "},
    Kind{"only", " only solely exclusively merely nur solo s\u00f3lo solamente "},
    Kind{"exactly", " exactly precisely genau exactamente "},
    Kind{"at least", " "},
    Kind{"at most", " "},
    Kind{"more than", " over above exceeding "},
    Kind{"less than", " under below "},
    Kind{"briefly", " briefly concise concisely "},
    Kind{"in detail", " detail detailed thoroughly "}};
constexpr std::array kModals = {
    Kind{"can", " can could may might allowed able possible kann darf puede puedo cannot can't "},
    Kind{"should", " should ought soll sollte deber\u00eda debo shouldn't "},
    Kind{"must", " must required obliged mandatory muss m\u00fcssen tengo "},
    Kind{"will", " will would wird werden "}};

constexpr std::string_view kQuestions =
    " how what which who when where why wie was wo wann como qu\u00e9 que cu\u00e1l ";

bool in_any(std::string_view list, std::string_view word) noexcept {
  const std::size_t found = word.empty() ? std::string_view::npos : list.find(word);
  return found != std::string_view::npos && list[found - 1] == ' ' &&
         list[found + word.size()] == ' ';
}

template <std::size_t N>
std::uint32_t kinds_of(const std::array<Kind, N>& kinds, std::string_view word) noexcept {
  std::uint32_t out = 0;
  for (std::size_t at = 0; at < N; ++at) {
    const std::string_view words = kinds[at].words;
    for (std::size_t found = words.find(word); found != std::string_view::npos;
         found = words.find(word, found + 1)) {
      if (words[found - 1] == ' ' && words[found + word.size()] == ' ') {
        out |= 1U << at;
        break;
      }
    }
  }
  return out;
}

template <std::size_t N>
std::string_view first_of(const std::array<Kind, N>& kinds, std::uint32_t bits) noexcept {
  return bits == 0 ? "nothing" : kinds[static_cast<std::size_t>(std::countr_zero(bits))].name;
}

constexpr std::uint32_t kAtLeast = 1U << 7U, kAtMost = 1U << 8U, kMore = 1U << 9U,
                        kLess = 1U << 10U, kMost = 1U << 2U, kLoose = 1U << 1U | 1U << 6U;

/// Words of amount that are more than one word.
std::uint32_t phrases(std::string_view word, std::string_view next) noexcept {
  if (word == "at" && next == "least") return kAtLeast;
  if (word == "at" && next == "most") return kAtMost;
  if (word == "more" && next == "than") return kMore;
  if ((word == "less" || word == "fewer") && next == "than") return kLess;
  return 0;
}

}  // namespace

Modality modality(const Reading& reading) {
  Modality out;
  const auto& words = reading.words;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string& word = words[at].text;
    const std::string_view next = at + 1 < words.size() ? words[at + 1].text : std::string_view();
    const std::string_view last = at > 0 ? words[at - 1].text : std::string_view();
    const bool measured = !next.empty() && (is_digit(next.front()) || next == "usd");
    std::uint32_t amounts = phrases(word, next);
    if (last != "at") {
      amounts |= kinds_of(kAmounts, word);
    }
    if ((amounts & (kMore | kLess)) != 0 && phrases(word, next) == 0 && !measured) {
      amounts &= ~(kMore | kLess);  // over the hill
    }
    if (word == "most" && (at == 0 || words[at].starts_sentence)) {
      amounts |= kMost;  // most birds, not the most
    }
    out.amounts |= amounts;
    const bool span = in_any(" day week month year time hour minute morning night ", next);
    if ((word == "every" || word == "each") && span) {
      out.amounts &= ~1U;  // each day: how often, not of how many
    }
    const std::uint32_t modals = kinds_of(kModals, word);
    const bool duty = (word == "have" || word == "need" || word == "has") && next == "to";
    out.modals |= modals | (duty ? 4U : 0U);
    out.asks = out.asks || (at == 0 && modals != 0 && next != "you");
    out.open = out.open || (at == 0 && in_any(kQuestions, word));
  }
  if (out.open) {
    out.amounts &= ~kLoose;  // "what are some tips", "what exactly is": no amounts
  }
  return out;
}

std::string compare(const Modality& a, const Modality& b, bool same_words) {
  if (const std::uint32_t apart = a.amounts ^ b.amounts; apart != 0) {
    return fmt::format("{} against {}", first_of(kAmounts, apart & a.amounts),
                       first_of(kAmounts, apart & b.amounts));
  }
  const bool states = same_words && !a.open && !b.open && a.asks == b.asks;
  if (a.modals != b.modals && a.modals != 0 && b.modals != 0 && (states || (a.asks && b.asks))) {
    return fmt::format("{} against {}", first_of(kModals, a.modals & ~b.modals),
                       first_of(kModals, b.modals & ~a.modals));
  }
  return {};
}

}  // namespace refrain::policy
