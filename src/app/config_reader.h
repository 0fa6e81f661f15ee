#pragma once

#include <charconv>
#include <chrono>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "app/settings.h"
#include "app/units.h"

namespace refrain::app {

/// Reads one value after the other; the first fault stays.
/// Threads: one at a time.
class Reader {
 public:
  explicit Reader(const Values& values) : values_(values) {}

  std::string text(std::string_view name) const {
    const Value& value = values_.find(name)->second;
    return value.texts.empty() ? "" : value.texts.back();
  }
  std::vector<std::string> texts(std::string_view name) const {
    std::vector<std::string> out;
    for (const std::string& text : values_.find(name)->second.texts) {
      if (!text.empty()) out.push_back(text);
    }
    return out;
  }
  std::uint64_t bytes(std::string_view name) { return take(name, parse_bytes(text(name))); }
  std::chrono::milliseconds duration(std::string_view name) {
    return take(name, parse_duration(text(name)));
  }
  bool on(std::string_view name) { return one_of(name, {"on", "off"}) == "on"; }
  std::size_t count(std::string_view name) {
    std::string word = text(name);
    std::size_t number = 0;
    auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc{} || end != word.data() + word.size()) fault(name, "a whole number");
    return number;
  }
  double real(std::string_view name, double low, double high) {
    std::string word = text(name);
    double number = 0;
    auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    bool good = error == std::errc{} && end == word.data() + word.size();
    if (!good || number < low || number > high) {
      fault(name, fmt::format("a number from {} to {}", low, high));
    }
    return number;
  }
  std::string one_of(std::string_view name, std::initializer_list<std::string_view> allowed) {
    return one_of(name, std::span(allowed.begin(), allowed.size()));
  }
  std::string one_of(std::string_view name, std::span<const std::string_view> allowed) {
    std::string word = text(name);
    for (std::string_view good : allowed) {
      if (word == good) return word;
    }
    fault(name, fmt::format("{}", fmt::join(allowed, ", ")));
    return word;
  }
  void fault(std::string_view name, std::string_view wanted) {
    if (!error_.empty()) return;
    const Value& value = values_.find(name)->second;
    error_ = fmt::format("setting '{}' is '{}' ({}): {} is wanted", name,
                         fmt::join(value.texts, ", "), value.origin, wanted);
  }
  /// The same for a value that must not be repeated.
  void refuse(std::string_view name, std::string_view wanted) {
    if (!error_.empty()) return;
    error_ = fmt::format("setting '{}' ({}): wanted is {}", name,
                         values_.find(name)->second.origin, wanted);
  }
  const std::string& error() const { return error_; }

 private:
  template <class T>
  T take(std::string_view name, base::Result<T> result) {
    if (result) return *result;
    fault(name, result.error().what);
    return T{};
  }

  const Values& values_;
  std::string error_;
};

}  // namespace refrain::app
