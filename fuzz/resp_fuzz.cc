// The commands of a stream do not depend on how its bytes come, and no limit can be passed. The
// first byte says how they are cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "wire/resp.h"

using refrain::wire::resp::CommandReader;
using State = CommandReader::State;

namespace {

constexpr CommandReader::Limits kLimits{
    .args_max = 16, .bulk_max = 512, .held_max = 256, .stream_min = 32};

struct Outcome {
  std::vector<std::string> args;  // of all commands, each behind an empty text
  std::string reason;
  std::string taken;
  bool operator==(const Outcome&) const = default;
};

class Run {
 public:
  void feed(std::string_view bytes) {
    while (!bytes.empty() && out.reason.empty()) {
      if (left_ > 0) {
        const std::size_t count = std::min<std::size_t>(left_, bytes.size());
        out.taken += bytes.substr(0, count);
        bytes.remove_prefix(count);
        left_ -= count;
        if (left_ == 0) reader_.value_taken();
        continue;
      }
      const std::size_t used = reader_.read(bytes);
      CHECK(used <= bytes.size(), "more was used than there is");
      bytes.remove_prefix(used);
      look();
    }
  }
  Outcome out;

 private:
  void look() {
    if (reader_.state() == State::refused) out.reason = reader_.reason();
    if (reader_.state() == State::value) {
      CHECK(reader_.value_bytes() <= kLimits.bulk_max, "a value over its limit");
      // Odd lengths are taken, even ones kept: both ways are seen.
      if (reader_.value_bytes() % 2 == 1) left_ = reader_.value_bytes();
      else reader_.keep_value();
      if (reader_.state() == State::refused) out.reason = reader_.reason();
    }
    if (reader_.state() != State::command) return;
    std::size_t held = 0;
    out.args.emplace_back();
    for (std::string_view arg : reader_.args()) {
      out.args.emplace_back(arg);
      held += arg.size();
    }
    CHECK(held <= 64 << 10, "a command over its limit");
    reader_.next();
  }

  CommandReader reader_{kLimits};
  std::uint64_t left_ = 0;
};

Outcome outcome(std::string_view bytes, std::size_t piece) {
  Run run;
  for (std::size_t at = 0; at < bytes.size(); at += piece) run.feed(bytes.substr(at, piece));
  return run.out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = outcome(bytes, bytes.size());
  CHECK(outcome(bytes, 1) == whole, "the commands depend on the split");
  CHECK(outcome(bytes, std::size_t{data[0]} + 1) == whole, "the commands depend on the split");
  const std::size_t half = bytes.size() / 2;
  refrain::wire::resp::glob_matches(bytes.substr(0, half), bytes.substr(half));
  return 0;
}
