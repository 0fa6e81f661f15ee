#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/metric.h"

namespace refrain::api {

// Prometheus' text format, version 0.0.4, appended to `out`. Names come without "refrain_", labels
// without their braces: door="gkv",outcome="hit", or "".

/// kind: counter, gauge or histogram.
void heading(std::string& out, std::string_view name, std::string_view kind, std::string_view help);
void sample(std::string& out, std::string_view name, std::string_view labels, double value);

/// A metric of one sample, heading included.
void counter(std::string& out, std::string_view name, std::string_view help, std::uint64_t value);
void counter_seconds(std::string& out, std::string_view name, std::string_view help, double value);
void gauge(std::string& out, std::string_view name, std::string_view help, double value);

/// The samples of a histogram of seconds, without its heading.
void histogram(std::string& out, std::string_view name, std::string_view labels,
               const base::Histogram::Snapshot& seen);

}  // namespace refrain::api
