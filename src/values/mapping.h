#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/metric.h"
#include "base/result.h"

namespace refrain::values {

/// Pages of a file, or of nothing, as memory. What is stored there belongs to the kernel at once:
/// it outlives the process as bytes do that were given to write().
/// Threads: the caller sees to it that nobody reads what is being written.
class Mapping {
 public:
  /// fd -1: memory without a file. `gauge` counts the mapped bytes while this lives.
  /// Errors: io (with the reason).
  static base::Result<std::shared_ptr<Mapping>> make(int fd, std::size_t bytes,
                                                     base::Gauge& gauge);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  char* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return bytes_; }
  /// Brings pages into memory, for writing without a fault for each of them. Cheap advice: errors
  /// show again when the pages are used.
  void prepare_writes(std::size_t offset, std::size_t bytes) const noexcept;
  /// Reads pages from the disk. Errors: io.
  base::Result<> load(std::size_t offset, std::size_t bytes) const;
  /// True when touching these bytes will not wait for the disk.
  bool resident(std::size_t offset, std::size_t bytes) const noexcept;

 private:
  Mapping(char* data, std::size_t bytes, base::Gauge& gauge)
      : data_(data), bytes_(bytes), gauge_(gauge) {}

  char* data_;
  std::size_t bytes_;
  base::Gauge& gauge_;
};

/// Reads exactly `bytes` bytes. Errors: io, corrupt (the file is too short).
base::Result<> read_exactly(int fd, char* to, std::size_t bytes, std::uint64_t offset);
/// Writes all of them. Errors: io.
base::Result<> write_exactly(int fd, const char* from, std::size_t bytes, std::uint64_t offset);

/// A descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() noexcept = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace refrain::values
