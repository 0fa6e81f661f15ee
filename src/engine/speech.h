#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace refrain::engine {

/// The bytes of an answer on their way to readers. Held back is what may still become a stop
/// sequence, and a character of which only the beginning is there. Threads: one at a time.
class Speech {
 public:
  /// stops: none empty.
  explicit Speech(std::vector<std::string> stops) : stops_(std::move(stops)) {}

  /// Adds bytes of a token; returns what can be shown now, valid UTF-8. Once a stop sequence has
  /// come nothing more is shown, and neither is the sequence.
  std::string add(std::string_view bytes);
  /// What was held back, if the answer ends here.
  std::string finish();

  bool stopped() const noexcept { return stopped_; }
  const std::string& stop() const noexcept { return stop_; }  // the one that came
  /// Bytes of the model shown so far.
  std::size_t shown() const noexcept { return shown_; }

 private:
  std::string show(std::size_t bytes);

  std::vector<std::string> stops_;
  std::string held_;
  std::string stop_;
  std::size_t shown_ = 0;
  bool stopped_ = false;
};

}  // namespace refrain::engine
