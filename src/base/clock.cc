#include "base/clock.h"

#include <ctime>

#include <fmt/format.h>

namespace refrain::base {
namespace {

std::tm split(WallTime time, bool local) {
  std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  if (local) {
    localtime_r(&seconds, &parts);
  } else {
    gmtime_r(&seconds, &parts);
  }
  return parts;
}

long millisecond_part(WallTime time) {
  auto rest = time - std::chrono::floor<std::chrono::seconds>(time);
  return static_cast<long>(rest.count());
}

}  // namespace

Instant SystemClock::now() const noexcept { return std::chrono::steady_clock::now(); }

WallTime SystemClock::wall() const noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

double milliseconds_between(Instant from, Instant to) noexcept {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

std::string rfc3339(WallTime time) {
  std::tm t = split(time, false);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", t.tm_year + 1900, t.tm_mon + 1,
                     t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, millisecond_part(time));
}

std::string local_stamp(WallTime time) {
  std::tm t = split(time, true);
  return fmt::format("{:04}{:02}{:02}_{:02}{:02}{:02}", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
                     t.tm_hour, t.tm_min, t.tm_sec);
}

std::string local_iso8601(WallTime time) {
  std::tm t = split(time, true);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}000", t.tm_year + 1900, t.tm_mon + 1,
                     t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, millisecond_part(time));
}

}  // namespace refrain::base
