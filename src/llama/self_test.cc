// A wrong restore is silent: the model goes on talking, from another past. So nothing is assumed
// of llama.cpp's unversioned formats and rules; each is tried on the very model that will be
// served. Restored rows are the same bytes, but a batch of another size rounds differently: the
// largest logit difference allowed is a hundredth of the spread of the logits.
#include "llama/self_test.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

namespace refrain::llama {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::int32_t kProbe = 24;
constexpr std::int32_t kCut = 17;
constexpr float kDifferenceMax = 0.01F;  // of the spread

class Probe {
 public:
  explicit Probe(Context& context)
      : context_(context),
        words_(static_cast<TokenId>(context.model()->facts().vocabulary)) {}

  Result<std::vector<float>> run(SequenceId sequence, std::int32_t from) {
    std::vector<Context::Token> tokens;
    for (std::int32_t i = from; i < kProbe; ++i) {
      tokens.push_back({token(i), i, sequence,
                        i + 1 == kProbe ? Context::Output::logits : Context::Output::none});
    }
    TRY_DO(context_.decode(tokens));
    const auto logits = context_.logits(tokens.size() - 1);
    return std::vector<float>(logits.begin(), logits.end());
  }

  // Gaps must be refused: a prefix that lacks tokens must not go unnoticed.
  bool refuses_gaps(SequenceId sequence) {
    const Context::Token token{this->token(0), kProbe + 3, sequence, Context::Output::none};
    const bool refused = !context_.decode({&token, 1}).has_value();
    if (!refused) context_.remove(sequence, {kProbe});
    return refused;
  }

 private:
  TokenId token(std::int32_t position) const { return (31 + position * 53) % words_; }

  Context& context_;
  const TokenId words_;
};

bool equal(const std::vector<float>& a, const std::vector<float>& b) {
  const auto [low, high] = std::ranges::minmax(a);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!(std::fabs(a[i] - b[i]) <= kDifferenceMax * (high - low))) return false;
  }
  return true;
}

Result<> try_parts(Context& context, Probe& probe, const std::vector<float>& full) {
  if (!probe.refuses_gaps(0)) return fail(Code::unsupported, "positions after a gap are accepted");
  context.share(0, 1, {0, kCut});
  TRY(after, probe.run(1, kCut));
  if (!equal(full, after)) return fail(Code::unsupported, "logits after shared cells differ");
  if (!context.remove(1, {kCut})) return fail(Code::unsupported, "no part can be removed");
  TRY(again, probe.run(1, kCut));
  if (!equal(full, again)) return fail(Code::unsupported, "logits after removed cells differ");
  return {};
}

Result<> try_restore(Context& context, Probe& probe, const std::vector<float>& full) {
  TRY_DO(context.learn_layout(0));
  TRY(rows, context.take_rows(0, {0, kCut}));
  context.clear();
  auto kept = std::make_shared<const Rows>(std::move(rows));
  // In two pieces, since that is how long prompts come back.
  const RowsPart first{kept, 0, 10};
  const RowsPart second{kept, 10, kCut - 10};
  TRY_DO(context.put_rows(1, {&first, 1}));
  TRY_DO(context.put_rows(1, {&second, 1}));
  TRY(taken, context.take_rows(1, {0, kCut}));
  if (taken.bytes != kept->bytes) return fail(Code::unsupported, "rows come back changed");
  TRY(after, probe.run(1, kCut));
  if (!equal(full, after)) return fail(Code::unsupported, "logits after restored rows differ");
  return {};
}

}  // namespace

Result<Trust> self_test(Context& context) {
  Trust trust;
  context.clear();
  Probe probe(context);
  TRY_DO(probe.run(0, 0));  // the first run pays for memory that later ones have
  context.clear();
  const auto start = std::chrono::steady_clock::now();
  TRY(full, probe.run(0, 0));
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  trust.prefill_us = took.count() / kProbe;
  trust.why_not = context.model()->facts().why_no_prefixes;
  if (trust.why_not.empty()) {
    const Result<> parts = try_parts(context, probe, full);
    trust.parts = parts.has_value();
    const Result<> restore = parts ? try_restore(context, probe, full) : parts;
    trust.restores = restore.has_value();
    if (!restore) trust.why_not = restore.error().what;
  }
  context.clear();
  return trust;
}

}  // namespace refrain::llama
