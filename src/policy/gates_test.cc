#include "policy/gates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <random>

namespace refrain::policy {
namespace {

struct Pair {
  const char* gate;  // that must refuse; of an accepted pair: what it tries
  const char* a;
  const char* b;
};

constexpr Pair kRefused[] = {
    {"numbers", "Who won the world cup in 2018?", "Who won the world cup in 2022?"},
    {"numbers", "convert 5 km to miles", "convert 50 km to miles"},
    {"numbers", "what is 15% of 200", "what is 20% of 200"},
    {"numbers", "Is $5 enough for lunch in Lima?", "Is 5 euros enough for lunch in Lima?"},
    {"numbers", "install python 3.10 on ubuntu", "install python 3.1 on ubuntu"},
    {"numbers", "what changed in version 2.4.1", "what changed in version 2.4.2"},
    {"numbers", "does the shop open at 9 am", "does the shop open at 9 pm"},
    {"numbers", "flights on May 3", "flights on May 4"},
    {"numbers", "flights on May 3", "flights on June 3"},
    {"numbers", "is the museum open on monday", "is the museum open on sunday"},
    {"numbers", "what is minus 3 plus 4", "what is 3 plus 4"},
    {"numbers", "temperature of -5 degrees", "temperature of 5 degrees"},
    {"numbers", "recipe for two people", "recipe for six people"},
    {"numbers", "who was the second president", "who was the third president"},
    {"numbers", "causes of World War I and II", "causes of World War I and III"},
    {"numbers", "is one million a lot of money", "is one billion a lot of money"},
    {"numbers", "how heavy is a 10 kg bag", "how heavy is a 10 lb bag"},
    {"numbers", "what is 7 + 2", "what is 7 * 2"},
    {"numbers", "meeting at 15:30 today", "meeting at 15:45 today"},
    {"numbers", "print the top twenty-one rows", "print the top twenty-two rows"},
    {"numbers", "my order of 1,000 pieces", "my order of 10,000 pieces"},
    {"numbers", "the 1980s in music", "the 1990s in music"},
    {"polarity", "Is it safe to eat raw eggs?", "Is it not safe to eat raw eggs?"},
    {"polarity", "foods I can eat with diabetes", "foods I can't eat with diabetes"},
    {"polarity", "how to log in with a password", "how to log in without a password"},
    {"polarity", "my order has arrived", "my order has never arrived"},
    {"polarity", "How do I enable dark mode?", "How do I disable dark mode?"},
    {"polarity", "how to turn on notifications", "how to turn off notifications"},
    {"polarity", "how to turn it off", "how to turn it on"},
    {"polarity", "ways to increase blood pressure", "ways to decrease blood pressure"},
    {"polarity", "should I stretch before running", "should I stretch after running"},
    {"polarity", "allow cookies in the browser", "block cookies and deny them in the browser"},
    {"polarity", "find the minimum of a list", "find the maximum of a list"},
    {"polarity", "when should I buy shares", "when should I sell shares"},
    {"polarity", "start the server", "stop the server"},
    {"polarity", "open an account", "close an account"},
    {"polarity", "is this treatment effective", "is this treatment ineffective"},
    {"polarity", "why are people happy", "why are people unhappy"},
    {"polarity", "which drugs are legal", "which drugs are illegal"},
    {"polarity", "importing data as csv", "exporting data as csv"},
    {"polarity", "the best phones of the year", "the worst phones of the year"},
    {"polarity", "sort in ascending sequence", "sort in descending sequence"},
    {"polarity", "Kann ich das Geld abheben?", "Kann ich das Geld nicht abheben?"},
    {"polarity", "Puedo viajar con visa", "No puedo viajar con visa"},
    {"polarity", "\u6211\u53ef\u4ee5\u53d6\u6d88\u8ba2\u5355\u5417",
     "\u6211\u4e0d\u53ef\u4ee5\u53d6\u6d88\u8ba2\u5355\u5417"},
    {"polarity", "\u5982\u4f55\u589e\u52a0\u4f53\u91cd", "\u5982\u4f55\u51cf\u5c11\u4f53\u91cd"},
    {"names", "what is the capital of France", "what is the capital of Norway"},
    {"names", "who directed Alien", "who directed Aliens vs Predator and Jaws"},
    {"names", "how do I list files in Linux", "how do I list files in Windows"},
    {"names", "what does NASA do", "what does ESA do"},
    {"names", "how to sort a list in c++", "how to sort a list in c#"},
    {"names", "what is the use of max_tokens", "what is the use of min_tokens"},
    {"names", "what does `ls -a` print", "what does `ls -l` print"},
    {"names", "translate \"good morning\" please", "translate \"good night\" please"},
    {"names", "summarise https://example.com/a.html", "summarise https://example.com/b.html"},
    {"names", "who owns ann@example.com", "who owns bob@example.com"},
    {"names", "what is in /etc/hosts", "what is in /etc/passwd"},
    {"names", "is gpt-4 any good", "is gpt-3 any good"},
    {"names", "benefits of vitamin C", "benefits of vitamin D"},
    {"names", "how to parse it in node.js", "how to parse it in vue.js"},
    {"question", "who founded the company", "when was the company founded"},
    {"question", "where do penguins live", "why do penguins live there"},
    {"question", "how many planets are there", "how much do planets weigh"},
    {"question", "tell me when the shop opens", "tell me where the shop opens"},
    {"question", "how old is the tower", "how far is the tower"},
    {"question", "\u8c01\u53d1\u660e\u4e86\u7535\u8bdd",
     "\u4ec0\u4e48\u65f6\u5019\u53d1\u660e\u4e86\u7535\u8bdd"},
    {"question", "Wer hat das Haus gebaut", "Wann wurde das Haus gebaut"},
    {"direction", "train from Oslo to Bergen", "train from Bergen to Oslo"},
    {"direction", "convert usd to eur", "convert eur to usd"},
    {"direction", "is java faster than python", "is python faster than java"},
    {"direction", "translate german into french", "translate french into german"},
    {"direction", "did spain beat italy", "did italy beat spain"},
    {"direction", "wash before you dry the wool", "dry before you wash the wool"},
    {"direction", "number of cats per dog", "number of dogs per cat"},
    {"length", "what is recursion",
     "what is recursion and how does it differ from iteration when a tree is deep and memory "
     "is scarce"},
};

constexpr Pair kAccepted[] = {
    {"case", "what is paris", "What is Paris?"},
    {"case", "HOW DO I RESET MY PASSWORD", "how do i reset my password"},
    {"case", "What Is The Capital Of France", "what is the capital of france?"},
    {"names", "What's the capital of France?", "what is the capital city of france"},
    {"names", "Who wrote Hamlet?", "who is the author of hamlet"},
    {"names", "population of New York", "How many people are in New-York, what is its population?"},
    {"names", "Berlin's best museums", "the best museums in Berlin"},
    {"names", "what are NASA's goals", "goals of NASA"},
    {"names", "What are APIs used for?", "what is an API used for"},
    {"names", "how do I write a loop in JavaScript", "writing a loop in javascript"},
    {"names", "how do I use wi-fi on a plane", "using wifi on a plane"},
    {"names", "sort a list in c++", "how can I sort a list in C++?"},
    {"names", "what does `git rebase` do", "explain what git rebase does"},
    {"names", "What does the word \"serendipity\" mean?", "meaning of the word 'serendipity'"},
    {"names", "summarise https://example.com/a.html",
     "please summarise https://example.com/a.html"},
    {"names", "Can you tell me about Marie Curie?", "tell me about marie curie"},
    {"names", "I think I need help with Excel", "help with excel needed"},
    {"numbers", "what is 50% of 80", "what is fifty percent of 80"},
    {"numbers", "convert 5 kilometers to miles", "5 km in miles, convert please"},
    {"numbers", "how big is 1,000,000", "how big is one million"},
    {"numbers", "what can I buy for $20", "what can I buy for 20 dollars"},
    {"numbers", "events of 2023-05-01", "events of May 1, 2023"},
    {"numbers", "events of 1 May 2023", "events of May 1, 2023"},
    {"numbers", "trains at 3:30 pm", "trains at 15:30"},
    {"numbers", "recipe for 4 people", "recipe for four people"},
    {"numbers", "the 2nd law of thermodynamics", "the second law of thermodynamics"},
    {"numbers", "history of world war 2", "history of World War II"},
    {"numbers", "is a 10-year-old allowed to vote", "is a child of 10 years allowed to vote"},
    {"numbers", "a budget of 5.00 euros", "a budget of 5 euros"},
    {"numbers", "which one is better for me", "which is better for me"},
    {"numbers", "what is 2+2", "what is 2 + 2"},
    {"numbers", "salary of 100k a year", "salary of 100,000 a year"},
    {"numbers", "sleep for 8 hours", "sleep for eight hrs"},
    {"numbers", "is twenty-five degrees celsius warm", "is 25 degrees celsius warm"},
    {"polarity", "why am I not happy", "why am I unhappy"},
    {"polarity", "why isn't my code working", "why is my code not working"},
    {"polarity", "is it unsafe to drink seawater", "is it not safe to drink seawater"},
    {"polarity", "I can't log in", "I cannot log in"},
    {"polarity", "How do I turn off notifications on my phone",
     "disable notifications on my phone"},
    {"polarity", "how do I switch dark mode on", "how can I enable dark mode"},
    {"polarity", "my screen won't turn on", "my screen does not turn on"},
    {"polarity", "bread without yeast", "recipe for bread without any yeast"},
    {"polarity", "not only cats purr, why", "why do cats purr, not only cats"},
    {"polarity", "should I rent or not", "should I rent"},
    {"polarity", "how to increase my savings", "increasing my savings, how"},
    {"polarity", "why did the server stop", "what is the reason that the server stopped"},
    {"polarity", "Warum funktioniert das nicht?", "Wieso funktioniert das nicht"},
    {"polarity", "no tengo nada de dinero", "no tengo dinero"},
    {"polarity", "\u4f60\u80fd\u4e0d\u80fd\u5e2e\u6211", "\u4f60\u80fd\u5e2e\u6211\u5417"},
    {"question", "when was the tower built", "what year was the tower built"},
    {"question", "why is the sky blue", "what is the reason the sky is blue"},
    {"question", "how come cats purr", "why do cats purr"},
    {"question", "where is Oslo", "in which country is Oslo"},
    {"question", "how many moons has Mars", "what is the number of moons of Mars"},
    {"question", "how long does shipping take", "how many days does shipping take"},
    {"question", "my program crashes when I press enter, why",
     "why does my program crash when I press enter"},
    {"question", "tell me who runs the bank", "who runs the bank?"},
    {"question", "explain recursion", "what is recursion"},
    {"question", "what is the price of gold", "how much is gold"},
    {"direction", "train from Oslo to Bergen", "what trains go to Bergen from Oslo"},
    {"direction", "difference between tcp and udp", "difference between udp and tcp"},
    {"direction", "open a file in python", "in python open a file"},
    {"direction", "translate german into french", "how do I translate from german to french"},
    {"direction", "is tea or coffee better", "is coffee or tea better"},
    {"direction", "how to convert usd to eur", "convert usd to eur for me"},
    {"length", "reset password", "how can I reset my password please"},
    {"spaces", "what   is\n\trecursion ?", "what is recursion?"},
    {"quotes", "what\u2019s a closure", "what's a closure"},
    {"wide", "\uff12\uff10\uff12\uff13\u5e74", "2023\u5e74"},
};

std::string refusals(std::string_view a, std::string_view b) {
  std::string out;
  for (const Reason& reason : compare_texts(a, b)) {
    if (reason.refused) {
      out += reason.gate + " (" + reason.words + ") ";
    }
  }
  return out;
}

class RefusedPair : public testing::TestWithParam<Pair> {};
TEST_P(RefusedPair, IsRefusedByItsGateBothWays) {
  const Pair& pair = GetParam();
  EXPECT_TRUE(refusals(pair.a, pair.b).contains(pair.gate))
      << pair.a << " | " << pair.b << " | " << refusals(pair.a, pair.b);
  EXPECT_TRUE(refusals(pair.b, pair.a).contains(pair.gate)) << pair.b << " | " << pair.a;
}
INSTANTIATE_TEST_SUITE_P(Gates, RefusedPair, testing::ValuesIn(kRefused));

class AcceptedPair : public testing::TestWithParam<Pair> {};
TEST_P(AcceptedPair, PassesEveryGateBothWays) {
  const Pair& pair = GetParam();
  EXPECT_EQ(refusals(pair.a, pair.b), "") << pair.a << " | " << pair.b;
  EXPECT_EQ(refusals(pair.b, pair.a), "") << pair.b << " | " << pair.a;
}
INSTANTIATE_TEST_SUITE_P(Gates, AcceptedPair, testing::ValuesIn(kAccepted));

static_assert(std::size(kRefused) >= 60 && std::size(kAccepted) >= 60);

bool accepts(const Rule& rule, float cosine, std::string_view text = "other words") {
  const Candidate candidate{.id = 1, .cosine = cosine, .text = text};
  return decide(rule, "some words", {&candidate, 1}).accepted.has_value();
}

TEST(Gates, PointEightIsNotAbovePointEightWhateverTheRounding) {
  const Rule above{.mode = Mode::threshold, .floor = 0.8F, .compare = Compare::above};
  const float up = std::nextafter(0.8F, 1.0F);
  EXPECT_FALSE(accepts(above, 0.8F));
  EXPECT_FALSE(accepts(above, up));
  EXPECT_TRUE(accepts(above, 0.800001F));
}

TEST(Gates, PointEightIsAtLeastPointEightWhateverTheRounding) {
  const Rule at_least{.mode = Mode::threshold, .floor = 0.8F, .compare = Compare::at_least};
  EXPECT_TRUE(accepts(at_least, 0.8F));
  EXPECT_TRUE(accepts(at_least, std::nextafter(0.8F, 0.0F)));
  EXPECT_FALSE(accepts(at_least, 0.799999F));
}

TEST(Gates, CosineThatIsNoNumberIsRefused) {
  const Rule rule{.mode = Mode::threshold, .floor = -1, .compare = Compare::at_least};
  EXPECT_FALSE(accepts(rule, std::numeric_limits<float>::quiet_NaN()));
}

TEST(Gates, ThresholdModeAsksNoGate) {
  const Rule rule{.mode = Mode::threshold, .floor = 0.8F, .compare = Compare::at_least};
  EXPECT_TRUE(accepts(rule, 0.9F, "some words in 2023"));
}

TEST(Gates, OffAcceptsNothing) { EXPECT_FALSE(accepts({.mode = Mode::off}, 1, "some words")); }

TEST(Gates, SecondCandidateIsAcceptedWhereAGateRefusesTheFirst) {
  const Candidate candidates[] = {{7, 0.97F, "weather in rome in 2021"},
                                  {8, 0.95F, "weather in rome in 2022"},
                                  {9, 0.94F, "rome weather in 2022"}};
  const Decision decision = decide({}, "how was the weather in rome in 2022", candidates);
  EXPECT_EQ(decision.accepted, 1U);
  ASSERT_EQ(decision.looked_at.size(), 2U);
  EXPECT_FALSE(decision.looked_at[0].accept);
  EXPECT_EQ(decision.looked_at[1].id, 8U);
}

TEST(Gates, NothingIsLookedAtBelowTheFloor) {
  const Candidate candidates[] = {{7, 0.5F, "a"}, {8, 0.4F, "b"}};
  const Decision decision = decide({}, "a", candidates);
  EXPECT_FALSE(decision.accepted.has_value());
  ASSERT_EQ(decision.looked_at.size(), 1U);
  EXPECT_EQ(decision.looked_at[0].reasons.at(0).gate, "floor");
}

TEST(Gates, WhatTheEmbedderCannotHaveSeenIsRefusedInVerifiedModeAlone) {
  const Candidate candidate{.id = 1, .cosine = 1, .text = "my cv", .overlooked = "c\u00fb"};
  const Decision decision = decide({}, "my c\u00fb", {&candidate, 1});
  EXPECT_FALSE(decision.accepted.has_value());
  EXPECT_EQ(decision.looked_at.at(0).reasons.back().gate, "unseen");
  EXPECT_TRUE(decide({.mode = Mode::threshold}, "my c\u00fb", {&candidate, 1}).accepted);
}

TEST(Gates, ReasonNamesTheNumbers) {
  EXPECT_EQ(refusals("won in 2023", "won in 2024"), "numbers (2023 against 2024) ");
}

TEST(Gates, ReasonShowsNoAddressQuoteOrLongNumber) {
  const std::string words = refusals("card 4111222233334444 of ann@example.com says \"my secret\"",
                                     "card 4111222233335555 of bob@example.com says \"my other\"");
  for (const char* secret : {"4111", "ann", "bob", "secret", "other"}) {
    EXPECT_FALSE(words.contains(secret)) << words;
  }
}

TEST(Gates, IdenticalTextNeedsNoGate) {
  const auto reasons = compare_texts("Is 5 > 3?", "is 5 >  3");
  ASSERT_EQ(reasons.size(), 1U);
  EXPECT_EQ(reasons[0].gate, "identical");
}

TEST(Gates, RandomBytesAreComparedTheSameBothWays) {
  std::mt19937_64 random(11);
  constexpr std::string_view kParts[] = {
      "not ",   "5",    "%", "\xE4\xB8\x8D", "from A to B ", "\"",  "'",  "`",
      "Paris ", ".",    "-", "\xFF",         "\xE2\x82",     "3.1", "un", "happy ",
      "$",      "who ", " ", "C++",          "http://",      "@",   "\n"};
  for (int round = 0; round < 20'000; ++round) {
    std::string a;
    std::string b;
    for (std::uint64_t part = random() % 12; part > 0; --part) {
      a += kParts[random() % std::size(kParts)];
      b += kParts[random() % std::size(kParts)];
    }
    const auto refused = [](const std::string& left, const std::string& right) {
      return std::ranges::any_of(compare_texts(left, right), &Reason::refused);
    };
    ASSERT_EQ(refused(a, b), refused(b, a)) << a << " | " << b;
    ASSERT_FALSE(refused(a, a + "  ")) << a;
  }
}

TEST(Gates, TwoTextsOfAHundredCharactersTakeMicroseconds) {
  const std::string a =
      "How many people lived in the city of Oslo in 2020, and was that more than in 2010 "
      "or not, please?";
  const std::string b =
      "Please tell me, was the population of Oslo larger in 2020 than in 2010, and how "
      "many were there?";
  constexpr int kRounds = 200;
  const auto start = std::chrono::steady_clock::now();
  for (int round = 0; round < kRounds; ++round) {
    EXPECT_FALSE(compare_texts(a, b).empty());
  }
  const auto each = (std::chrono::steady_clock::now() - start) / kRounds;
  RecordProperty("nanoseconds", static_cast<int>(each.count()));
  // Optimised it is below 30 microseconds; this bound holds in sanitizer builds on a busy machine.
  EXPECT_LT(each, std::chrono::milliseconds(5));
}

}  // namespace
}  // namespace refrain::policy
