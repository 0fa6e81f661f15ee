#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace refrain::api {

/// The boundary of a Content-Type multipart/form-data; nullopt if it is of another kind or none.
/// source  RFC 7578, RFC 2046 section 5.1.1.
std::optional<std::string> boundary_of(std::string_view content_type);

/// Picks one file out of a multipart/form-data body that arrives in pieces. Holds no more of it
/// than a boundary and the head of a part. Threads: one at a time.
class Multipart {
 public:
  struct Options {
    std::string boundary;
    std::string field;  // the name of the part that is wanted
    std::size_t part_head_max = 16 << 10;
    std::size_t parts_max = 64;
  };
  explicit Multipart(Options options);

  /// Reads `bytes` and appends what belongs to the wanted file to `out`. Stays where it is after an
  /// error. Errors: invalid (no multipart, a head that is too long, too many parts, a second file).
  base::Result<> put(std::string_view bytes, std::string& out);
  /// The wanted part's file name, as soon as its head has come; "" if it has none.
  const std::optional<std::string>& file_name() const noexcept { return file_name_; }
  /// The closing boundary has come.
  bool ended() const noexcept { return state_ == State::end; }

 private:
  enum class State : std::uint8_t { preamble, head, data, end };
  base::Result<bool> step(std::string& out);
  base::Result<> read_head(std::string_view head);

  Options options_;
  std::string delimiter_;  // with the line end before it
  std::string held_;
  State state_ = State::preamble;
  bool wanted_ = false;
  std::size_t parts_ = 0;
  std::optional<std::string> file_name_;
};

}  // namespace refrain::api
