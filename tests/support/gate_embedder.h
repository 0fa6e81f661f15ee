#pragma once

#include <cmath>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include "embed/embedder.h"

namespace refrain::test {

/// Vectors by text, in two dimensions, from a table of the test. A text that is not in the table is
/// an error. While the gate is closed, calls wait inside. Threads: any.
class GateEmbedder final : public embed::Embedder {
 public:
  /// The cosine of `text` to any text that was set to 1 is `cosine`.
  void set(const std::string& text, float cosine) {
    std::lock_guard guard(lock_);
    cosines_[text] = cosine;
  }
  void close_gate() {
    std::lock_guard guard(lock_);
    closed_ = true;
  }
  void open_gate() {
    std::lock_guard guard(lock_);
    closed_ = false;
    changed_.notify_all();
  }
  /// Waits until that many calls have come.
  void wait_calls(std::uint64_t calls) {
    std::unique_lock guard(lock_);
    changed_.wait(guard, [&] { return stats_.calls >= calls; });
  }

  base::Result<embed::Matrix> embed(const base::Call&,
                                    std::span<const std::string_view> texts) override {
    std::unique_lock guard(lock_);
    ++stats_.calls;
    changed_.notify_all();
    changed_.wait(guard, [&] { return !closed_; });
    embed::Matrix out{{}, texts.size(), 2};
    for (std::string_view text : texts) {
      auto found = cosines_.find(std::string(text));
      if (found == cosines_.end()) {
        ++stats_.errors;
        return base::fail(base::Code::invalid, "a text that the test did not set");
      }
      float cosine = found->second;
      out.data.insert(out.data.end(), {cosine, std::sqrt(1 - cosine * cosine)});
    }
    stats_.texts += texts.size();
    return out;
  }
  embed::Info info() const override { return {"gate", "1", 2, 0}; }
  embed::Stats stats() const override {
    std::lock_guard guard(lock_);
    return stats_;
  }

 private:
  mutable std::mutex lock_;
  std::condition_variable changed_;
  std::map<std::string, float> cosines_;
  embed::Stats stats_;
  bool closed_ = false;
};

}  // namespace refrain::test
