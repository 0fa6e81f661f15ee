#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/resp.h"

namespace refrain::wire::resp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using State = CommandReader::State;

// Everything that a stream of bytes says, given in pieces of `piece` bytes; long values are taken
// from the stream as the server does it, and shown as <length:bytes>.
struct Said {
  std::vector<std::string> commands;
  std::string refused;
};

class Listener {
 public:
  explicit Listener(const CommandReader::Limits& limits) : reader_(limits) {}

  void hear(std::string_view bytes) {
    while (!bytes.empty() && said.refused.empty()) {
      if (taking_) {
        take(bytes);
      } else {
        bytes.remove_prefix(reader_.read(bytes));
        look();
      }
    }
  }
  Said said;

 private:
  void take(std::string_view& bytes) {
    const auto left = static_cast<std::size_t>(reader_.value_bytes()) - taken_.size();
    const std::size_t count = std::min(left, bytes.size());
    taken_ += bytes.substr(0, count);
    bytes.remove_prefix(count);
    if (taken_.size() < reader_.value_bytes()) return;
    streamed_ += "<" + std::to_string(taken_.size()) + ":" + taken_ + ">";
    taken_.clear();
    taking_ = false;
    reader_.value_taken();
  }
  void look() {
    if (reader_.state() == State::refused) said.refused = reader_.reason();
    if (reader_.state() == State::value) taking_ = true;
    if (reader_.state() != State::command) return;
    std::string text;
    for (std::string_view arg : reader_.args()) text += "[" + std::string(arg) + "]";
    said.commands.push_back(text + std::exchange(streamed_, ""));
    reader_.next();
  }

  CommandReader reader_;
  bool taking_ = false;
  std::string taken_, streamed_;
};

Said said_in_pieces(std::string_view bytes, std::size_t piece,
                    const CommandReader::Limits& limits = {}) {
  Listener listener(limits);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    listener.hear(bytes.substr(at, piece));
  }
  return listener.said;
}

std::vector<std::string> commands(std::string_view bytes) {
  return said_in_pieces(bytes, bytes.size()).commands;
}
std::string refusal(std::string_view bytes, const CommandReader::Limits& limits = {}) {
  return said_in_pieces(bytes, bytes.size(), limits).refused;
}

TEST(RespCommand, PipelinedCommandsComeOneByOne) {
  EXPECT_THAT(commands("*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"),
              ElementsAre("[PING]", "[GET][k]"));
}

TEST(RespCommand, BulkStringsMayHoldAnything) {
  using namespace std::string_view_literals;
  EXPECT_THAT(commands("*2\r\n$4\r\nECHO\r\n$5\r\n\r\n\0$1\r\n"sv),
              ElementsAre("[ECHO][\r\n\0$1]"sv));
  EXPECT_THAT(commands("*2\r\n$4\r\nECHO\r\n$0\r\n\r\n"), ElementsAre("[ECHO][]"));
}

TEST(RespCommand, InlineCommandsAndEmptyLinesAreUnderstood) {
  EXPECT_THAT(commands("\r\nPING\r\nset k \"a b\"\n"), ElementsAre("[PING]", "[set][k][a b]"));
}

TEST(RespCommand, EmptyArraysAreNoCommands) {
  EXPECT_THAT(commands("*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n"), ElementsAre("[PING]"));
}

TEST(RespCommand, LongValueIsLeftToTheCaller) {
  const CommandReader::Limits limits{.stream_min = 4};
  const std::string bytes =
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n*1\r\n$3\r\nFOO\r\n";
  const Said said = said_in_pieces(bytes, bytes.size(), limits);
  EXPECT_THAT(said.commands, ElementsAre("[SET][k][]<5:value>", "[FOO]"));
}

TEST(RespCommand, SplitsDoNotMatter) {
  const CommandReader::Limits limits{.stream_min = 6};
  const std::string bytes =
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$8\r\nval\r\nue!\r\nPING 'x y'\r\n*2\r\n$3\r\nGET\r\n$2\r\n"
      "kk\r\n*0\r\n*5\r\n$1\r\na\r\n$0\r\n\r\n$2\r\n\r\n\r\n$6\r\nsixsix\r\n$1\r\nz\r\n*1\r\n!\r\n";
  const Said whole = said_in_pieces(bytes, bytes.size(), limits);
  EXPECT_EQ(whole.commands.size(), 4U);
  EXPECT_THAT(whole.refused, HasSubstr("expected '$', got '!'"));
  for (std::size_t piece = 1; piece < bytes.size(); ++piece) {
    const Said split = said_in_pieces(bytes, piece, limits);
    EXPECT_EQ(split.commands, whole.commands) << piece;
    EXPECT_EQ(split.refused, whole.refused) << piece;
  }
}

TEST(RespCommand, NonsenseIsRefusedInRedisWords) {
  EXPECT_EQ(refusal("*x\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(refusal("*1\r\n:1\r\n"), "Protocol error: expected '$', got ':'");
  EXPECT_EQ(refusal("*1\r\n$-1\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(refusal("*1\r\n$1x\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(refusal("PING \"x\r\n"), "Protocol error: unbalanced quotes in request");
  EXPECT_THAT(refusal("*1\r\n$1\r\nab\r\n"), HasSubstr("does not end"));
}

TEST(RespCommand, HugeDeclaredLengthsAreRefusedAtOnce) {
  EXPECT_EQ(refusal("*2000000000\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(refusal("*1\r\n$9000000000000\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(refusal("*1\r\n$99999999999999999999\r\n"), "Protocol error: invalid bulk length");
}

TEST(RespCommand, LinesWithoutEndAreRefused) {
  EXPECT_EQ(refusal(std::string(70 << 10, 'x')), "Protocol error: too big inline request");
  EXPECT_EQ(refusal("*1\r\n$" + std::string(70 << 10, '1')),
            "Protocol error: too big bulk count string");
}

TEST(RespCommand, KeptArgumentsHaveABoundTogether) {
  const CommandReader::Limits limits{.held_max = 10};
  EXPECT_EQ(refusal("*3\r\n$6\r\nabcdef\r\n$6\r\nabcdef\r\n", limits),
            "Protocol error: command too large");
}

TEST(RespCommand, KeptLongValueIsAnArgument) {
  CommandReader reader({.stream_min = 3});
  std::string_view bytes = "*2\r\n$4\r\nECHO\r\n$3\r\nabc\r\n";
  bytes.remove_prefix(reader.read(bytes));
  ASSERT_EQ(reader.state(), State::value);
  reader.keep_value();  // ECHO
  bytes.remove_prefix(reader.read(bytes));
  ASSERT_EQ(reader.state(), State::value);
  reader.keep_value();
  reader.read(bytes);
  EXPECT_THAT(reader.args(), ElementsAre("ECHO", "abc"));
}

}  // namespace
}  // namespace refrain::wire::resp
