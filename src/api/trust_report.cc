#include "api/trust_report.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "api/metrics_text.h"
#include "policy/interval.h"

namespace refrain::api {
namespace {

using json::Value;

// Tenants and models are many; a door has one line.
struct Door {
  std::uint64_t hits = 0, labels = 0, checks = 0, checks_wrong = 0;
  double error_max = 0;
};

std::map<std::string, Door> by_door(const trust::Trust::Stats& stats) {
  std::map<std::string, Door> out;
  for (const trust::Routes::Row& row : stats.routes) {
    Door& door = out[row.door];
    door.hits += row.hits;
    door.labels += row.labels;
    door.checks += row.checks;
    door.checks_wrong += row.checks_wrong;
    door.error_max = std::max(door.error_max, row.error_max);
  }
  return out;
}

// Six digits say all that is known.
Value rounded(double value) { return Value::of(std::round(value * 1e6) / 1e6); }

Value number(std::uint64_t value) { return Value::of(value); }

Value achieved(std::uint64_t checks, std::uint64_t wrong) {
  const policy::Interval found = policy::interval(wrong, checks);
  Value out;
  out.set("seen", rounded(found.seen));
  out.set("low", rounded(found.low));
  out.set("high", rounded(found.high));
  return out;
}

template <class Read>
void by_doors(std::string& out, std::string_view name, std::string_view kind,
              std::string_view help, const std::map<std::string, Door>& doors, const Read& read) {
  heading(out, name, kind, help);
  for (const auto& [door, row] : doors) {
    sample(out, name, fmt::format("door=\"{}\"", door), read(row));
  }
}

}  // namespace

void trust_metrics(const trust::Trust::Stats& stats, std::string& out) {
  heading(out, "semantic_refused_total", "counter",
          "Semantic look-ups without a hit, by what refused the nearest candidate.");
  for (std::size_t i = 0; i < trust::Trust::kRefusals.size(); ++i) {
    sample(out, "semantic_refused_total", fmt::format("by=\"{}\"", trust::Trust::kRefusals[i]),
           static_cast<double>(stats.refused[i]));
  }
  const std::map<std::string, Door> doors = by_door(stats);
  const auto count = [](std::uint64_t value) { return static_cast<double>(value); };
  by_doors(out, "verified_hits_total", "counter", "Hits that the budget was charged for.", doors,
           [&](const Door& door) { return count(door.hits); });
  by_doors(out, "shadow_checks_total", "counter",
           "Would-be hits that were generated and could be compared.", doors,
           [&](const Door& door) { return count(door.checks); });
  by_doors(out, "shadow_checks_wrong_total", "counter", "Of these, with another answer.", doors,
           [&](const Door& door) { return count(door.checks_wrong); });
  by_doors(out, "error_max", "gauge", "Budget of wrong answers among the hits.", doors,
           [](const Door& door) { return door.error_max; });
  by_doors(out, "error_seen", "gauge", "Share of wrong ones that the shadow checks saw.", doors,
           [](const Door& door) {
             return policy::interval(door.checks_wrong, door.checks).seen;
           });
  by_doors(out, "error_low", "gauge", "Lower end of its 95 % interval.", doors,
           [](const Door& door) { return policy::interval(door.checks_wrong, door.checks).low; });
  by_doors(out, "error_high", "gauge", "Upper end of its 95 % interval.", doors,
           [](const Door& door) { return policy::interval(door.checks_wrong, door.checks).high; });
  counter(out, "labels_total", "Misses that told whether their candidate was right.", stats.labels);
  counter(out, "labels_unsure_total", "Misses whose answers could not be compared.", stats.unsure);
  counter(out, "trust_saved_total", "Times that what was learnt was written.", stats.saved);
  counter(out, "trust_save_failed_total", "Times that it could not be written.",
          stats.save_failed);
  counter(out, "trust_damaged_total", "Unreadable files at the start.", stats.damaged);
  gauge(out, "quarantined", "Answers said to be wrong.", static_cast<double>(stats.quarantined));
  gauge(out, "routes", "Error budgets.", static_cast<double>(stats.routes.size()));
  gauge(out, "texts_bytes", "Of texts read to decide.", static_cast<double>(stats.texts.bytes));
  gauge(out, "texts_bytes_max", "Limit of these.", static_cast<double>(stats.texts.bytes_max));
}

Value write_trust(const trust::Trust::Stats& stats, std::string_view tenant) {
  Value out;
  Value refused;
  for (std::size_t i = 0; i < trust::Trust::kRefusals.size(); ++i) {
    refused.set(trust::Trust::kRefusals[i], number(stats.refused[i]));
  }
  out.set("refused", std::move(refused));
  json::Array routes;
  for (const trust::Routes::Row& row : stats.routes) {
    if (!tenant.empty() && row.tenant != tenant) continue;
    Value one;
    one.set("door", row.door);
    one.set("tenant", row.tenant);
    one.set("model", row.model);
    one.set("hits", number(row.hits));
    one.set("labels", number(row.labels));
    one.set("checks", number(row.checks));
    one.set("checks_wrong", number(row.checks_wrong));
    one.set("error", achieved(row.checks, row.checks_wrong));
    one.set("error_max", rounded(row.error_max));
    one.set("limit", rounded(row.limit));
    one.set("correction", rounded(row.correction));
    routes.push_back(std::move(one));
  }
  out.set("routes", std::move(routes));
  out.set("labels", number(stats.labels));
  out.set("unsure", number(stats.unsure));
  out.set("checks_today", number(stats.spent.calls));
  out.set("money_today", rounded(stats.spent.money));
  out.set("quarantined", number(stats.quarantined));
  out.set("texts", number(stats.texts.texts));
  out.set("texts_bytes", number(stats.texts.bytes));
  return out;
}

Value write_judgement(const trust::Judgement& judged) {
  Value out;
  out.set("wrong", rounded(judged.allowance.wrong));
  out.set("bound", rounded(judged.allowance.bound));
  out.set("limit", rounded(judged.allowance.limit));
  out.set("error_max", rounded(judged.route.error_max));
  out.set("correction", rounded(judged.correction));
  out.set("explored", judged.allowance.explore);
  out.set("trusted", judged.first == policy::First::trusted);
  out.set("labels", number(judged.labels));
  out.set("checks", number(judged.checks));
  out.set("checks_wrong", number(judged.checks_wrong));
  // Of the two blocks one is all 0.
  const bool supported = judged.evidence[policy::kAlone] > 0;
  const std::size_t begin = supported ? policy::kAlone : 0;
  const std::size_t end = supported ? policy::kFeatures : policy::kAlone;
  Value features;
  for (std::size_t i = begin; i < end; ++i) {
    features.set(policy::feature_name(i), rounded(judged.evidence[i]));
  }
  out.set("features", std::move(features));
  return out;
}

}  // namespace refrain::api
