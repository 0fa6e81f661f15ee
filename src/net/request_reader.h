#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/server.h"

namespace refrain::net {

/// Bytes to requests, one after the other, by Beast's parser and the rules that it leaves to its
/// user. Knows no socket and no clock. Threads: one.
class RequestReader {
 public:
  struct Limits {
    std::size_t header_max;
    std::size_t body_max;
  };
  enum class State : std::uint8_t {
    start,    // no byte of a request yet
    head,     // within request line and headers
    body,     // the head is complete, the body is not
    done,     // take the request
    refused   // see status() and reason(); no further bytes can be read
  };

  /// Asked once per request that announces a body, when its head is complete: how many bytes it may
  /// have. Without it: Limits::body_max.
  using BodyLimit = std::function<std::uint64_t(Request& head)>;

  explicit RequestReader(Limits limits, BodyLimit body_limit = {});
  ~RequestReader();

  /// Reads from the front of `bytes`, up to the end of one request.
  /// returns how many were used; the others must be given again, with more behind them.
  std::size_t put(std::string_view bytes);
  State state() const noexcept;
  /// The head asks for "100 Continue", and nothing of the body has come.
  bool wants_continue() const noexcept;
  /// What was read: whole when done, and as far as it was understood when refused. method, path,
  /// target, query, headers and body only.
  Request& request() noexcept;
  /// Takes out what has come of the body so far; more may follow.
  std::string take_body();
  bool keep_alive() const noexcept;  // when done
  bool http10() const noexcept;      // when done
  int status() const noexcept;       // when refused: 400, 413, 417, 431, 501 or 505
  std::string_view reason() const noexcept;
  /// Ready for the next request.
  void reset();

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace refrain::net
