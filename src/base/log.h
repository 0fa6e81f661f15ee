#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/mutex.h"

/// A log line is an event with fields, on stderr, as logfmt. Prompts, answers and secrets are
/// never fields. Threads: any.
namespace refrain::base::log {

enum class Level : std::uint8_t { debug, info, warn, error, off };

struct Field {
  Field(std::string_view field_name, std::string_view field_value)
      : name(field_name), value(field_value) {}
  Field(std::string_view field_name, const char* field_value)
      : name(field_name), value(field_value) {}
  Field(std::string_view field_name, const std::string& field_value)
      : name(field_name), value(field_value) {}
  Field(std::string_view field_name, bool field_value)
      : name(field_name), value(field_value ? "true" : "false") {}
  Field(std::string_view field_name, double field_value);
  template <class Integer>
    requires std::is_integral_v<Integer>
  Field(std::string_view field_name, Integer field_value)
      : name(field_name), value(std::to_string(field_value)) {}

  std::string_view name;
  std::string value;
};

using Fields = std::initializer_list<Field>;

/// Lines below this level are dropped. Default: info.
void set_level(Level level) noexcept;
/// Where lines go instead of stderr; for tests. Null restores stderr.
void set_sink(std::function<void(std::string_view line)> sink);

void debug(std::string_view event, Fields fields = {});
void info(std::string_view event, Fields fields = {});
void warn(std::string_view event, Fields fields = {});
void error(std::string_view event, Fields fields = {});

/// Lets one line through per interval and counts the rest: for faults that come with every request.
class Occasionally {
 public:
  explicit Occasionally(std::chrono::seconds interval = std::chrono::seconds(10))
      : interval_(interval) {}
  /// Logs at warn, with the field suppressed=<lines held back since the last one>, or counts.
  void warn(std::string_view event, Fields fields);

 private:
  struct State {
    Instant next{};
    std::uint64_t suppressed = 0;
  };
  std::chrono::seconds interval_;
  Mutex<State> state_;
};

}  // namespace refrain::base::log
