// The connection and the server, not the keys.
#include <algorithm>

#include <fmt/format.h>

#include "api/resp_command.h"

namespace refrain::api {
namespace {

constexpr int kDatabases = 16;
constexpr std::string_view kWrongPass =
    "WRONGPASS invalid username-password pair or user is disabled.";

// Names that others see, and log lines: no spaces, no control characters.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string client_line(RespTalk& talk) {
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(
      talk.shared().clock.now() - talk.since);
  return fmt::format("id={} addr={} name={} age={} resp={} lib-name={} lib-ver={}\n", talk.id,
                     talk.peer().address, talk.name, age.count(), talk.version(), talk.library,
                     talk.library_version);
}

void set_info(RespTalk& talk, RespArgs args) {
  if (!is_plain(args[3])) {
    return talk.error(fmt::format("ERR {} cannot contain spaces, newlines or special characters.",
                                  args[2].substr(0, 16)));
  }
  if (same_word(args[2], "lib-name")) {
    talk.library = args[3];
  } else if (same_word(args[2], "lib-ver")) {
    talk.library_version = args[3];
  } else {
    return talk.error(fmt::format("ERR Unrecognized option '{}'", args[2].substr(0, 32)));
  }
  talk.reply().ok();
}

void describe(wire::resp::ReplyWriter& reply, const RespCommand& command) {
  reply.array(10);
  reply.bulk(command.name);
  reply.integer(command.arity);
  std::vector<std::string_view> flags;
  for (std::string_view rest = command.flags; !rest.empty();) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    flags.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  reply.set(flags.size());
  for (const std::string_view flag : flags) reply.simple(flag);
  reply.integer(command.first_key);
  reply.integer(command.last_key);
  reply.integer(command.key_step);
  for (int list = 0; list < 4; ++list) reply.array(0);
}

void document(wire::resp::ReplyWriter& reply, const RespCommand& command) {
  reply.bulk(command.name);
  reply.map(2);
  reply.bulk("summary");
  reply.bulk(command.summary);
  reply.bulk("group");
  reply.bulk(command.group);
}

// Those that were named, or all; unknown ones are null or left out.
std::vector<const RespCommand*> chosen(RespArgs names) {
  std::vector<const RespCommand*> out;
  for (const std::string_view name : names) out.push_back(find_command(name));
  if (names.empty()) {
    for (const RespCommand& command : all_commands()) out.push_back(&command);
  }
  return out;
}

std::string info_text(RespTalk& talk) {
  const values::Stats stats = talk.values().stats();
  const RespDoor::Shared& shared = talk.shared();
  const auto up = std::chrono::duration_cast<std::chrono::seconds>(shared.clock.now() -
                                                                   shared.started);
  std::string out = fmt::format(
      "# Server\r\nredis_version:7.0.0\r\nredis_mode:standalone\r\nserver_name:refrain\r\n"
      "refrain_version:{}\r\nuptime_in_seconds:{}\r\n",
      shared.options.version, up.count());
  out += fmt::format("\r\n# Clients\r\nconnected_clients:{}\r\n", shared.open.value());
  out += fmt::format("\r\n# Memory\r\nused_memory:{}\r\nmaxmemory:{}\r\n", stats.memory_bytes,
                     talk.values().options().memory_max);
  out += fmt::format("\r\n# Persistence\r\nloading:0\r\nused_disk:{}\r\nmaxdisk:{}\r\n",
                     stats.disk_bytes, talk.values().options().disk_max);
  out += fmt::format("\r\n# Stats\r\ntotal_commands_processed:{}\r\nexpired_keys:{}\r\n"
                     "evicted_keys:{}\r\nkeyspace_hits:{}\r\nkeyspace_misses:{}\r\n",
                     shared.commands.value(), stats.expired, stats.evicted_disk, stats.hits,
                     stats.misses);
  out += "\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n\r\n# Keyspace\r\n";
  for (int database = 0; database < kDatabases; ++database) {
    // Of one's own tenant alone.
    const std::uint64_t keys = talk.values().count(talk.space_of(database));
    if (keys > 0) out += fmt::format("db{}:keys={},expires=0,avg_ttl=0\r\n", database, keys);
  }
  return out;
}

}  // namespace

void resp_auth(RespTalk& talk, RespArgs args) {
  if (args.size() > 3) return talk.error(kSyntax);
  const std::string_view user = args.size() == 3 ? args[1] : "";
  if (!talk.authenticate(user, args.back())) return talk.error(kWrongPass);
  talk.reply().ok();
}

void resp_hello(RespTalk& talk, RespArgs args) {
  int version = talk.version();
  if (args.size() > 1) {
    const auto wanted = integer_of(args[1]);
    if (!wanted) return talk.error("ERR Protocol version is not an integer or out of range");
    if (*wanted != 2 && *wanted != 3) return talk.error("NOPROTO unsupported protocol version");
    version = static_cast<int>(*wanted);
  }
  std::optional<std::string_view> name;
  for (std::size_t i = 2; i < args.size(); ++i) {
    if (same_word(args[i], "auth") && i + 2 < args.size()) {
      if (!talk.authenticate(args[i + 1], args[i + 2])) return talk.error(kWrongPass);
      i += 2;
    } else if (same_word(args[i], "setname") && i + 1 < args.size()) {
      name = args[++i];
      if (!is_plain(*name)) {
        return talk.error(
            "ERR Client names cannot contain spaces, newlines or special characters.");
      }
    } else {
      return talk.error(fmt::format("ERR Syntax error in HELLO option '{}'",
                                    args[i].substr(0, 32)));
    }
  }
  if (!talk.known()) {
    return talk.error("NOAUTH HELLO must be called with the client already authenticated, "
                      "otherwise the HELLO <proto> AUTH <user> <pass> option can be used to "
                      "authenticate the client and select the RESP protocol version at the same "
                      "time");
  }
  if (name) talk.name = *name;
  talk.speak(version);
  auto reply = talk.reply();
  reply.map(7);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk("7.0.0");
  reply.bulk("proto");
  reply.integer(version);
  reply.bulk("id");
  reply.integer(static_cast<std::int64_t>(talk.id));
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.array(0);
}

