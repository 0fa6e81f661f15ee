#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace refrain::cli {

/// True where colours and progress make sense: stderr is a terminal and NO_COLOR is not set.
bool is_terminal() noexcept;

/// The text in a colour ("32" is green) on a terminal, else as it is.
std::string coloured(std::string_view text, std::string_view colour);

/// "embedded: 20 of 80 (25 %), 12 s left": after `seconds` of work. total > 0.
std::string progress_text(std::string_view what, std::uint64_t done, std::uint64_t total,
                          double seconds);

/// A line on stderr that shows how far long work is and when it will end; silent elsewhere than on
/// a terminal.
class Progress {
 public:
  Progress(std::string what, std::uint64_t total);
  ~Progress();
  void set(std::uint64_t done);

 private:
  std::string what_;
  std::uint64_t total_;
  base::Instant start_, shown_{};
  bool visible_;
};

/// "2 s", "3 min 10 s", "1 h 2 min".
std::string duration_text(double seconds);

}  // namespace refrain::cli
