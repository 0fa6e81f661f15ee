#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/call.h"
#include "base/result.h"
#include "llama/model.h"

namespace refrain::embed {

/// The windows of one call. Whoever takes a window writes its vector; the caller reads them after
/// WorkQueue::wait has said that all are done.
struct Job {
  base::Call call;
  std::vector<std::vector<llama::TokenId>> windows;
  std::vector<float> vectors;  // [windows.size(), dim]

 private:
  friend class WorkQueue;
  std::size_t taken_ = 0, done_ = 0;
  bool given_up_ = false;  // by the caller, or by its deadline
  std::optional<base::Error> error_;
};

/// Calls waiting for encoders: bounded, fair between calls, and blind to what is computed. A call
/// of many windows lets others pass after each batch. Threads: any.
class WorkQueue {
 public:
  struct Options {
    std::size_t calls_max = 256;         // waiting or under way
    std::size_t batch_tokens_max = 128;  // of several windows together; a lone window may be longer
    std::size_t batch_windows_max = 15;
  };
  struct Piece {
    std::shared_ptr<Job> job;
    std::size_t window = 0;
  };

  explicit WorkQueue(const Options& options) : options_(options) {}

  /// Errors: busy (calls_max), cancelled (stopped).
  base::Result<> add(const std::shared_ptr<Job>& job);
  /// Waits until the whole job is computed. Errors: deadline, cancelled (stop token, stop()), or
  /// what finish() was given. Nothing of the job is taken any more once this has returned.
  base::Result<> wait(const std::shared_ptr<Job>& job);

  /// Waits for work and takes a batch: windows of as many calls as fit, a fair share if others are
  /// idle. Calls whose deadline has passed are skipped. Empty: stopped.
  std::vector<Piece> take();
  /// The pieces' vectors are written, or could not be.
  void finish(const std::vector<Piece>& pieces, const base::Result<>& result);

  /// Ends every wait and every take. Idempotent.
  void stop();

 private:
  std::vector<Piece> fill_batch();
  std::size_t waiting_windows() const;
  void drop_expired();

  const Options options_;
  std::mutex lock_;
  std::condition_variable work_;
  std::condition_variable_any answered_;
  std::deque<std::shared_ptr<Job>> jobs_;  // with windows that nobody has taken
  std::size_t open_ = 0, idle_ = 0;
  bool stopping_ = false;
};

}  // namespace refrain::embed
