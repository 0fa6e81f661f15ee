#include "quality/answers.h"

#include <array>
#include <memory>
#include <random>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/hash.h"

namespace refrain::quality {
namespace {

constexpr std::array<std::string_view, 14> kActions = {
    "request a replacement",   "confirm your identity", "raise the limit",
    "freeze the card",         "file a dispute",        "update the address",
    "link another account",    "repeat the transfer",   "restart the app",
    "upload a photo",          "choose a new code",     "wait for the merchant",
    "check the exchange rate", "ask for a refund"};
constexpr std::array<std::string_view, 12> kPlaces = {
    "the Settings page",  "the Cards tab",        "the Payments screen", "your Profile",
    "the Help centre",    "the Security menu",    "the Activity list",   "the Top-up page",
    "the Limits section", "the Documents folder", "the nearest branch",  "the Chat window"};
constexpr std::array<std::string_view, 9> kTimes = {"1 day",   "2 days",     "3 days",
                                                    "5 days",  "10 days",    "24 hours",
                                                    "2 hours", "15 minutes", "4 weeks"};
constexpr std::array<std::string_view, 7> kCosts = {
    "free of charge", "2 euros",     "5 euros", "1 percent of the amount",
    "10 dollars",     "0.5 percent", "50 cents"};
constexpr std::array<std::string_view, 6> kShort = {
    "You have to {a} in {p}. It takes {t} and costs {c}.",
    "Please {a}: you will find that in {p}. Expect {t}; the cost is {c}.",
    "Go to {p} and {a}. This is done within {t} ({c}).",
    "You can {a} in {p}. It usually needs {t}, at a cost of {c}.",
    "Open {p}, then {a}. After {t} it is settled. Cost: {c}.",
    "In {p} you can {a}; that takes about {t} and is {c}."};
constexpr std::array<std::string_view, 5> kLongBefore = {
    "Thanks for getting in touch. ", "Sorry for the trouble that this has caused you. ",
    "I am happy to help you with that. ", "That is a good question, and there is a simple way. ",
    ""};
constexpr std::array<std::string_view, 6> kLongAfter = {
    " If it does not work, write to us again and we will have a look at it together.",
    " You do not have to do anything else in the meantime.",
    " Should you have any more questions, just ask.",
    " We will send you a message as soon as it is finished.",
    " Please keep the app up to date, so that all steps are shown as described here.",
    " Most customers find that this solves it for good."};

template <std::size_t N>
std::string_view fact(const std::array<std::string_view, N>& list, std::size_t group,
                      std::uint64_t which) {
  const std::string_view bytes(reinterpret_cast<const char*>(&group), sizeof group);
  return list[base::hash64(bytes, which) % N];
}

std::string filled(std::string_view form, std::size_t group) {
  std::string out;
  for (std::size_t at = 0; at < form.size(); ++at) {
    if (form[at] != '{') {
      out += form[at];
      continue;
    }
    switch (form[at + 1]) {
      case 'a': out += fact(kActions, group, 1); break;
      case 'p': out += fact(kPlaces, group, 2); break;
      case 't': out += fact(kTimes, group, 3); break;
      case 'c': out += fact(kCosts, group, 4); break;
      default: break;
    }
    at += 2;
  }
  return out;
}

}  // namespace

void answer(Stream& stream, Wording wording, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::unordered_map<std::string, std::size_t> known;
  stream.answers.clear();
  for (Stream::Request& request : stream.requests) {
    std::string text;
    if (wording == Wording::anew_long) text += kLongBefore[random() % kLongBefore.size()];
    const std::size_t form = wording == Wording::one_text ? 0 : random() % kShort.size();
    text += filled(kShort[form], request.group);
    if (wording == Wording::anew_long) text += kLongAfter[random() % kLongAfter.size()];
    const auto [found, added] = known.try_emplace(std::move(text), stream.answers.size());
    if (added) stream.answers.push_back(found->first);
    request.answer = found->second;
  }
}

Agree judged(const Stream& stream) {
  auto statements = std::make_shared<std::vector<policy::Statement>>();
  for (const std::string& text : stream.answers) {
    statements->push_back(policy::statement(text));
  }
  auto known = std::make_shared<std::unordered_map<std::uint64_t, float>>();
  return [statements, known](std::size_t a, std::size_t b) -> double {
    if (a == b) return 1;
    const std::uint64_t key = std::uint64_t{std::min(a, b)} << 32U | std::max(a, b);
    const auto [found, added] = known->try_emplace(key, 0.0F);
    if (added) {
      found->second = static_cast<float>(policy::agreement((*statements)[a], (*statements)[b]));
    }
    return static_cast<double>(found->second);
  };
}

}  // namespace refrain::quality
