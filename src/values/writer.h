#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "values/large_file.h"

namespace refrain::values {

/// A large value on its way in. Destroyed before it was handed back, it leaves nothing.
/// Threads: one at a time.
class Writer {
 public:
  Writer(std::shared_ptr<LargeFiles> files, LargeFiles::Made made);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  std::uint64_t bytes() const noexcept { return made_.file->bytes(); }
  bool whole() const noexcept { return at_ == bytes(); }
  /// Where the next bytes go, at most a piece. Empty once whole, or after an error.
  std::span<char> room();
  /// `count` bytes of room() have been filled. Errors: io; then nothing more may be added.
  base::Result<> added(std::size_t count);
  /// Copies through room(). Errors: those of added().
  base::Result<> put(std::string_view bytes);

  /// Of a whole value: what Values keeps. The writer is empty afterwards.
  LargeFiles::Made finish();

 private:
  std::shared_ptr<LargeFiles> files_;
  LargeFiles::Made made_;
  std::unique_ptr<char[]> buffer_;  // a piece that is not in its file yet; none without a file
  std::uint64_t at_ = 0, prepared_ = 0;
  std::vector<std::uint64_t> pieces_;
  bool failed_ = false;
};

}  // namespace refrain::values
