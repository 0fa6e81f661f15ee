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
  Writer(LargeFiles::Made made, Descriptor file) : made_(std::move(made)), file_(std::move(file)) {}
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  std::uint64_t bytes() const noexcept { return made_.file->bytes(); }
  bool whole() const noexcept { return at_ == bytes(); }
  /// Where the next bytes go: memory of the value itself where it is mapped, at most a few pieces.
  /// Empty once whole, or after an error.
  std::span<char> room();
  /// `count` bytes of room() have been filled. Errors: io; then nothing more may be added.
  base::Result<> added(std::size_t count);
  /// Copies through room(). Errors: those of added().
  base::Result<> put(std::string_view bytes);

  /// Of a whole value: what Values keeps. The writer is empty afterwards.
  LargeFiles::Made finish();

 private:
  base::Result<> store_buffer();

  LargeFiles::Made made_;
  Descriptor file_;     // of a value that is not mapped
  std::string buffer_;  // and its bytes that wait
  std::size_t buffered_ = 0;
  std::uint64_t at_ = 0, prepared_ = 0;
  std::vector<std::uint64_t> pieces_;
  bool failed_ = false;
};

}  // namespace refrain::values
