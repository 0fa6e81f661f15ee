#pragma once

#include <stdlib.h>

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "base/check.h"
#include "base/pool.h"
#include "tests/support/temp_folder.h"
#include "values/reading.h"
#include "values/values.h"

namespace refrain::values {

/// Time that a test sets.
class SetClock final : public base::Clock {
 public:
  base::Instant now() const noexcept override { return {}; }
  base::WallTime wall() const noexcept override { return base::WallTime(wall_.load()); }
  void advance(std::chrono::milliseconds by) { wall_ = wall_.load() + by; }

 private:
  std::atomic<std::chrono::milliseconds> wall_{std::chrono::milliseconds(1'800'000'000'000)};
};

/// Bytes that differ from seed to seed and from place to place.
inline std::string bytes_of(std::size_t size, std::uint64_t seed) {
  std::string out(size, '\0');
  std::uint64_t state = seed * 0x9e3779b97f4a7c15U + 1;
  for (char& c : out) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    c = static_cast<char>(state >> 56U);
  }
  return out;
}

inline Options small_options(const std::string& folder) {
  Options options;
  options.folder = folder;
  options.memory_max = 16 << 20;
  options.disk_max = 64 << 20;
  options.small_max = 4096;
  options.key_max = 1024;
  options.segment_bytes = 1 << 20;
  options.value_max = 1 << 30;
  return options;
}

/// Values in a folder of their own, with a clock that the test sets.
struct ValuesProbe {
  explicit ValuesProbe(Options settings) : options(std::move(settings)) { open(); }
  ValuesProbe() : ValuesProbe(Options{}, 0) {}

  void open() {
    auto opened = Values::open(options, pool, clock);
    CHECK(opened.has_value(), opened ? "" : opened.error().what);
    values = std::move(*opened);
  }
  /// As after an orderly end and a new start.
  void restart() {
    values.reset();
    open();
  }
  bool set(std::string_view key, std::string_view value, Put put = {}) {
    if (put.space.empty()) put.space = "s";
    put.key = key;
    auto outcome = values->put(put, value);
    return outcome && outcome->stored;
  }
  /// The value, or "<none>", or "<lost>" when it turned out to be damaged.
  std::string get(std::string_view key, std::string_view space = "s") {
    auto found = values->find(space, key);
    if (!found) return "<none>";
    return read(std::move(*found));
  }
  std::string read(Found found) {
    const std::uint64_t bytes = found.bytes;
    return read(std::move(found), 0, bytes);
  }
  std::string read(Found found, std::uint64_t offset, std::uint64_t length) {
    std::mutex lock;
    std::condition_variable woken;
    int wakes = 0;
    int asked = 0;
    std::string out;
    Reading reading(*values, std::move(found), offset, length, [&] {
      std::lock_guard guard(lock);
      ++wakes;
      woken.notify_all();
    });
    for (;;) {
      Reading::Piece piece = reading.next();
      if (piece.state == Reading::State::end) return out;
      if (piece.state == Reading::State::lost) return "<lost>";
      out += piece.bytes;
      if (piece.state != Reading::State::wait) continue;
      std::unique_lock guard(lock);
      ++asked;
      if (!woken.wait_for(guard, std::chrono::seconds(10), [&] { return wakes >= asked; })) {
        return "<stuck>";
      }
    }
  }

  TempFolder folder;
  Options options;
  SetClock clock;
  base::Pool pool{{.name = "values", .threads = 1, .queue_max = 64}};
  std::unique_ptr<Values> values;

 private:
  ValuesProbe(Options, int) : options(small_options(folder.path())) { open(); }
};

}  // namespace refrain::values
