#include "api/metrics_text.h"

#include <fmt/format.h>

namespace refrain::api {

void heading(std::string& out, std::string_view name, std::string_view kind,
             std::string_view help) {
  out += fmt::format("# HELP refrain_{} {}\n# TYPE refrain_{} {}\n", name, help, name, kind);
}

void sample(std::string& out, std::string_view name, std::string_view labels, double value) {
  if (labels.empty()) {
    out += fmt::format("refrain_{} {}\n", name, value);
  } else {
    out += fmt::format("refrain_{}{{{}}} {}\n", name, labels, value);
  }
}

void counter_seconds(std::string& out, std::string_view name, std::string_view help,
                     double value) {
  heading(out, name, "counter", help);
  sample(out, name, "", value);
}

void counter(std::string& out, std::string_view name, std::string_view help, std::uint64_t value) {
  counter_seconds(out, name, help, static_cast<double>(value));
}

void gauge(std::string& out, std::string_view name, std::string_view help, double value) {
  heading(out, name, "gauge", help);
  sample(out, name, "", value);
}

void histogram(std::string& out, std::string_view name, std::string_view labels,
               const base::Histogram::Snapshot& seen) {
  const std::string bucket = fmt::format("{}_bucket", name);
  const std::string_view comma = labels.empty() ? "" : ",";
  std::uint64_t below = 0;
  for (std::size_t i = 0; i + 1 < base::Histogram::kBuckets; ++i) {
    below += seen.counts[i];
    sample(out, bucket,
           fmt::format("{}{}le=\"{}\"", labels, comma, base::Histogram::upper_bound(i)),
           static_cast<double>(below));
  }
  sample(out, bucket, fmt::format("{}{}le=\"+Inf\"", labels, comma),
         static_cast<double>(seen.count));
  sample(out, fmt::format("{}_sum", name), labels, seen.sum_seconds);
  sample(out, fmt::format("{}_count", name), labels, static_cast<double>(seen.count));
}

}  // namespace refrain::api
