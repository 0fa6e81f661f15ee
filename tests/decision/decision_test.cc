// What the default decision does with pairs that differ in one decisive token, and with true
// rewordings; so that neither serving everything nor refusing everything passes. The pairs are our
// own (tests/golden/decision): nothing was fitted on them.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>

#include "embed/spec.h"
#include "json/value.h"
#include "policy/pair_check.h"

namespace refrain {
namespace {

struct Pair {
  std::string a, b, kind;
};

std::vector<Pair> read(const std::string& name) {
  std::ifstream in(std::string(REFRAIN_GOLDEN) + "/" + name);
  std::vector<Pair> out;
  for (std::string line; std::getline(in, line);) {
    const base::Result<json::Value> row = json::parse(line);
    EXPECT_TRUE(row) << line;
    out.push_back(
        {std::string(row->text("a")), std::string(row->text("b")), std::string(row->text("kind"))});
  }
  return out;
}

struct Outcome {
  std::size_t pairs = 0, served = 0;
  std::map<std::string, std::size_t> kinds;  // of what was served
  double share() const { return static_cast<double>(served) / static_cast<double>(pairs); }
};

Outcome decide(const std::vector<Pair>& pairs) {
  auto embedder = embed::open_embedder("minilm", {.minilm_file = REFRAIN_MINILM});
  EXPECT_TRUE(embedder);
  Outcome out;
  for (const Pair& pair : pairs) {
    const std::string_view texts[] = {pair.a, pair.b};
    const auto rows = (*embedder)->embed({}, texts);
    EXPECT_TRUE(rows);
    const auto a = rows->row(0);
    const auto b = rows->row(1);
    const double cosine = std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
    const bool serve =
        policy::check_pair(pair.a, pair.b, cosine, (*embedder)->overlooked(pair.a, pair.b)).serve;
    ++out.pairs;
    out.served += serve ? 1U : 0U;
    out.kinds[pair.kind] += serve ? 1U : 0U;
  }
  return out;
}

class Decision : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(std::filesystem::exists(REFRAIN_MINILM)) << "no model: run tools/setup";
  }
};

TEST_F(Decision, ServesAtMostOneAdversarialPairOfAHundred) {
  const std::vector<Pair> pairs = read("adversarial.jsonl");
  ASSERT_GE(pairs.size(), 400U);
  const Outcome outcome = decide(pairs);
  for (const auto& [kind, served] : outcome.kinds) {
    if (served > 0) RecordProperty("served_" + kind, static_cast<int>(served));
  }
  EXPECT_LE(outcome.share(), 0.01);
}

TEST_F(Decision, ServesAtLeastSevenRewordingsOfTen) {
  const std::vector<Pair> pairs = read("rewordings.jsonl");
  ASSERT_GE(pairs.size(), 400U);
  const Outcome outcome = decide(pairs);
  RecordProperty("served", static_cast<int>(outcome.served));
  EXPECT_GE(outcome.share(), 0.70) << outcome.served << " of " << outcome.pairs;
}

}  // namespace
}  // namespace refrain
