#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/call.h"
#include "base/result.h"

/// RAII over hiredis: one connection to a Redis server, commands with bytes, pipelines, scripts.
/// Knows nothing of records.
namespace refrain::redis {

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 6379;
  std::string socket = {};               // path; wins over host and port
  std::string user = {}, password = {};  // user empty: AUTH with the password alone
  int database = 0;
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds io_timeout{10000};  // of one reply, if the call has no earlier deadline
};

/// What a server answered.
struct Reply {
  enum class Kind : std::uint8_t { nothing, number, text, list };
  Kind kind = Kind::nothing;
  std::int64_t number = 0;
  std::string text = {};
  std::vector<Reply> list = {};
};

using Command = std::vector<std::string_view>;

/// A Lua script and its digest.
class Script {
 public:
  explicit Script(std::string text) : text_(std::move(text)) {}
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

/// Threads: one at a time. Errors of every call: unavailable (no server, connection lost, loading),
/// deadline (no reply in time: the connection is lost), io (the server is full, read-only or cannot
/// save), invalid (access denied, no such command), corrupt (no RESP). Sentences never hold the
/// password.
class Connection {
 public:
  static base::Result<std::unique_ptr<Connection>> open(const Options& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  base::Result<Reply> command(const base::Call& call, const Command& command);
  /// Sends all, then reads all; the first error reply is the result. Replies in order.
  base::Result<std::vector<Reply>> pipeline(const base::Call& call,
                                            std::span<const Command> commands);
  /// Runs a script by its digest; the server is given the text when it does not know it.
  base::Result<Reply> run(const base::Call& call, const Script& script, const Command& keys,
                          const Command& arguments);
  /// The connection broke: what was under way may be done or not; every call from now on fails.
  bool lost() const noexcept { return lost_; }

 private:
  struct Handle;
  explicit Connection(const Options& options);
  base::Result<> set_deadline(const base::Call& call);
  base::Result<> append(const Command& command);
  base::Result<Reply> receive();
  std::unexpected<base::Error> broken();

  const std::chrono::milliseconds io_timeout_;
  std::unique_ptr<Handle> handle_;
  std::unordered_map<const Script*, std::string> digests_;
  bool lost_ = false;
};

/// The cause behind an error reply such as "READONLY You can't write". Pure.
base::Code code_of(std::string_view error) noexcept;

}  // namespace refrain::redis
