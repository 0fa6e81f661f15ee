#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/result.h"
#include "policy/switches.h"
#include "policy/verifier_table.h"
#include "trust/allowance.h"
#include "trust/routes.h"
#include "trust/texts.h"
#include "trust/verdicts.h"

namespace refrain::trust {

/// Which stored answers are trusted, and by what: budgets of routes, verdicts of people, and the
/// texts that decisions need, with the file in which the first two outlive the process.
/// Threads: any.
class Trust {
 public:
  struct Options {
    policy::Budget::Options budget = {};
    policy::Belief prior = policy::verifier_prior();
    policy::Switches gates = {};
    Anchor anchor = Anchor::alone_floor;
    CheckAllowance::Options checks = {};
    Texts::Options texts = {};
    std::size_t routes_max = 512;
    std::size_t spoken_max = 65536;
    std::string file = {};                // "" keeps nothing
    std::chrono::seconds save_every{10};  // of what was learnt; verdicts are saved at once
  };
  /// What a candidate may be refused by.
  static constexpr std::array<std::string_view, 14> kRefusals = {
      "floor",     "numbers",  "names",      "polarity", "question", "direction",  "time",
      "modality",  "substitution", "length", "order",    "unseen",   "verifier",   "quarantine"};
  struct Stats {
    Texts::Stats texts;
    std::vector<Routes::Row> routes;
    CheckAllowance::Spent spent;
    std::array<std::uint64_t, kRefusals.size()> refused{};
    std::uint64_t quarantined = 0, labels = 0, unsure = 0, explored = 0;
    std::uint64_t saved = 0, save_failed = 0, damaged = 0;
  };

  /// A file that is damaged or of another version is no error: what was learnt begins anew, which
  /// is counted and logged. `clock` outlives this.
  static std::unique_ptr<Trust> open(Options options, const base::Clock& clock);
  ~Trust();

  Routes& routes() noexcept { return routes_; }
  Texts& texts() noexcept { return texts_; }
  Verdicts& verdicts() noexcept { return verdicts_; }
  CheckAllowance& checks() noexcept { return checks_; }
  const policy::Switches& gates() const noexcept { return options_.gates; }

  /// A candidate was refused by this; an unknown name is not counted.
  void refused(std::string_view by);
  /// A miss told whether its candidate was right; nullopt: the judge of answers was not sure.
  void learn(const Judgement& judged, std::optional<bool> right);
  /// Entries are no more.
  void forget(std::span<const key::EntryId> ids);

  /// Returns when what is known now is durable. Blocks. Errors: io, unavailable (disk full).
  base::Result<> save();
  /// Saves if something was learnt and the last time was long ago. Blocks.
  void upkeep();
  Stats stats() const;

 private:
  Trust(Options options, const base::Clock& clock);
  void load();

  const Options options_;
  const base::Clock& clock_;
  CheckAllowance checks_;
  Routes routes_;
  Texts texts_;
  Verdicts verdicts_;
  std::array<base::Counter, kRefusals.size()> refused_;
  base::Counter labels_, unsure_, explored_, saved_, save_failed_, damaged_;
  // Held while a file is written: an older image must not take the place of a newer one. Whoever
  // waits for it would have written too.
  std::mutex writing_;
  std::atomic<std::uint64_t> saved_changes_{0};
  std::atomic<std::int64_t> saved_at_{0};  // milliseconds of the steady clock
  base::log::Occasionally fault_;
};

}  // namespace refrain::trust
