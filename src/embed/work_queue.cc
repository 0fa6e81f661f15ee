// Jobs stand in a ring: take() moves the first one to the back as long as it has windows left, so a
// text of a user never waits for the whole of a bulk insert. A batch is filled with windows that
// are small enough to pay (several texts share one pass over the weights) and is cut to a fair
// share when other encoders stand idle: parallel beats batched.
//
// A caller that gives up only marks its job; windows that are being computed then end unread, as
// the job's memory belongs to whoever still holds it.
#include "embed/work_queue.h"

#include <algorithm>

#include <fmt/format.h>

namespace refrain::embed {

using base::Code;
using base::fail;

base::Result<> WorkQueue::add(const std::shared_ptr<Job>& job) {
  {
    std::lock_guard guard(lock_);
    if (stopping_) return fail(Code::cancelled, "the embedder is stopping");
    if (open_ >= options_.calls_max) {
      return fail(Code::busy, fmt::format("{} calls wait for the embedder, its limit", open_));
    }
    ++open_;
    jobs_.push_back(job);
  }
  work_.notify_all();
  return {};
}

base::Result<> WorkQueue::wait(const std::shared_ptr<Job>& job) {
  std::unique_lock guard(lock_);
  const auto over = [&] {
    return stopping_ || job->given_up_ || job->error_ || job->done_ == job->windows.size();
  };
  bool ended = false;
  if (job->call.deadline == base::Instant::max()) {
    ended = answered_.wait(guard, job->call.stop, over);
  } else {
    ended = answered_.wait_until(guard, job->call.stop, job->call.deadline, over);
  }
  --open_;
  std::erase(jobs_, job);
  const bool whole = job->done_ == job->windows.size();
  job->given_up_ = true;
  if (job->error_) return std::unexpected(*job->error_);
  if (whole) return {};
  if (job->call.stop.stop_requested() || (ended && stopping_)) {
    return fail(Code::cancelled, "embedding was cancelled");
  }
  return fail(Code::deadline, fmt::format("deadline passed with {} of {} windows embedded",
                                          job->done_, job->windows.size()));
}

std::vector<WorkQueue::Piece> WorkQueue::take() {
  std::unique_lock guard(lock_);
  for (;;) {
    ++idle_;
    work_.wait(guard, [this] { return stopping_ || !jobs_.empty(); });
    --idle_;
    if (stopping_) return {};
    drop_expired();
    if (!jobs_.empty()) return fill_batch();
  }
}

void WorkQueue::drop_expired() {
  const base::Instant now = base::SystemClock().now();
  const auto expired = std::erase_if(jobs_, [&](const std::shared_ptr<Job>& job) {
    if (job->call.deadline > now && !job->call.stop.stop_requested()) return false;
    job->given_up_ = true;
    return true;
  });
  if (expired > 0) answered_.notify_all();
}

std::size_t WorkQueue::waiting_windows() const {
  std::size_t count = 0;
  for (const auto& job : jobs_) count += job->windows.size() - job->taken_;
  return count;
}

std::vector<WorkQueue::Piece> WorkQueue::fill_batch() {
  const std::size_t share = (waiting_windows() + idle_) / (idle_ + 1);
  const std::size_t windows_max = std::clamp<std::size_t>(share, 1, options_.batch_windows_max);
  std::vector<Piece> out;
  std::size_t tokens = 0;
  while (!jobs_.empty() && out.size() < windows_max) {
    std::shared_ptr<Job> job = jobs_.front();
    const std::size_t more = job->windows[job->taken_].size();
    if (!out.empty() && tokens + more > options_.batch_tokens_max) break;
    tokens += more;
    out.push_back({job, job->taken_++});
    jobs_.pop_front();
    if (job->taken_ < job->windows.size()) jobs_.push_back(std::move(job));
  }
  return out;
}

void WorkQueue::finish(const std::vector<Piece>& pieces, const base::Result<>& result) {
  {
    std::lock_guard guard(lock_);
    for (const Piece& piece : pieces) {
      ++piece.job->done_;
      if (!result) piece.job->error_ = result.error();
    }
  }
  answered_.notify_all();
}

void WorkQueue::stop() {
  {
    std::lock_guard guard(lock_);
    stopping_ = true;
  }
  work_.notify_all();
  answered_.notify_all();
}

}  // namespace refrain::embed
