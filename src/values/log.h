#pragma once

#include <map>
#include <memory>

#include "values/segment.h"

namespace refrain::values {

/// All segments in the order of their numbers: what is later counts.
/// Threads: one at a time (the lock of Values), but for the segments that it hands out.
class Log {
 public:
  struct Stats {
    std::uint64_t bytes = 0, live_bytes = 0, segments = 0;
  };

  /// Reads what is there. Damaged segments are left out and counted. Errors: io.
  static base::Result<std::unique_ptr<Log>> open(Disk& disk, const Segment::See& see,
                                                 std::uint64_t& damaged);

  /// Errors: io (no room for another segment).
  base::Result<Place> append(const Record& record);
  /// Counts a record as wanted, or no longer.
  void live(const Place& place);
  void dead(const Place& place);
  /// Bytes of live records in a segment.
  std::uint64_t live_in(std::uint64_t number) const { return segments_.at(number).live; }
  /// The segment of a place that is live.
  std::shared_ptr<Segment> find(std::uint64_t number) const;
  /// What is written to.
  std::shared_ptr<Segment> active() const { return segments_.rbegin()->second.segment; }
  /// The segment to be copied forward next: always the oldest, so that an erase is never forgotten
  /// while something is left of what it erased. Null while less than half of the log is dead.
  std::shared_ptr<Segment> wasteful() const;
  /// Removes the oldest segment, in which nothing is live any more.
  void drop_oldest();
  Stats stats() const noexcept { return {bytes_, live_bytes_, segments_.size()}; }

 private:
  struct Held {
    std::shared_ptr<Segment> segment;
    std::uint64_t live = 0;
  };
  explicit Log(Disk& disk) : disk_(disk) {}
  base::Result<> begin_segment();

  Disk& disk_;
  std::map<std::uint64_t, Held> segments_;
  Descriptor spare_;
  std::uint64_t next_ = 1, bytes_ = 0, live_bytes_ = 0;
};

}  // namespace refrain::values
