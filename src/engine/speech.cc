#include "engine/speech.h"

#include <algorithm>

#include "engine/utf8.h"

namespace refrain::engine {
namespace {

// Length of the longest end of `text` that begins `stop`, but is not all of it.
std::size_t begun(std::string_view text, std::string_view stop) {
  for (std::size_t length = std::min(text.size(), stop.size() - 1); length > 0; --length) {
    if (text.substr(text.size() - length) == stop.substr(0, length)) return length;
  }
  return 0;
}

}  // namespace

std::string Speech::show(std::size_t bytes) {
  std::string out = readable(std::string_view(held_).substr(0, bytes));
  held_.erase(0, bytes);
  shown_ += bytes;
  return out;
}

std::string Speech::add(std::string_view bytes) {
  if (stopped_) return {};
  held_ += bytes;
  std::size_t first = std::string::npos;
  for (const std::string& stop : stops_) {
    const std::size_t at = held_.find(stop);
    if (at < first) {
      first = at;
      stop_ = stop;
    }
  }
  if (first != std::string::npos) {
    stopped_ = true;
    std::string out = show(first);
    held_.clear();
    return out;
  }
  std::size_t hold = unfinished(held_);
  for (const std::string& stop : stops_) hold = std::max(hold, begun(held_, stop));
  // What is shown must not end in the middle of a character that a stop sequence holds back.
  std::size_t end = held_.size() - hold;
  end -= unfinished(std::string_view(held_).substr(0, end));
  return show(end);
}

std::string Speech::finish() { return stopped_ ? std::string() : show(held_.size()); }

}  // namespace refrain::engine
