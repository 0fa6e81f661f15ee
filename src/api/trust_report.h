#pragma once

#include <string>
#include <string_view>

#include "json/value.h"
#include "trust/trust.h"

namespace refrain::api {

/// Lines of Prometheus text: refusals by gate, labels, shadow checks, and by door the achieved
/// error against its budget.
void trust_metrics(const trust::Trust::Stats& stats, std::string& out);
/// The same for the native door, by route; tenant: whose routes are told, "" for all.
json::Value write_trust(const trust::Trust::Stats& stats, std::string_view tenant);
/// What a decision knew: features by name, probability, bound, limit, budget.
json::Value write_judgement(const trust::Judgement& judged);

}  // namespace refrain::api
