// SET and its kin, GET and its kin.
#include <limits>

#include <fmt/format.h>

#include "api/resp_command.h"

namespace refrain::api {
namespace {

using base::WallTime;
using values::Found;
using values::Outcome;
using values::Put;

constexpr std::int64_t kEndMax = std::numeric_limits<std::int64_t>::max() / 2;

// Options of SET.
struct SetOptions {
  values::Only only = values::Only::always;
  values::Life life = values::Life::given;
  std::optional<WallTime> expires{};
  bool get = false;
};

// Milliseconds since 1970 of an end that was given in a unit; nullopt: not a time that can be.
std::optional<WallTime> end_of(std::int64_t number, std::int64_t unit, WallTime from) {
  if (number <= 0 || number > kEndMax / unit) return std::nullopt;
  return from + std::chrono::milliseconds(number * unit);
}

// False: an error was sent.
bool read_end(RespTalk& talk, RespArgs pair, std::string_view command, SetOptions& out) {
  const bool seconds = same_word(pair[0], "ex") || same_word(pair[0], "exat");
  const bool from_now = same_word(pair[0], "ex") || same_word(pair[0], "px");
  const auto number = integer_of(pair[1]);
  if (!number) {
    talk.error(kNotInteger);
    return false;
  }
  out.expires = end_of(*number, seconds ? 1000 : 1, from_now ? talk.now() : WallTime());
  if (out.expires) return true;
  talk.error(fmt::format("ERR invalid expire time in '{}' command", command));
  return false;
}

bool is_end(std::string_view word) {
  return same_word(word, "ex") || same_word(word, "px") || same_word(word, "exat") ||
         same_word(word, "pxat");
}

bool read_options(RespTalk& talk, RespArgs args, SetOptions& out) {
  bool ends = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const bool conditional = out.only != values::Only::always;
    if (same_word(args[i], "nx") && !conditional) {
      out.only = values::Only::absent;
    } else if (same_word(args[i], "xx") && !conditional) {
      out.only = values::Only::present;
    } else if (same_word(args[i], "get")) {
      out.get = true;
    } else if (same_word(args[i], "keepttl") && !ends) {
      out.life = values::Life::kept;
      ends = true;
    } else if (is_end(args[i]) && !ends && i + 1 < args.size()) {
      if (!read_end(talk, args.subspan(i, 2), "set", out)) return false;
      ends = true;
      ++i;
    } else {
      talk.error(kSyntax);
      return false;
    }
  }
  return true;
}

base::Result<Outcome> store(RespTalk& talk, const Put& put, RespArgs args, std::size_t value) {
  TRY(writer, talk.streamed(value));
  if (writer) return talk.values().put(put, std::move(writer));
  return talk.values().put(put, args[value]);
}

void set_with(RespTalk& talk, RespArgs args, std::size_t value, const SetOptions& options) {
  const Put put{talk.space(), args[1], options.only, options.life, options.expires};
  base::Result<Outcome> outcome = store(talk, put, args, value);
  if (!outcome) return talk.error(outcome.error());
  if (options.get) {
    if (outcome->before) talk.value(std::move(*outcome->before));
    else talk.reply().null();
  } else if (outcome->stored) {
    talk.reply().ok();
  } else {
    talk.reply().null();
  }
}

// Start and end as GETRANGE counts them, in bytes of a value; length 0: nothing.
struct Range {
  std::uint64_t offset = 0, length = 0;
};

Range range_of(std::int64_t start, std::int64_t end, std::uint64_t bytes) {
  const auto size = static_cast<std::int64_t>(bytes);
  if (start < 0 && end < 0 && start > end) return {};
  start = start < 0 ? std::max<std::int64_t>(start + size, 0) : start;
  end = end < 0 ? std::max<std::int64_t>(end + size, 0) : end;
  end = std::min(end, size - 1);
  if (size == 0 || start > end) return {};
  return {static_cast<std::uint64_t>(start), static_cast<std::uint64_t>(end - start + 1)};
}

}  // namespace

void resp_set(RespTalk& talk, RespArgs args) {
  SetOptions options;
  if (read_options(talk, args.subspan(3), options)) set_with(talk, args, 2, options);
}

void resp_setex(RespTalk& talk, RespArgs args) {
  const bool seconds = same_word(args[0], "setex");
  const std::string_view pair[] = {seconds ? "ex" : "px", args[2]};
  SetOptions options;
  if (read_end(talk, pair, seconds ? "setex" : "psetex", options)) {
    set_with(talk, args, 3, options);
  }
}

void resp_setnx(RespTalk& talk, RespArgs args) {
  const Put put{.space = talk.space(), .key = args[1], .only = values::Only::absent};
  base::Result<Outcome> outcome = store(talk, put, args, 2);
  if (!outcome) return talk.error(outcome.error());
  talk.reply().integer(outcome->stored ? 1 : 0);
}

void resp_get(RespTalk& talk, RespArgs args) {
  std::optional<Found> found = talk.values().find(talk.space(), args[1]);
  if (found) talk.value(std::move(*found));
  else talk.reply().null();
}

void resp_getdel(RespTalk& talk, RespArgs args) {
  base::Result<std::optional<Found>> taken = talk.values().take(talk.space(), args[1]);
  if (!taken) return talk.error(taken.error());
  if (*taken) talk.value(std::move(**taken));
  else talk.reply().null();
}

void resp_mget(RespTalk& talk, RespArgs args) {
  talk.reply().array(args.size() - 1);
  for (std::size_t i = 1; i < args.size(); ++i) resp_get(talk, args.subspan(i - 1, 2));
}

void resp_mset(RespTalk& talk, RespArgs args) {
  if (args.size() % 2 == 0) {
    return talk.error("ERR wrong number of arguments for 'mset' command");
  }
  for (std::size_t i = 1; i < args.size(); i += 2) {
    const Put put{.space = talk.space(), .key = args[i]};
    if (base::Result<Outcome> outcome = store(talk, put, args, i + 1); !outcome) {
      return talk.error(outcome.error());
    }
  }
  talk.reply().ok();
}

void resp_strlen(RespTalk& talk, RespArgs args) {
  const auto facts = talk.values().facts(talk.space(), args[1]);
  talk.reply().integer(facts ? static_cast<std::int64_t>(facts->bytes) : 0);
}

void resp_getrange(RespTalk& talk, RespArgs args) {
  const auto start = integer_of(args[2]);
  const auto end = integer_of(args[3]);
  if (!start || !end) return talk.error(kNotInteger);
  std::optional<Found> found = talk.values().find(talk.space(), args[1]);
  if (!found) return talk.reply().bulk("");
  const Range range = range_of(*start, *end, found->bytes);
  talk.value(std::move(*found), range.offset, range.length);
}

}  // namespace refrain::api
