#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace refrain::index {

/// XXH3-64 of 1 MiB blocks, each seeded with the sum so far: can be computed while writing.
std::uint64_t checksum(std::string_view bytes) noexcept;

/// Writes a file that is there whole or not at all: bytes go to `path`.partial, finish() adds their
/// checksum, syncs and renames. Little-endian. An error sticks; finish() tells it.
/// Threads: one at a time.
class SnapshotWriter {
 public:
  /// Errors: io.
  static base::Result<std::unique_ptr<SnapshotWriter>> create(const std::filesystem::path& path);
  ~SnapshotWriter();
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;

  void u8(std::uint8_t value) { number(value); }
  void u32(std::uint32_t value) { number(value); }
  void u64(std::uint64_t value) { number(value); }
  void raw(std::string_view bytes);
  /// The bytes of `count` numbers at `data`.
  template <class T>
  void array(const T* data, std::size_t count) {
    raw({reinterpret_cast<const char*>(data), count * sizeof(T)});
  }
  /// Errors: io (the first one met; the file at `path` is what it was).
  base::Result<> finish();

 private:
  SnapshotWriter(std::filesystem::path path, int file) : path_(std::move(path)), file_(file) {}
  template <class T>
  void number(T value) {
    array(&value, 1);
  }
  void flush();

  const std::filesystem::path path_;
  int file_;
  int error_ = 0;  // errno of the first failure
  std::string block_;
  std::uint64_t sum_ = 0;
};

/// A whole file, read only, mapped. The file must not be cut short while it is mapped, which nobody
/// does to a file that is only ever replaced by rename.
class MappedFile {
 public:
  /// Errors: not_found, io.
  static base::Result<std::unique_ptr<MappedFile>> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::string_view bytes() const noexcept { return bytes_; }

 private:
  explicit MappedFile(std::string_view bytes) : bytes_(bytes) {}
  const std::string_view bytes_;
};

/// What stands before the checksum of a finished file. Errors: corrupt.
base::Result<std::string_view> checked_body(std::string_view file);

}  // namespace refrain::index
