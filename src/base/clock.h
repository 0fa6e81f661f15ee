#pragma once

#include <chrono>
#include <string>

namespace refrain::base {

using Instant = std::chrono::steady_clock::time_point;              // deadlines and latency
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;  // expiry and files

/// The only source of time. Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const noexcept = 0;
  virtual WallTime wall() const noexcept = 0;
};

/// The machine's own clocks.
class SystemClock final : public Clock {
 public:
  Instant now() const noexcept override;
  WallTime wall() const noexcept override;
};

/// Milliseconds, with fractions, between two instants.
double milliseconds_between(Instant from, Instant to) noexcept;

/// "2026-11-24T11:30:00.123Z" (RFC 3339, UTC).
std::string rfc3339(WallTime time);

/// "batch" stamps of the machine's local time zone: "20261124_113000".
std::string local_stamp(WallTime time);

/// Local time as ISO 8601 without a zone: "2026-11-24T11:30:00.123456".
std::string local_iso8601(WallTime time);

}  // namespace refrain::base
