#include "cli/decision_profile.h"

#include <cmath>
#include <span>

#include <fmt/format.h>

#include "base/file.h"

namespace refrain::cli {
namespace {

using base::Code;
using base::fail;
using base::Result;
using json::Value;
using policy::kFeatures;

constexpr std::string_view kMagic = "refrain_decision_profile";
constexpr std::int64_t kVersion = 1;
constexpr std::uint64_t kFileMax = 1 << 20;
constexpr double kNumberMax = 1e30;

json::Array numbers(std::span<const double> values) {
  json::Array out;
  for (const double value : values) out.push_back(Value::of(value));
  return out;
}

Result<double> number(const Value& value, std::string_view name, double low, double high) {
  const std::optional<double> out = value.as_double();
  if (!out || !std::isfinite(*out) || *out < low || *out > high) {
    return fail(Code::invalid, fmt::format("'{}' must be a number from {} to {}", name, low, high));
  }
  return *out;
}

Result<double> member(const Value& value, std::string_view name, double low, double high) {
  const Value* found = value.find(name);
  return number(found ? *found : Value(), name, low, high);
}

Result<> read_numbers(const Value& value, std::string_view name, std::span<double> out) {
  const Value* list = value.find(name);
  if (!list || !list->array() || list->array()->size() != out.size()) {
    return fail(Code::invalid, fmt::format("'{}' must be {} numbers", name, out.size()));
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    TRY(one, number((*list->array())[i], name, -kNumberMax, kNumberMax));
    out[i] = one;
  }
  return {};
}

Result<policy::Switches> read_gates(const Value& value) {
  policy::Switches out;
  const Value* list = value.find("gates_off");
  if (!list || !list->array()) return fail(Code::invalid, "'gates_off' must be a list");
  for (const Value& item : *list->array()) {
    const std::string* name = item.string();
    const std::optional<std::size_t> gate =
        name ? policy::Switches::index_of(*name) : std::nullopt;
    if (!gate) return fail(Code::invalid, "'gates_off' names a gate that is none");
    out.turn_off(*gate);
  }
  return out;
}

}  // namespace

Value write_profile(const policy::Tuned& tuned, double error_max) {
  Value out;
  out.set(kMagic, Value::of(kVersion));
  out.set("examples", Value::of(static_cast<std::uint64_t>(tuned.examples)));
  out.set("error_max", Value::of(error_max));
  out.set("alone_floor", Value::of(tuned.alone_floor));
  json::Array off;
  for (std::size_t gate = 0; gate < policy::Switches::kNames.size(); ++gate) {
    if (tuned.gates.off(gate)) off.push_back(std::string(policy::Switches::kNames[gate]));
  }
  out.set("gates_off", std::move(off));
  out.set("mean", numbers(tuned.belief.mean));
  out.set("covariance", numbers(tuned.belief.covariance));
  return out;
}

Result<DecisionProfile> read_profile(const Value& value) {
  const Value* version = value.find(kMagic);
  if (!version || version->as_int() != kVersion) {
    return fail(Code::invalid, fmt::format("no decision profile of version {}; refrain tune makes "
                                           "one",
                                           kVersion));
  }
  DecisionProfile out;
  TRY(error_max, member(value, "error_max", 0, 1));
  out.error_max = error_max;
  TRY(alone_floor, member(value, "alone_floor", -1, 1));
  out.alone_floor = alone_floor;
  TRY(gates, read_gates(value));
  out.gates = gates;
  TRY_DO(read_numbers(value, "mean", out.belief.mean));
  TRY_DO(read_numbers(value, "covariance", out.belief.covariance));
  for (std::size_t i = 0; i < kFeatures; ++i) {
    if (out.belief.covariance[i * kFeatures + i] < 0) {
      return fail(Code::invalid, "'covariance' has a negative variance");
    }
  }
  return out;
}

Result<DecisionProfile> load_profile(const std::string& path) {
  TRY(text, base::read_file(path, kFileMax));
  Result<Value> value = json::parse(text);
  Result<DecisionProfile> profile =
      value ? read_profile(*value) : Result<DecisionProfile>(std::unexpected(value.error()));
  if (profile) return profile;
  return fail(Code::invalid, fmt::format("{}: {}", path, profile.error().what));
}

}  // namespace refrain::cli
