// Is a hit right? `refrain_quality run` asks the development sets by the pair and the stream
// protocol, with a bare cosine, with the gates alone, and with the whole decision, and reports all
// three in one table; `refrain_quality fit` makes the verifier's coefficients. README.md says more.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <numeric>
#include <string>

#include "embed/spec.h"
#include "policy/gates.h"
#include "policy/verifier_table.h"
#include "policy/weigh.h"
#include "quality/answers.h"
#include "quality/pair_protocol.h"
#include "quality/report.h"
#include "quality/synthetic.h"
#include "quality/training.h"

namespace refrain::quality {
namespace {

constexpr double kThresholds[] = {0.995, 0.99, 0.98, 0.97, 0.96, 0.95, 0.94,
                                  0.92,  0.9,  0.88, 0.85, 0.8,  0.7};
constexpr double kErrors[] = {0.005, 0.01, 0.02, 0.03, 0.05};
constexpr double kFloors[] = {0.8, 0.84, 0.88, 0.92, 0.95, 0.97};
const SyntheticOptions kTraining = {.requests = 4000, .classes = 1500, .exponent = 0.8, .seed = 7};
const SyntheticOptions kReported = {.requests = 8000, .classes = 1500, .exponent = 0.9, .seed = 8};

struct Options {
  std::string command, data, cache, model, golden = "tests/golden/decision", out, only;
};

void count(bool served, bool right, Point& point) {
  ++point.requests;
  point.hits += served ? 1U : 0U;
  point.wrong += served && !right ? 1U : 0U;
}

/// Cosine and gates alone ask nothing of the answers, so they are the same for every wording.
void add_baselines(const Stream& stream, const Vectors& vectors, SetReport& out) {
  const Agree agree = [](std::size_t a, std::size_t b) { return a == b ? 1.0 : 0.0; };
  for (const double threshold : kThresholds) {
    Point point{"cosine", threshold};
    for (const Step& step : play(stream, vectors, agree, {.threshold = threshold}, 3)) {
      count(step.served, step.right, point);
    }
    out.points.push_back(point);
  }
  for (const double floor : kFloors) {
    Point point{"gates", floor};
    for (const Step& step : play(stream, vectors, agree, {.gated_floor = floor}, 3)) {
      count(step.served, step.right, point);
    }
    out.points.push_back(point);
  }
}

/// Canned answers agree when they are equal; those that are worded anew need the judge.
void add_verified(const Stream& stream, const Vectors& vectors, Wording wording, SetReport& out) {
  const Agree equal = [](std::size_t a, std::size_t b) { return a == b ? 1.0 : 0.0; };
  const Agree agree = wording == Wording::one_text ? equal : judged(stream);
  for (const double error : kErrors) {
    policy::Budget budget({.error_max = error}, policy::verifier_prior());
    Point point{"verified", error};
    for (const Step& step : play(stream, vectors, agree, {.budget = &budget}, 3)) {
      count(step.served, step.right, point);
    }
    out.points.push_back(point);
  }
}

void count(const PairStep& step, const PairSet& set, bool served, bool right, Point& point) {
  count(served, right, point);
  if (set.pairs[step.pair].same) {
    ++point.same;
    point.same_served += served && right ? 1U : 0U;
  } else {
    ++point.other;
    point.other_served += served && !right ? 1U : 0U;
  }
}

/// Without labels nothing is learnt, so a floor is the setting.
SetReport of_pairs(const PairSet& set, const Vectors& vectors) {
  SetReport out{set.name, {}};
  const std::vector<PairStep> steps =
      ask_pairs(set, vectors, {.weights = policy::verifier_prior().mean}, 3);
  for (const double threshold : kThresholds) {
    Point point{"cosine", threshold};
    for (const PairStep& step : steps) {
      count(step, set, step.cosine >= threshold, step.nearest_right, point);
    }
    out.points.push_back(point);
  }
  for (const double floor : kFloors) {
    Point point{"gates", floor};
    for (const PairStep& step : steps) {
      count(step, set, step.gated_cosine >= floor, step.gated_right, point);
    }
    out.points.push_back(point);
  }
  for (const double floor : kFloors) {
    policy::Budget budget({.explore = 0, .alone_floor = floor}, policy::verifier_prior());
    Point point{"verified", floor};
    for (const PairStep& step : steps) {
      const bool served = step.candidate && budget.judge(step.evidence, 1).serve;
      count(step, set, served, step.right, point);
    }
    out.points.push_back(point);
  }
  return out;
}

/// How sure the verifier was, and how often it was right.
std::string reliability(const std::string& name, const std::vector<Step>& steps) {
  struct Bin {
    double sure = 0, right = 0, count = 0;
  };
  std::map<int, Bin> bins;
  double total = 0;
  for (const Step& step : steps) {
    if (!step.candidate) continue;
    const double sure = 1 - step.allowance.wrong;
    Bin& bin = bins[static_cast<int>(std::min(9.0, sure * 10))];
    bin.sure += sure;
    bin.right += step.right ? 1 : 0;
    ++bin.count;
    ++total;
  }
  std::string out = fmt::format("\nreliability, {}\n", name);
  double error = 0;
  for (const auto& [number, bin] : bins) {
    error += std::abs(bin.sure - bin.right) / total;
    out += fmt::format("  {:.3f} said, {:.3f} right, {} candidates\n", bin.sure / bin.count,
                       bin.right / bin.count, bin.count);
  }
  return out + fmt::format("  ECE {:.4f}\n", error);
}

/// What each gate refuses of the pairs whose cosine passes the floor: rightly and wrongly.
std::string gate_table(const PairSet& set, const Vectors& vectors) {
  std::map<std::string, std::pair<std::size_t, std::size_t>> refused;
  std::size_t same = 0;
  std::size_t other = 0;
  for (const Pair& pair : set.pairs) {
    const auto a = vectors.of(pair.a);
    const auto b = vectors.of(pair.b);
    if (std::inner_product(a.begin(), a.end(), b.begin(), 0.0F) < policy::kVerifiedFloor) continue;
    ++(pair.same ? same : other);
    for (const policy::Reason& reason : policy::compare_texts(pair.a, pair.b)) {
      if (reason.refused) ++(pair.same ? refused[reason.gate].second : refused[reason.gate].first);
    }
  }
  std::string out =
      fmt::format("\ngates on {} ({} pairs of label 0, {} of label 1, cosine >= {})\n", set.name,
                  other, same, policy::kVerifiedFloor);
  for (const auto& [gate, counts] : refused) {
    out += fmt::format("  {:14} refused right {:5}  refused wrong {:5}\n", gate, counts.first,
                       counts.second);
  }
  return out;
}

/// Microseconds of one decision over ten neighbours, embedder and index aside.
double decision_microseconds(const Stream& stream) {
  std::vector<policy::Neighbour> neighbours;
  std::vector<policy::Profile> profiles;
  for (std::size_t at = 0; at < policy::kNeighboursMax; ++at) {
    profiles.push_back(policy::profile(stream.requests[at].text));
  }
  for (const policy::Profile& one : profiles) neighbours.push_back({0.9, &one});
  const std::vector<double> agreement(profiles.size() * profiles.size(), 1.0);
  policy::Budget budget({}, policy::verifier_prior());
  std::vector<double> took;
  for (std::size_t at = 0; at < std::min<std::size_t>(2000, stream.requests.size()); ++at) {
    const auto start = std::chrono::steady_clock::now();
    const policy::Profile asked = policy::profile(stream.requests[at].text);
    const policy::Weighing found =
        policy::weigh(asked, neighbours, agreement, budget.state().belief.mean);
    if (found.best) budget.judge(found.all[*found.best].evidence, 1);
    const std::chrono::duration<double, std::micro> spent =
        std::chrono::steady_clock::now() - start;
    took.push_back(spent.count());
  }
  std::ranges::nth_element(took, took.begin() + static_cast<std::ptrdiff_t>(took.size() / 2));
  return took[took.size() / 2];
}

base::Result<> run(const Options& options, const Development& sets, Vectors& vectors) {
  std::vector<PairSet> pairs = {sets.negation_untouched, sets.chinese_untouched, sets.questions,
                                sets.paraphrases};
  for (const char* name : {"adversarial", "rewordings"}) {
    TRY(set, load_pairs(fmt::format("{}/{}.jsonl", options.golden, name), name));
    std::vector<std::string_view> texts;
    for (const Pair& pair : set.pairs) texts.insert(texts.end(), {pair.a, pair.b});
    TRY_DO(vectors.prepare(texts));
    pairs.push_back(std::move(set));
  }
  std::string text;
  std::string rows;
  json::Array all;
  const auto say = [&](const SetReport& report) {
    text += table(report);
    rows += csv(report);
    all.push_back(to_json(report));
    fmt::print("{}", table(report));
  };
  const Stream made = synthetic(kReported);
  for (const Stream* stream : {&sets.banking_test, &sets.banking_untouched, &made}) {
    for (const auto& [wording, name] : {std::pair(Wording::one_text, "one text"),
                                        std::pair(Wording::anew_short, "worded anew, short"),
                                        std::pair(Wording::anew_long, "worded anew, long")}) {
      Stream asked = stream == &made ? made : shuffled(*stream, 5);
      asked.name = fmt::format("{}: answers {}", stream->name, name);
      if (!asked.name.contains(options.only)) continue;
      answer(asked, wording, 6);
      SetReport report{asked.name, {}};
      if (wording == Wording::one_text) add_baselines(asked, vectors, report);
      add_verified(asked, vectors, wording, report);
      say(report);
    }
    if (!stream->name.contains(options.only)) continue;
    policy::Budget budget({}, policy::verifier_prior());
    const auto equal = [](std::size_t a, std::size_t b) { return a == b ? 1.0 : 0.0; };
    text += reliability(stream->name,
                        play(shuffled(*stream, 5), vectors, equal, {.budget = &budget}, 3));
  }
  for (const PairSet& set : pairs) {
    if (!set.name.contains(options.only)) continue;
    say(of_pairs(set, vectors));
    text += gate_table(set, vectors);
  }
  const double took = decision_microseconds(sets.banking_test);
  text += fmt::format("\none decision over ten neighbours: {:.1f} microseconds (p50)\n", took);
  json::Value whole;
  whole.set("sets", std::move(all));
  whole.set("decision_microseconds_p50", json::Value::of(took));
  fmt::print("{}\n", text.substr(text.rfind("\none decision")));
  std::ofstream(options.out + "/quality.txt") << text;
  std::ofstream(options.out + "/quality.csv") << rows;
  std::ofstream(options.out + "/quality.json") << json::write(whole) << '\n';
  return {};
}

base::Result<> begin(const Options& options) {
  TRY(embedder, embed::open_embedder("minilm", {.minilm_file = options.model, .contexts = 1}));
  TRY(vectors, Vectors::open(*embedder, options.cache));
  TRY(sets, load(options.data));
  TRY_DO(vectors.prepare(texts_of(sets)));
  const Stream made = synthetic(kTraining);
  const Stream asked = synthetic(kReported);
  for (const Stream* stream : {&made, &asked}) {
    std::vector<std::string_view> texts;
    for (const Stream::Request& request : stream->requests) texts.push_back(request.text);
    TRY_DO(vectors.prepare(texts));
  }
  if (options.command == "fit") {
    std::ofstream out(options.out);
    out << as_source(fit_prior(sets, made, vectors));
    return out.flush() ? base::Result<>()
                       : base::fail(base::Code::io, "cannot write " + options.out);
  }
  return run(options, sets, vectors);
}

}  // namespace
}  // namespace refrain::quality

int main(int argc, char** argv) {
  refrain::quality::Options options;
  if (argc > 1) options.command = argv[1];
  for (int at = 2; at + 1 < argc; at += 2) {
    const std::string flag = argv[at];
    if (flag == "--data") options.data = argv[at + 1];
    if (flag == "--cache") options.cache = argv[at + 1];
    if (flag == "--model") options.model = argv[at + 1];
    if (flag == "--golden") options.golden = argv[at + 1];
    if (flag == "--only") options.only = argv[at + 1];
    if (flag == "--out") options.out = argv[at + 1];
  }
  const bool known = options.command == "fit" || options.command == "run";
  if (!known || options.data.empty() || options.cache.empty() || options.model.empty() ||
      options.out.empty()) {
    fmt::print(stderr,
               "usage: refrain_quality run|fit --data DIR --cache DIR --model FILE.gguf --out "
               "DIR|FILE.cc [--golden DIR] [--only PART-OF-A-SET-NAME]\n");
    return 2;
  }
  const refrain::base::Result<> done = refrain::quality::begin(options);
  if (!done) fmt::print(stderr, "refrain_quality: {}\n", done.error().what);
  return done ? 0 : 1;
}
