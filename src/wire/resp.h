#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// The Redis serialization protocol, versions 2 and 3, as a server needs it: commands in, replies
/// out. source: redis.io/docs/reference/protocol-spec and the behaviour of redis-server 7.0.
namespace refrain::wire::resp {

/// Reads commands (arrays of bulk strings, or inline) in any pieces; what comes out does not depend
/// on where the pieces end. A long value is not kept: the caller is told its length and takes its
/// bytes from the connection itself. Nothing is allocated for a length that was only declared.
/// Threads: one at a time.
class CommandReader {
 public:
  struct Limits {
    std::size_t args_max = std::size_t{1} << 20;   // of one command
    std::uint64_t bulk_max = std::uint64_t{8} << 30;  // bytes of one argument
    std::size_t held_max = std::size_t{16} << 20;  // bytes of all arguments that are kept
    std::uint64_t stream_min = std::uint64_t{64} << 10;  // from here on the caller is asked
  };
  enum class State : std::uint8_t {
    more,     // wants bytes
    command,  // a whole command: args(); then next()
    value,    // an argument of value_bytes() bytes comes: keep_value(), or take them; then
              // value_taken()
    refused   // reason(); the stream cannot be understood any more
  };

  CommandReader() = default;
  explicit CommandReader(const Limits& limits) : limits_(limits) {}
  /// True between the first byte of a command and its last.
  bool midway() const noexcept { return total_ > 0 || !part_.empty(); }
  /// From the next length on.
  void set_limits(const Limits& limits) { limits_ = limits; }

  /// Reads from the front until the state is not `more`; returns how many bytes were used. Must not
  /// be called in another state.
  std::size_t read(std::string_view bytes);
  State state() const noexcept { return state_; }

  /// The arguments that are whole; one that was taken is empty. Views live until next().
  std::vector<std::string_view> args() const;
  std::size_t arg_count() const noexcept { return args_.size(); }
  std::string_view arg(std::size_t i) const {
    return std::string_view(held_).substr(args_[i].offset, args_[i].size);
  }
  /// How many arguments the command will have.
  std::size_t arg_total() const noexcept { return total_; }
  /// After a command: begins the next one.
  void next();

  std::uint64_t value_bytes() const noexcept { return value_bytes_; }
  /// The value becomes an argument like any other; refused if that is over held_max.
  void keep_value();
  /// The caller has taken all value_bytes().
  void value_taken();

  /// In Redis's words: "Protocol error: invalid bulk length".
  const std::string& reason() const noexcept { return reason_; }

 private:
  enum class Expect : std::uint8_t { start, length, body, end };
  struct Arg {
    std::size_t offset = 0, size = 0;
  };

  bool line(std::string_view& bytes, std::string_view& out);
  void begin(std::string_view line);
  void read_inline(std::string_view line);
  void bulk_length(std::string_view line);
  void body(std::string_view& bytes);
  void end(std::string_view& bytes);
  void finish_arg();
  void refuse(std::string_view reason);

  Limits limits_;
  State state_ = State::more;
  Expect expect_ = Expect::start;
  std::string part_;  // a line whose end has not come
  std::string held_;  // bytes of args_
  std::vector<Arg> args_;
  std::size_t total_ = 0;
  std::uint64_t value_bytes_ = 0;
  std::size_t body_left_ = 0;
  std::uint8_t end_seen_ = 0;
  std::string reason_;
};

/// Splits an inline command at spaces; "..." with escapes and '...' as redis-cli understands them.
/// Errors: invalid (unbalanced quotes).
base::Result<std::vector<std::string>> split_inline(std::string_view line);

/// Appends replies in the version that the connection speaks. Threads: one at a time.
class ReplyWriter {
 public:
  explicit ReplyWriter(std::string& out, int version = 2) : out_(out), version_(version) {}
  int version() const noexcept { return version_; }

  void ok() { out_ += "+OK\r\n"; }
  void simple(std::string_view text);
  /// text such as "ERR syntax error"; CR and LF in it become spaces.
  void error(std::string_view text);
  void integer(std::int64_t value);
  void bulk(std::string_view bytes);
  /// The head of a bulk string; the caller sends the bytes and the CRLF behind it.
  void bulk_head(std::uint64_t bytes);
  void null();
  void array(std::size_t count);
  /// `pairs` keys with their values follow; version 2 sees a flat array.
  void map(std::size_t pairs);
  void set(std::size_t count);

 private:
  std::string& out_;
  int version_;
};

/// Redis's glob: * ? [a-c] [^x] and backslash. Cost: at most pattern times text.
bool glob_matches(std::string_view pattern, std::string_view text) noexcept;

}  // namespace refrain::wire::resp
