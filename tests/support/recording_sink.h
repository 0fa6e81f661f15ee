#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fetch/client.h"

namespace refrain::test {

/// Keeps what a transfer said, and lets a test wait for it.
class RecordingSink final : public fetch::Sink {
 public:
  struct Seen {
    int status = 0;
    fetch::Headers headers;
    std::string body;
    int heads = 0, ends = 0;
    std::optional<base::Result<>> result;
  };

  /// accept: what data() returns for a piece; by default true.
  explicit RecordingSink(std::function<bool(std::string_view)> accept = {})
      : accept_(std::move(accept)) {}

  void head(int status, fetch::Headers headers) override {
    std::lock_guard guard(lock_);
    seen_.status = status;
    seen_.headers = std::move(headers);
    ++seen_.heads;
    changed_.notify_all();
  }
  bool data(std::string_view bytes) override {
    std::lock_guard guard(lock_);
    seen_.body += bytes;
    changed_.notify_all();
    return !accept_ || accept_(bytes);
  }
  void finished(base::Result<> result) override {
    std::lock_guard guard(lock_);
    seen_.result = std::move(result);
    ++seen_.ends;
    changed_.notify_all();
  }

  Seen wait_finished() {
    return wait([](const Seen& seen) { return seen.ends > 0; });
  }
  Seen wait_head() {
    return wait([](const Seen& seen) { return seen.heads > 0; });
  }
  Seen wait_body(std::string_view part) {
    return wait([=](const Seen& seen) { return seen.body.find(part) != std::string::npos; });
  }
  Seen seen() {
    std::lock_guard guard(lock_);
    return seen_;
  }
  /// The error of a finished transfer; code internal and no text if it went well.
  base::Error error() {
    Seen seen = wait_finished();
    return *seen.result ? base::Error{} : seen.result->error();
  }

 private:
  Seen wait(std::function<bool(const Seen&)> ready) {
    std::unique_lock guard(lock_);
    changed_.wait(guard, [&] { return ready(seen_); });
    return seen_;
  }

  std::function<bool(std::string_view)> accept_;
  std::mutex lock_;
  std::condition_variable changed_;
  Seen seen_;
};

}  // namespace refrain::test
