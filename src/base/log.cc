#include "base/log.h"

#include <atomic>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

namespace refrain::base::log {
namespace {

using Sink = std::function<void(std::string_view)>;

std::atomic<Level> threshold{Level::info};

Mutex<std::shared_ptr<Sink>>& sink_slot() {
  static Mutex<std::shared_ptr<Sink>> slot;
  return slot;
}

constexpr std::string_view level_name(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
    case Level::off: return "off";
  }
  return "off";
}

// Values are quoted unless they are plain words, so that a line has one meaning only.
void append_value(std::string& line, std::string_view value) {
  bool plain = !value.empty();
  for (char c : value) {
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) plain = false;
  }
  if (plain) {
    line += value;
    return;
  }
  line += '"';
  for (char c : value) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      line += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    } else {
      line += c;
    }
  }
  line += '"';
}

void emit(Level level, std::string_view event, Fields fields, std::string_view more = {}) {
  if (level < threshold.load(std::memory_order_relaxed)) return;
  std::string line =
      fmt::format("time={} level={} event=", rfc3339(SystemClock().wall()), level_name(level));
  append_value(line, event);
  for (const Field& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    append_value(line, field.value);
  }
  line += more;
  line += '\n';
  auto sink = sink_slot().with([](auto& slot) { return slot; });
  if (sink) {
    (*sink)(line);
  } else {
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

}  // namespace

Field::Field(std::string_view field_name, double field_value)
    : name(field_name), value(fmt::format("{:.3f}", field_value)) {}

void set_level(Level level) noexcept { threshold.store(level, std::memory_order_relaxed); }

void set_sink(std::function<void(std::string_view)> sink) {
  auto shared = sink ? std::make_shared<Sink>(std::move(sink)) : nullptr;
  sink_slot().with([&](auto& slot) { slot = std::move(shared); });
}

void debug(std::string_view event, Fields fields) { emit(Level::debug, event, fields); }
void info(std::string_view event, Fields fields) { emit(Level::info, event, fields); }
void warn(std::string_view event, Fields fields) { emit(Level::warn, event, fields); }
void error(std::string_view event, Fields fields) { emit(Level::error, event, fields); }

void Occasionally::warn(std::string_view event, Fields fields) {
  Instant now = SystemClock().now();
  std::int64_t suppressed = state_.with([&](State& state) -> std::int64_t {
    if (now < state.next) {
      ++state.suppressed;
      return -1;
    }
    state.next = now + interval_;
    return static_cast<std::int64_t>(std::exchange(state.suppressed, 0));
  });
  if (suppressed < 0) return;
  emit(Level::warn, event, fields, fmt::format(" suppressed={}", suppressed));
}

}  // namespace refrain::base::log
