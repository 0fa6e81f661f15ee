// The plan is a list of steps over the prompt from left to right: share what lies in cells, restore
// what lies further off, compute the rest. Exact prefixes nest, so only the longest of each source
// matters, and the order of sources is the order of cost. Rungs 2 and 3 will add steps in the
// middle of the prompt; what they need of this function is already there: candidates in, steps and
// reasons out.
#include "policy/reuse_plan.h"

#include <algorithm>

#include <fmt/format.h>

namespace refrain::policy {
namespace {

double restore_us(Source source, std::size_t tokens, const ReuseCosts& costs) {
  const auto count = static_cast<double>(tokens);
  return source == Source::disk ? costs.disk_fixed + count * costs.disk_per_token
                                : costs.memory_fixed + count * costs.memory_per_token;
}

std::size_t longest(const ReuseQuestion& question, Source source, std::size_t limit) {
  std::size_t tokens = 0;
  for (const Beginning& beginning : question.beginnings) {
    if (beginning.source == source) tokens = std::max(tokens, std::min(beginning.tokens, limit));
  }
  return tokens;
}

// Appends the restore of [done, tokens) from the source if it is allowed and pays.
void consider(const ReuseQuestion& question, Source source, std::size_t tokens, ReusePlan& plan) {
  const std::size_t done = plan.reused_tokens;
  if (tokens <= done) return;
  const std::size_t more = tokens - done;
  if (!question.restores) {
    plan.reasons.push_back(fmt::format("{} tokens lie in {}, but this model's cells cannot be "
                                       "restored",
                                       more, name(source)));
    return;
  }
  const double restore = restore_us(source, more, question.costs);
  const double compute = static_cast<double>(more) * question.costs.prefill_per_token;
  const bool pays = question.rule == ReuseRule::always || restore < compute;
  plan.reasons.push_back(fmt::format("{} {} tokens from {}: {:.1f} ms against {:.1f} ms",
                                     pays ? "restore" : "compute rather than restore", more,
                                     name(source), restore / 1000, compute / 1000));
  if (!pays) return;
  plan.steps.push_back({ReuseStep::Kind::restore, source, done, tokens});
  plan.reused_tokens = tokens;
  plan.saved_us += compute - restore;
}

}  // namespace

std::string_view name(Rung rung) noexcept {
  switch (rung) {
    case Rung::prefix: return "prefix";
    case Rung::chunk: return "chunk";
    case Rung::semantic: return "semantic";
    case Rung::none: return "none";
  }
  return "none";
}

std::string_view name(Source source) noexcept {
  switch (source) {
    case Source::cells: return "cells";
    case Source::memory: return "memory";
    case Source::disk: return "disk";
  }
  return "cells";
}

ReusePlan plan_reuse(const ReuseQuestion& question) {
  ReusePlan plan;
  const std::size_t limit = question.prompt_tokens == 0 ? 0 : question.prompt_tokens - 1;
  if (const std::size_t cells = longest(question, Source::cells, limit); cells > 0) {
    plan.steps.push_back({ReuseStep::Kind::share, Source::cells, 0, cells});
    plan.reused_tokens = cells;
    plan.saved_us = static_cast<double>(cells) * question.costs.prefill_per_token;
    plan.reasons.push_back(fmt::format("share {} tokens in cells", cells));
  }
  consider(question, Source::memory, longest(question, Source::memory, limit), plan);
  consider(question, Source::disk, longest(question, Source::disk, limit), plan);
  plan.rung = plan.reused_tokens > 0 ? Rung::prefix : Rung::none;
  plan.computed_tokens = question.prompt_tokens - plan.reused_tokens;
  if (plan.computed_tokens > 0) {
    plan.steps.push_back({ReuseStep::Kind::compute, Source::cells, plan.reused_tokens,
                          question.prompt_tokens});
  }
  if (plan.rung == Rung::none && plan.reasons.empty()) {
    plan.reasons.emplace_back("no kept prompt begins like this one");
  }
  if (question.approximate) {
    plan.reasons.emplace_back("approximate reuse is allowed, but rungs chunk and semantic are not "
                              "built yet");
  }
  return plan;
}

bool worth_saving(std::size_t tokens, const ReuseCosts& costs, ReuseRule rule) noexcept {
  if (tokens == 0) return false;
  return rule == ReuseRule::always ||
         restore_us(Source::memory, tokens, costs) <
             static_cast<double>(tokens) * costs.prefill_per_token;
}

}  // namespace refrain::policy
