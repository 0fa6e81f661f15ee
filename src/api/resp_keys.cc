// Keys without their values: whether, how long, which.
#include <fmt/format.h>

#include "api/resp_command.h"

namespace refrain::api {
namespace {

using base::WallTime;

constexpr std::size_t kScanMax = 10'000;  // keys looked at by one SCAN
constexpr std::size_t kPage = 1000;       // keys under one hold of the store's lock

// NX, XX, GT and LT of EXPIRE: may this end take the place of the other? None is the latest end.
bool end_allowed(RespArgs words, std::optional<WallTime> old, WallTime wanted) {
  for (const std::string_view word : words) {
    if (same_word(word, "nx") && old) return false;
    if (same_word(word, "xx") && !old) return false;
    if (same_word(word, "gt") && (!old || wanted <= *old)) return false;
    if (same_word(word, "lt") && old && wanted >= *old) return false;
  }
  return true;
}

bool known_words(RespArgs words) {
  for (const std::string_view word : words) {
    if (!same_word(word, "nx") && !same_word(word, "xx") && !same_word(word, "gt") &&
        !same_word(word, "lt")) {
      return false;
    }
  }
  return true;
}

struct ScanOptions {
  std::string_view match = "*";
  std::size_t count = 10;
  bool strings = true;  // TYPE asks for what all values are
};

bool read_options(RespTalk& talk, RespArgs args, ScanOptions& out) {
  for (std::size_t i = 0; i < args.size(); i += 2) {
    if (i + 1 == args.size()) {
      talk.error(kSyntax);
      return false;
    }
    if (same_word(args[i], "match")) {
      out.match = args[i + 1];
    } else if (same_word(args[i], "type")) {
      out.strings = same_word(args[i + 1], "string");
    } else if (const auto count = integer_of(args[i + 1]); !same_word(args[i], "count") || !count ||
                                                           *count < 1) {
      talk.error(same_word(args[i], "count") && !count ? kNotInteger : kSyntax);
      return false;
    } else {
      out.count = std::min(static_cast<std::size_t>(*count), kScanMax);
    }
  }
  return true;
}

}  // namespace

void resp_exists(RespTalk& talk, RespArgs args) {
  std::int64_t count = 0;
  for (const std::string_view key : args.subspan(1)) {
    count += talk.values().facts(talk.space(), key) ? 1 : 0;
  }
  talk.reply().integer(count);
}

void resp_del(RespTalk& talk, RespArgs args) {
  std::int64_t count = 0;
  for (const std::string_view key : args.subspan(1)) {
    auto taken = talk.values().take(talk.space(), key);
    if (!taken) return talk.error(taken.error());
    count += *taken ? 1 : 0;
  }
  talk.reply().integer(count);
}

void resp_ttl(RespTalk& talk, RespArgs args) {
  const auto facts = talk.values().facts(talk.space(), args[1]);
  if (!facts) return talk.reply().integer(-2);
  if (!facts->expires) return talk.reply().integer(-1);
  const std::int64_t left = std::max<std::int64_t>((*facts->expires - talk.now()).count(), 0);
  talk.reply().integer(same_word(args[0], "ttl") ? (left + 500) / 1000 : left);
}

void resp_expire(RespTalk& talk, RespArgs args) {
  const auto number = integer_of(args[2]);
  if (!number) return talk.error(kNotInteger);
  if (!known_words(args.subspan(3))) {
    return talk.error(fmt::format("ERR Unsupported option {}", args[3]));
  }
  const bool seconds = same_word(args[0], "expire") || same_word(args[0], "expireat");
  const bool from_now = same_word(args[0], "expire") || same_word(args[0], "pexpire");
  constexpr std::int64_t kMax = std::int64_t{1} << 60;
  const std::int64_t most = seconds ? kMax / 1000 : kMax;
  if (*number > most || *number < -most) {
    const RespCommand* command = find_command(args[0]);
    return talk.error(fmt::format("ERR invalid expire time in '{}' command", command->name));
  }
  const WallTime from = from_now ? talk.now() : WallTime();
  const WallTime end = from + std::chrono::milliseconds(*number * (seconds ? 1000 : 1));
  const auto facts = talk.values().facts(talk.space(), args[1]);
  if (!facts || !end_allowed(args.subspan(3), facts->expires, end)) return talk.reply().integer(0);
  if (end <= talk.now()) {
    auto taken = talk.values().take(talk.space(), args[1]);
    if (!taken) return talk.error(taken.error());
    return talk.reply().integer(*taken ? 1 : 0);
  }
  const auto done = talk.values().expire(talk.space(), args[1], end);
  if (!done) return talk.error(done.error());
  talk.reply().integer(*done ? 1 : 0);
}

void resp_persist(RespTalk& talk, RespArgs args) {
  const auto facts = talk.values().facts(talk.space(), args[1]);
  if (!facts || !facts->expires) return talk.reply().integer(0);
  const auto done = talk.values().expire(talk.space(), args[1], std::nullopt);
  if (!done) return talk.error(done.error());
  talk.reply().integer(*done ? 1 : 0);
}

void resp_type(RespTalk& talk, RespArgs args) {
  talk.reply().simple(talk.values().facts(talk.space(), args[1]) ? "string" : "none");
}

void resp_scan(RespTalk& talk, RespArgs args) {
  const auto cursor = integer_of(args[1]);
  if (!cursor || *cursor < 0) return talk.error("ERR invalid cursor");
  ScanOptions options;
  if (!read_options(talk, args.subspan(2), options)) return;
  values::Keys page =
      talk.values().scan(talk.space(), static_cast<std::uint64_t>(*cursor), options.count);
  std::erase_if(page.keys, [&](const std::string& key) {
    return !options.strings || !wire::resp::glob_matches(options.match, key);
  });
  auto reply = talk.reply();
  reply.array(2);
  reply.bulk(std::to_string(page.next));
  reply.array(page.keys.size());
  for (const std::string& key : page.keys) reply.bulk(key);
}

void resp_keys(RespTalk& talk, RespArgs args) {
  const std::uint64_t count = talk.values().count(talk.space());
  if (count > talk.shared().options.keys_max) {
    return talk.error(fmt::format("ERR KEYS would look at {} keys, {} are allowed: use SCAN",
                                  count, talk.shared().options.keys_max));
  }
  std::vector<std::string> keys;
  std::uint64_t cursor = 0;
  do {
    values::Keys page = talk.values().scan(talk.space(), cursor, kPage);
    for (std::string& key : page.keys) {
      if (wire::resp::glob_matches(args[1], key)) keys.push_back(std::move(key));
    }
    cursor = page.next;
  } while (cursor != 0);
  auto reply = talk.reply();
  reply.array(keys.size());
  for (const std::string& key : keys) reply.bulk(key);
}

void resp_dbsize(RespTalk& talk, RespArgs) {
  talk.reply().integer(static_cast<std::int64_t>(talk.values().count(talk.space())));
}

void resp_flush(RespTalk& talk, RespArgs args) {
  const bool word = args.size() == 2 && (same_word(args[1], "sync") || same_word(args[1], "async"));
  if (args.size() > 2 || (args.size() == 2 && !word)) return talk.error(kSyntax);
  if (!talk.shared().options.flush) {
    return talk.error("NOPERM removing all keys is off: start the server with --resp-flush on");
  }
  const bool all = same_word(args[0], "flushall");
  for (int database = 0; all && database < 16; ++database) {
    if (auto done = talk.values().flush(talk.space_of(database)); !done) {
      return talk.error(done.error());
    }
  }
  if (auto done = talk.values().flush(talk.space()); !done) return talk.error(done.error());
  talk.reply().ok();
}

}  // namespace refrain::api
