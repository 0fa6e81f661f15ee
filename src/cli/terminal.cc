#include "cli/terminal.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

namespace refrain::cli {

bool is_terminal() noexcept {
  return isatty(STDERR_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
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
  std::string line = "\r\x1b[K" + progress_text(what_, done, total_, seconds);
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

std::string progress_text(std::string_view what, std::uint64_t done, std::uint64_t total,
                          double seconds) {
  double share = static_cast<double>(done) / static_cast<double>(total);
  std::string left = share > 0 ? duration_text(seconds / share - seconds) : "?";
  return fmt::format("{}: {} of {} ({:.0f} %), {} left", what, done, total, share * 100, left);
}

std::string duration_text(double seconds) {
  auto whole = static_cast<std::uint64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace refrain::cli
