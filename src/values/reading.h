#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "values/values.h"

namespace refrain::values {

/// The bytes of a found value, piece by piece, each checked before it is given out.
/// Threads: one at a time. Values must outlive it.
class Reading {
 public:
  enum class State : std::uint8_t {
    ready,  // bytes, which `hold` keeps alive
    wait,   // the disk is being read; `wake` says when to ask again
    end,
    lost    // damaged or unreadable: the key is gone, what was given before was right
  };
  struct Piece {
    State state = State::end;
    std::string_view bytes{};
    std::shared_ptr<const void> hold{};
  };

  /// length  at most what is behind offset.
  /// wake    runs once after each `wait`, on any thread, must not block.
  Reading(Values& values, Found found, std::uint64_t offset, std::uint64_t length,
          std::function<void()> wake);
  ~Reading();
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  std::uint64_t length() const noexcept { return length_; }
  /// The first piece of a value of up to four pieces is given once all of them are known to be
  /// right: damage there is a miss. Of a longer value it is seen piece by piece.
  Piece next();

 private:
  struct Load;
  Piece from_mapping();
  Piece from_disk();
  void start(std::function<void(Load&)> read);
  std::string_view clip(std::string_view bytes, std::uint64_t at) const;
  Piece give(std::string_view bytes, std::shared_ptr<const void> hold);
  Piece lose(const base::Error& error);
  bool right(std::uint64_t piece, std::string_view bytes) const;

  Values& values_;
  Found found_;
  std::uint64_t begin_, length_, end_, at_;
  std::function<void()> wake_;
  std::shared_ptr<Load> load_;
  bool started_ = false;
};

}  // namespace refrain::values
