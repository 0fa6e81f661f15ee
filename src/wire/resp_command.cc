#include "wire/resp.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace refrain::wire::resp {
namespace {

constexpr std::size_t kLineMax = 64 << 10;  // an inline command; Redis's own limit

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::size_t CommandReader::read(std::string_view bytes) {
  const std::size_t size = bytes.size();
  while (state_ == State::more && !bytes.empty()) {
    std::string_view text;
    switch (expect_) {
      case Expect::start:
        if (line(bytes, text)) begin(text);
        break;
      case Expect::length:
        if (line(bytes, text)) bulk_length(text);
        break;
      case Expect::body: body(bytes); break;
      case Expect::end: end(bytes); break;
    }
  }
  return size - bytes.size();
}

std::vector<std::string_view> CommandReader::args() const {
  std::vector<std::string_view> out;
  out.reserve(args_.size());
  for (std::size_t i = 0; i < args_.size(); ++i) out.push_back(arg(i));
  return out;
}

void CommandReader::next() {
  constexpr std::size_t kHeldKept = 64 << 10;
  args_.clear();
  held_.clear();
  part_.clear();
  if (held_.capacity() > kHeldKept) std::string().swap(held_);
  if (args_.capacity() > 1024) std::vector<Arg>().swap(args_);
  total_ = 0;
  state_ = State::more;
  expect_ = Expect::start;
}

// True when a line is whole: `out` is it, without its end, and lives until the next call.
bool CommandReader::line(std::string_view& bytes, std::string_view& out) {
  const std::size_t feed = bytes.find('\n');
  const std::size_t length = feed == std::string_view::npos ? bytes.size() : feed;
  if (part_.size() + length > kLineMax) {
    refuse(expect_ == Expect::length ? "too big bulk count string" : "too big inline request");
    return false;
  }
  if (feed == std::string_view::npos) {
    part_ += bytes;
    bytes = {};
    return false;
  }
  if (part_.empty()) {
    out = bytes.substr(0, feed);
  } else {
    part_ += bytes.substr(0, feed);
    out = part_;
  }
  bytes.remove_prefix(feed + 1);
  if (out.ends_with('\r')) out.remove_suffix(1);
  return true;
}

void CommandReader::begin(std::string_view text) {
  if (!text.starts_with('*')) {
    read_inline(text);
  } else if (const auto count = whole_number(text.substr(1));
             !count || *count > static_cast<std::int64_t>(limits_.args_max)) {
    refuse("invalid multibulk length");
  } else if (*count > 0) {
    total_ = static_cast<std::size_t>(*count);
    expect_ = Expect::length;
  }
  part_.clear();
}

void CommandReader::read_inline(std::string_view text) {
  auto words = split_inline(text);
  if (!words) return refuse(words.error().what);
  if (words->empty()) return;
  for (const std::string& word : *words) {
    args_.push_back({held_.size(), word.size()});
    held_ += word;
  }
  total_ = args_.size();
  state_ = State::command;
}

void CommandReader::bulk_length(std::string_view text) {
  if (!text.starts_with('$')) {
    return refuse(fmt::format("expected '$', got '{}'", text.empty() ? ' ' : text[0]));
  }
  const auto length = whole_number(text.substr(1));
  if (!length || *length < 0 || static_cast<std::uint64_t>(*length) > limits_.bulk_max) {
    return refuse("invalid bulk length");
  }
  part_.clear();
  value_bytes_ = static_cast<std::uint64_t>(*length);
  if (value_bytes_ >= limits_.stream_min) {
    state_ = State::value;
  } else {
    keep_value();
  }
}

void CommandReader::keep_value() {
  if (value_bytes_ > limits_.held_max || held_.size() + value_bytes_ > limits_.held_max) {
    return refuse("command too large");
  }
  args_.push_back({held_.size(), 0});
  body_left_ = static_cast<std::size_t>(value_bytes_);
  expect_ = Expect::body;
  state_ = State::more;
  if (body_left_ == 0) finish_arg();
}

void CommandReader::value_taken() {
  args_.push_back({held_.size(), 0});
  expect_ = Expect::end;
  end_seen_ = 0;
  state_ = State::more;
}

void CommandReader::body(std::string_view& bytes) {
  const std::size_t count = std::min(body_left_, bytes.size());
  held_ += bytes.substr(0, count);
  bytes.remove_prefix(count);
  body_left_ -= count;
  if (body_left_ == 0) finish_arg();
}

void CommandReader::finish_arg() {
  args_.back().size = static_cast<std::size_t>(value_bytes_);
  expect_ = Expect::end;
  end_seen_ = 0;
}

void CommandReader::end(std::string_view& bytes) {
  constexpr std::string_view kEnd = "\r\n";
  while (end_seen_ < 2 && !bytes.empty()) {
    if (bytes[0] != kEnd[end_seen_]) return refuse("a bulk string does not end where it should");
    ++end_seen_;
    bytes.remove_prefix(1);
  }
  if (end_seen_ < 2) return;
  expect_ = Expect::length;
  if (args_.size() == total_) state_ = State::command;
}

void CommandReader::refuse(std::string_view reason) {
  reason_ = fmt::format("Protocol error: {}", reason);
  state_ = State::refused;
}

}  // namespace refrain::wire::resp
