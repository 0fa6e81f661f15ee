#pragma once

#include <string>

namespace refrain::llama {

/// Starts llama.cpp once per process and takes over its log: errors go to our log at warn, the rest
/// at debug. Idempotent. Threads: any.
void start_backend();

/// While one lives, this thread's first error line of llama.cpp is kept instead of logged: the
/// cause of a failed call. Not nested.
class ErrorCapture {
 public:
  ErrorCapture();
  ~ErrorCapture();
  ErrorCapture(const ErrorCapture&) = delete;
  ErrorCapture& operator=(const ErrorCapture&) = delete;
  /// The line without its function name and line end; "" if there was none.
  const std::string& first() const noexcept { return first_; }

 private:
  friend void keep_or_log(const std::string& line);
  std::string first_;
};

/// What the log callback does with an error line.
void keep_or_log(const std::string& line);

}  // namespace refrain::llama
