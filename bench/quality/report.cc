#include "quality/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace refrain::quality {
namespace {

constexpr double kNormal95 = 1.959964;
constexpr double kWrongs[] = {0.005, 0.01, 0.02, 0.05};

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

double Point::hit_rate() const { return share(hits, requests); }
double Point::wrong_rate() const { return share(wrong, hits); }

Interval wilson(std::size_t part, std::size_t whole) {
  if (whole == 0) return {};
  const double n = static_cast<double>(whole);
  const double p = static_cast<double>(part) / n;
  const double z2 = kNormal95 * kNormal95;
  const double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kNormal95 * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

double best_hits(const SetReport& set, const std::string& mode, double wrong_max) {
  double best = 0;
  for (const Point& point : set.points) {
    if (point.mode == mode && point.hits > 0 && point.wrong_rate() <= wrong_max) {
      best = std::max(best, point.hit_rate());
    }
  }
  return best;
}

std::string table(const SetReport& set) {
  std::string out =
      fmt::format("\n{}\n{:10} {:>8} {:>8} {:>7} {:>7} {:>15} {:>9} {:>9}\n", set.name, "mode",
                  "setting", "hits", "wrong", "rate", "95 %", "label 1", "label 0");
  for (const Point& point : set.points) {
    const Interval range = wilson(point.wrong, point.hits);
    out += fmt::format(
        "{:10} {:8.3f} {:8.3f} {:7} {:7.4f} {:.4f} - {:.4f} {:>9} {:>9}\n", point.mode,
        point.setting, point.hit_rate(), point.wrong, point.wrong_rate(), range.low, range.high,
        point.same ? fmt::format("{:.3f}", share(point.same_served, point.same)) : "-",
        point.other ? fmt::format("{:.3f}", share(point.other_served, point.other)) : "-");
  }
  out += "best hit rate at wrong <=";
  for (const double wrong : kWrongs) out += fmt::format("  {:.1f} %", wrong * 100);
  out += '\n';
  for (const char* mode : {"cosine", "gates", "verified"}) {
    out += fmt::format("{:24} ", mode);
    for (const double wrong : kWrongs) out += fmt::format(" {:.3f}", best_hits(set, mode, wrong));
    out += '\n';
  }
  return out;
}

std::string csv(const SetReport& set) {
  std::string out =
      "set,mode,setting,requests,hits,wrong,wrong_rate,low,high,label1,label1_served,label0,"
      "label0_served\n";
  for (const Point& point : set.points) {
    const Interval range = wilson(point.wrong, point.hits);
    out += fmt::format("{},{},{},{},{},{},{:.6f},{:.6f},{:.6f},{},{},{},{}\n", set.name, point.mode,
                       point.setting, point.requests, point.hits, point.wrong, point.wrong_rate(),
                       range.low, range.high, point.same, point.same_served, point.other,
                       point.other_served);
  }
  return out;
}

json::Value to_json(const SetReport& set) {
  json::Array points;
  for (const Point& point : set.points) {
    const Interval range = wilson(point.wrong, point.hits);
    json::Value one;
    one.set("mode", point.mode);
    one.set("setting", json::Value::of(point.setting));
    one.set("requests", json::Value::of(static_cast<std::uint64_t>(point.requests)));
    one.set("hits", json::Value::of(static_cast<std::uint64_t>(point.hits)));
    one.set("wrong", json::Value::of(static_cast<std::uint64_t>(point.wrong)));
    one.set("wrong_rate", json::Value::of(point.wrong_rate()));
    one.set("wrong_rate_95", json::Array{json::Value::of(range.low), json::Value::of(range.high)});
    points.push_back(std::move(one));
  }
  json::Value out;
  out.set("set", set.name);
  out.set("points", std::move(points));
  return out;
}

}  // namespace refrain::quality
