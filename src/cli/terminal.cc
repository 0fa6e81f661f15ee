#include "cli/terminal.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

namespace refrain::cli {

bool is_terminal() noexcept {
  static const bool yes = isatty(STDERR_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  return yes;
}

std::string coloured(std::string_view text, std::string_view colour) {
  if (!is_terminal()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", colour, text);
}

Progress::Progress(std::string what, std::uint64_t total)
    : what_(std::move(what)),
      total_(total),
      start_(base::SystemClock().now()),
      visible_(is_terminal()) {}

Progress::~Progress() {
  if (visible_) std::fputs("\r\x1b[K", stderr);
}

void Progress::set(std::uint64_t done) {
  if (!visible_ || total_ == 0) return;
  base::Instant now = base::SystemClock().now();
  if (now - shown_ < std::chrono::milliseconds(100)) return;
  shown_ = now;
  double seconds = base::milliseconds_between(start_, now) / 1000;
  double share = static_cast<double>(done) / static_cast<double>(total_);
  std::string left = share > 0 ? duration_text(seconds / share - seconds) : "?";
  std::string line = fmt::format("\r\x1b[K{}: {} of {} ({:.0f} %), {} left", what_, done, total_,
                                 share * 100, left);
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

std::string duration_text(double seconds) {
  auto whole = static_cast<std::uint64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace refrain::cli