void resp_ping(RespTalk& talk, RespArgs args) {
  if (args.size() > 2) return talk.error("ERR wrong number of arguments for 'ping' command");
  if (args.size() == 2) return talk.reply().bulk(args[1]);
  talk.reply().simple("PONG");
}

void resp_echo(RespTalk& talk, RespArgs args) { talk.reply().bulk(args[1]); }

void resp_select(RespTalk& talk, RespArgs args) {
  const auto number = integer_of(args[1]);
  if (!number) return talk.error("ERR invalid DB index");
  if (*number < 0 || *number >= kDatabases) return talk.error("ERR DB index is out of range");
  talk.select(static_cast<int>(*number));
  talk.reply().ok();
}

void resp_client(RespTalk& talk, RespArgs args) {
  const std::string_view what = args[1];
  if (same_word(what, "id") && args.size() == 2) {
    return talk.reply().integer(static_cast<std::int64_t>(talk.id));
  }
  if (same_word(what, "getname") && args.size() == 2) {
    if (talk.name.empty()) return talk.reply().null();
    return talk.reply().bulk(talk.name);
  }
  if (same_word(what, "setname") && args.size() == 3) {
    if (!is_plain(args[2])) {
      return talk.error("ERR Client names cannot contain spaces, newlines or special characters.");
    }
    talk.name = args[2];
    return talk.reply().ok();
  }
  if (same_word(what, "setinfo") && args.size() == 4) return set_info(talk, args);
  if ((same_word(what, "no-evict") || same_word(what, "no-touch")) && args.size() == 3) {
    if (!same_word(args[2], "on") && !same_word(args[2], "off")) return talk.error(kSyntax);
    return talk.reply().ok();
  }
  // Only oneself: others may be of another tenant.
  if (same_word(what, "list") || same_word(what, "info")) {
    return talk.reply().bulk(client_line(talk));
  }
  talk.error(fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. "
                         "Try CLIENT HELP.",
                         what.substr(0, 64)));
}

void resp_command(RespTalk& talk, RespArgs args) {
  auto reply = talk.reply();
  const std::string_view what = args.size() > 1 ? args[1] : "info";
  const RespArgs names = args.size() > 2 ? args.subspan(2) : RespArgs();
  if (same_word(what, "count")) {
    return reply.integer(static_cast<std::int64_t>(all_commands().size()));
  }
  std::vector<const RespCommand*> wanted = chosen(names);
  if (same_word(what, "docs")) {
    std::erase(wanted, nullptr);
    reply.map(wanted.size());
    for (const RespCommand* command : wanted) document(reply, *command);
  } else if (same_word(what, "list")) {
    std::erase(wanted, nullptr);
    reply.array(wanted.size());
    for (const RespCommand* command : wanted) reply.bulk(command->name);
  } else if (same_word(what, "info")) {
    reply.array(wanted.size());
    for (const RespCommand* command : wanted) {
      if (command) describe(reply, *command);
      else reply.null();
    }
  } else {
    talk.error(fmt::format("ERR unknown subcommand or wrong number of arguments for '{}'. "
                           "Try COMMAND HELP.",
                           what.substr(0, 64)));
  }
}

void resp_info(RespTalk& talk, RespArgs) { talk.reply().bulk(info_text(talk)); }

void resp_config(RespTalk& talk, RespArgs args) {
  if (!same_word(args[1], "get") || args.size() < 3) {
    return talk.error("ERR only CONFIG GET is understood: settings are given at the start");
  }
  const values::Options& options = talk.values().options();
  const std::pair<std::string_view, std::string> settings[] = {
      {"appendonly", options.folder.empty() ? "no" : "yes"},
      {"databases", std::to_string(kDatabases)},
      {"maxmemory", std::to_string(options.memory_max)},
      {"proto-max-bulk-len", std::to_string(options.value_max)},
      {"save", ""}};
  std::vector<const std::pair<std::string_view, std::string>*> shown;
  for (const auto& setting : settings) {
    const bool asked = std::ranges::any_of(args.subspan(2), [&](std::string_view pattern) {
      return wire::resp::glob_matches(pattern, setting.first);
    });
    if (asked) shown.push_back(&setting);
  }
  auto reply = talk.reply();
  reply.map(shown.size());
  for (const auto* setting : shown) {
    reply.bulk(setting->first);
    reply.bulk(setting->second);
  }
}

void resp_quit(RespTalk& talk, RespArgs) {
  talk.reply().ok();
  talk.leave();
}

void resp_reset(RespTalk& talk, RespArgs) {
  talk.reset();
  talk.reply().simple("RESET");
}

}  // namespace refrain::api
