#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace refrain::net {

/// Bytes that were read and are not used yet: in one piece, with room behind. Holds no memory when
/// released, so that ten thousand waiting connections cost little. Threads: one.
class InBuffer {
 public:
  std::string_view view() const noexcept { return {bytes_.get() + from_, to_ - from_}; }
  std::size_t size() const noexcept { return to_ - from_; }
  bool empty() const noexcept { return from_ == to_; }

  /// Room for at least `least` bytes; returns all there is, as start and length.
  std::pair<char*, std::size_t> room(std::size_t least) {
    if (empty()) from_ = to_ = 0;
    if (capacity_ - to_ < least) grow(least);
    return {bytes_.get() + to_, capacity_ - to_};
  }
  /// `count` bytes were written into the room.
  void added(std::size_t count) noexcept { to_ += count; }
  void drop(std::size_t count) noexcept { from_ += count; }
  void clear() noexcept { from_ = to_ = 0; }
  /// Gives the memory back if nothing is in it.
  void release() noexcept {
    if (!empty()) return;
    bytes_.reset();
    capacity_ = from_ = to_ = 0;
  }

 private:
  void grow(std::size_t least) {
    const std::size_t held = size();
    if (capacity_ - held >= least) {
      std::memmove(bytes_.get(), bytes_.get() + from_, held);
    } else {
      const std::size_t wanted = held + least > 2 * capacity_ ? held + least : 2 * capacity_;
      auto larger = std::make_unique_for_overwrite<char[]>(wanted);
      if (held > 0) std::memcpy(larger.get(), bytes_.get() + from_, held);
      bytes_ = std::move(larger);
      capacity_ = wanted;
    }
    from_ = 0;
    to_ = held;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0, from_ = 0, to_ = 0;
};

}  // namespace refrain::net
