#include "quality/training.h"

#include <fmt/format.h>

#include <utility>

#include "quality/pair_protocol.h"

namespace refrain::quality {
namespace {

// Banking's own test part, in the order of the file: the first rows are its train part.
constexpr std::size_t kBankingTrain = 10003;
// Weights of the sources: as many observations as each may count for, whatever its size.
constexpr double kStream = 3000, kMadeAlone = 2500, kMade = 500, kNegation = 1000,
                 kParaphrases = 1500, kExchanged = 700, kChinese = 300;
constexpr int kRounds = 3;

bool odd(std::size_t number, std::uint64_t seed) {
  const std::string_view bytes(reinterpret_cast<const char*>(&number), sizeof number);
  return base::hash64(bytes, seed) % 2 == 1;
}

double equal(std::size_t a, std::size_t b) { return a == b ? 1 : 0; }
double unequal(std::size_t, std::size_t) { return 0; }

template <class Steps>
void add(const Steps& steps, double worth, std::vector<policy::Label>& out) {
  std::size_t count = 0;
  for (const auto& step : steps) count += step.candidate ? 1U : 0U;
  for (const auto& step : steps) {
    if (step.candidate) {
      out.push_back({step.evidence, step.right, worth / static_cast<double>(count)});
    }
  }
}

}  // namespace

base::Result<Development> load(const std::string& data) {
  Development out;
  TRY(banking, load_intents(data + "/intents-banking77/banking77.jsonl.gz", "banking77"));
  out.banking_tune.name = "banking, tuned on";
  out.banking_untouched.name = "banking, intents not tuned on";
  out.banking_test.name = "banking, test part";
  for (std::size_t at = 0; at < banking.utterances.size(); ++at) {
    const Utterance& one = banking.utterances[at];
    const bool tune = base::hash64(banking.classes[one.group]) % 2 == 1;
    const bool test = at >= kBankingTrain;
    const Stream::Request request{one.text, one.group, one.group};
    if (test) out.banking_test.requests.push_back(request);
    if (tune && !test) out.banking_tune.requests.push_back(request);
    if (!tune) out.banking_untouched.requests.push_back(request);
  }
  TRY(negation, load_pairs(data + "/pairs-cannot-negation/cannot_dev.jsonl.gz", "negation"));
  TRY(chinese, load_pairs(data + "/pairs-pawsx-zh/pawsx_zh.jsonl.gz", "chinese"));
  TRY(paraphrases, load_pairs(data + "/pairs-qqp/gptcache_mock_999.jsonl.gz", "mock 999"));
  TRY(questions, load_pairs(data + "/pairs-qqp/qqp_dev.jsonl.gz", "qqp"));
  const auto mine = [](std::size_t group) { return odd(group, 0); };
  const auto theirs = [](std::size_t group) { return !odd(group, 0); };
  out.negation_tune = part_of(negation, mine);
  out.negation_untouched = part_of(negation, theirs);
  out.chinese_tune = part_of(chinese, mine);
  out.chinese_untouched = part_of(chinese, theirs);
  out.questions = part_of(questions, [](std::size_t group) {
    return odd(group, 21) && odd(group, 22) && odd(group, 23);
  });
  out.exchanged = with_one_word_exchanged(paraphrases, 3);
  out.paraphrases = std::move(paraphrases);
  return out;
}

std::vector<std::string_view> texts_of(const Development& sets) {
  std::vector<std::string_view> out;
  for (const Stream* stream : {&sets.banking_tune, &sets.banking_untouched, &sets.banking_test}) {
    for (const Stream::Request& request : stream->requests) out.push_back(request.text);
  }
  for (const PairSet* set :
       {&sets.negation_tune, &sets.negation_untouched, &sets.chinese_tune, &sets.chinese_untouched,
        &sets.paraphrases, &sets.questions, &sets.exchanged}) {
    for (const Pair& pair : set->pairs) {
      out.push_back(pair.a);
      out.push_back(pair.b);
    }
  }
  return out;
}

policy::Belief fit_prior(const Development& sets, const Stream& made, const Vectors& vectors) {
  const Stream banking = shuffled(sets.banking_tune, 1);
  const auto half = [](std::size_t number) { return odd(number, 9); };
  policy::Belief prior;
  prior.mean[1] = prior.mean[policy::kAlone + 1] = 1;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<policy::Label> labels;
    const Judge by_prior{.weights = prior.mean};
    if (round == 0) {
      add(play(banking, vectors, equal, by_prior, 1), kStream, labels);
    } else {
      policy::Budget budget({.error_max = 0.02}, prior);
      add(play(banking, vectors, equal, {.budget = &budget}, 2), kStream, labels);
    }
    add(play(made, vectors, unequal, by_prior, 1), kMadeAlone, labels);
    add(play(made, vectors, equal, by_prior, 1), kMade, labels);
    add(ask_pairs(sets.negation_tune, vectors, by_prior, 1, half), kNegation, labels);
    add(ask_pairs(sets.paraphrases, vectors, by_prior, 1, half), kParaphrases, labels);
    add(ask_pairs(sets.exchanged, vectors, by_prior, 1), kExchanged, labels);
    add(ask_pairs(sets.chinese_tune, vectors, by_prior, 1, half), kChinese, labels);
    prior = policy::fit(labels, {.signs = policy::feature_signs()});
  }
  return prior;
}

std::string as_source(const policy::Belief& prior) {
  std::string out =
      "// Made by `refrain_quality fit`; not to be edited. Fitted on the tune halves of banking77\n"
      "// (CC BY 4.0), CANNOT (CC BY-SA 4.0) and PAWS-X zh, on GPTCache's mock pairs (MIT) and on\n"
      "// bench/quality's synthetic stream: coefficients, no text.\n"
      "#include \"policy/verifier_table.h\"\n\nnamespace refrain::policy {\n\n"
      "namespace {\n\n// clang-format off\nconstexpr Belief kPrior = {\n      {";
  for (std::size_t at = 0; at < policy::kFeatures; ++at) {
    out += fmt::format("{}{:.5g},", at % 7 == 0 ? "\n          " : " ", prior.mean[at]);
  }
  out += "},\n      {";
  for (std::size_t at = 0; at < prior.covariance.size(); ++at) {
    out += fmt::format("{}{:.4g},", at % 7 == 0 ? "\n          " : " ", prior.covariance[at]);
  }
  out +=
      "}};\n// clang-format on\n\n}  // namespace\n\n"
      "const Belief& verifier_prior() noexcept { return kPrior; }\n\n}  // namespace "
      "refrain::policy\n";
  return out;
}

}  // namespace refrain::quality
