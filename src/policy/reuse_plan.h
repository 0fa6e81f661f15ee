#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace refrain::policy {

/// The reuse ladder: how much of a prompt's KV has to be computed, best first. Rungs below prefix
/// are approximate; today's planner knows prefix and none.
enum class Rung : std::uint8_t { prefix, chunk, semantic, none };
std::string_view name(Rung rung) noexcept;

/// Where KV lies, nearest first.
enum class Source : std::uint8_t { cells, memory, disk };
std::string_view name(Source source) noexcept;

/// KV of a beginning of the prompt: tokens [0, tokens), by identity of all tokens.
struct Beginning {
  Source source = Source::cells;
  std::size_t tokens = 0;
};

/// What things cost here and now, in microseconds; measured by the engine as it goes.
struct ReuseCosts {
  double prefill_per_token = 100;
  double memory_per_token = 1, disk_per_token = 5;
  double memory_fixed = 50, disk_fixed = 500;  // of one restore, whatever its length
};

/// Whether a restore has to pay, or is taken wherever it is possible.
enum class ReuseRule : std::uint8_t { by_time, always };

struct ReuseQuestion {
  std::size_t prompt_tokens = 0;
  std::vector<Beginning> beginnings{};
  ReuseCosts costs{};
  ReuseRule rule = ReuseRule::by_time;
  bool restores = true;     // rows can be put back; false: only cells count
  bool approximate = false;  // the request or the operator allowed rungs 2 and 3
};

/// What to do for tokens [from, to) of the prompt.
struct ReuseStep {
  enum class Kind : std::uint8_t { share, restore, compute };
  Kind kind = Kind::compute;
  Source source = Source::cells;  // of share and restore
  std::size_t from = 0, to = 0;
  bool operator==(const ReuseStep&) const = default;
};

struct ReusePlan {
  Rung rung = Rung::none;
  std::vector<ReuseStep> steps{};  // cover the prompt without gap, in order
  std::size_t reused_tokens = 0, computed_tokens = 0;
  double saved_us = 0;                  // against computing everything; an estimate
  std::vector<std::string> reasons{};  // "restore 320 tokens from memory: 1.2 ms, not 32.0 ms"
};

/// The cheapest way to a prompt's KV. Pure and deterministic. The last token is always computed,
/// since its logits are wanted. Rule: the longest beginning in cells is taken as it costs nothing;
/// a longer one elsewhere is restored from there on, if that takes less time than computing.
ReusePlan plan_reuse(const ReuseQuestion& question);

/// Whether KV of so many tokens is worth keeping outside the context at all.
bool worth_saving(std::size_t tokens, const ReuseCosts& costs, ReuseRule rule) noexcept;

}  // namespace refrain::policy
