#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace refrain::disk {

/// An open file, closed when destroyed. Threads: read_at from any; everything else one at a time.
class File {
 public:
  /// Errors: not_found, io.
  static base::Result<File> open(const std::string& path);
  /// Makes an empty file (mode 0600); one that is there is replaced. Errors: io, unavailable (disk
  /// full).
  static base::Result<File> create(const std::string& path);
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  base::Result<std::uint64_t> size() const;
  /// Fills `out` from `offset` on. Errors: corrupt (the file ends before), io.
  base::Result<> read_at(std::uint64_t offset, std::span<char> out) const;
  /// Appends all of `bytes`. Errors: unavailable (disk full), io.
  base::Result<> append(std::string_view bytes);
  /// Returns when the device has the bytes. Errors: unavailable, io.
  base::Result<> sync();

 private:
  File(int handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  int handle_ = -1;
  std::string path_;
};

/// A name given to a file at once: whoever opens `to` sees the old file or the whole new one. The
/// name survives a power cut after sync_folder. Errors: io.
base::Result<> rename(const std::string& from, const std::string& to);
/// Returns when the names in `folder` are on the device. Errors: io.
base::Result<> sync_folder(const std::string& folder);
/// True if the file was there. Errors: io.
base::Result<bool> remove(const std::string& path);
/// Folders along `path`, for their owner alone (0700). Errors: io.
base::Result<> make_folders(const std::string& path);

}  // namespace refrain::disk
