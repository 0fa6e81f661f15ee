#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/metric.h"
#include "base/result.h"
#include "values/mapping.h"
#include "values/record.h"

namespace refrain::values {

/// Where files come from. One for all segments and files of large values.
struct Disk {
  std::string folder;
  std::uint64_t segment_bytes = std::uint64_t{64} << 20;
  /// Gives a file its blocks, so that no later write can find the disk full; returns 0 or errno.
  std::function<int(int fd, std::uint64_t bytes)> allocate;
  base::Gauge mapped{};      // bytes of mapped values
  base::Gauge mapped_log{};  // and of mapped segments
};

/// posix_fallocate without its fallback of writing zeros.
int allocate_blocks(int fd, std::uint64_t bytes);

/// Where a record lies.
struct Place {
  std::uint64_t segment = 0;
  std::uint32_t offset = 0;
  std::uint32_t bytes = 0;
  bool operator==(const Place&) const = default;
};

/// One file of the log. Records are appended to its mapped pages; once sealed it is only read.
/// Threads: append() and seal() one at a time; read() any.
class Segment {
 public:
  /// A new file, or `recycled` under a new number. Errors: io.
  static base::Result<std::shared_ptr<Segment>> make(Disk& disk, std::uint64_t number,
                                                     Descriptor recycled);
  /// A file of a former life, sealed. Errors: io, corrupt (its head).
  static base::Result<std::shared_ptr<Segment>> open(Disk& disk, std::uint64_t number);

  std::uint64_t number() const noexcept { return number_; }
  /// Bytes of records and head.
  std::uint64_t used() const noexcept { return used_; }
  /// Bytes that the file takes on the disk.
  std::uint64_t bytes() const noexcept { return bytes_; }
  /// nullopt when it has no room.
  std::optional<Place> append(const Record& record);
  void seal();
  /// Calls `see` with every whole record in order; views live for the call. A value that fails its
  /// checksum is given as an erase of its key and counted in the result. Errors: io.
  using See = std::function<void(const Record&, Place)>;
  base::Result<std::uint64_t> replay(const See& see);
  /// The value of a put. Errors: io, corrupt.
  base::Result<std::string> read(Place place) const;
  base::Result<> sync() const;
  /// Removes the file. Whoever reads from it can go on.
  void remove();
  /// Keeps the file for another segment; nobody may read from it any more. Empty: it was removed.
  Descriptor recycle();

 private:
  Segment(Disk& disk, std::uint64_t number, Descriptor file)
      : disk_(disk), number_(number), file_(std::move(file)) {}
  std::string path() const;

  Disk& disk_;
  std::uint64_t number_;
  Descriptor file_;
  std::shared_ptr<Mapping> mapping_;  // null when sealed
  std::uint64_t used_ = 0, bytes_ = 0;
};

/// "log-<16 hex>.seg"
std::string segment_name(std::uint64_t number);

}  // namespace refrain::values
