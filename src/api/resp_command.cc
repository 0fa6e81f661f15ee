#include "api/resp_command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include <fmt/format.h>

namespace refrain::api {
namespace {

// By name: find_command() looks by halves.
constexpr auto kCommands = std::to_array<RespCommand>({
    {"auth", -2, "fast no_auth", 0, 0, 0, 0, 0, "connection", "Says whose requests these are",
     resp_auth},
    {"client", -2, "admin", 0, 0, 0, 0, 0, "connection", "Facts of this connection", resp_client},
    {"command", -1, "", 0, 0, 0, 0, 0, "server", "What commands there are", resp_command},
    {"config", -2, "admin", 0, 0, 0, 0, 0, "server", "A few settings, to read", resp_config},
    {"dbsize", 1, "readonly fast", 0, 0, 0, 0, 0, "server", "Number of keys", resp_dbsize},
    {"del", -2, "write", 1, -1, 1, 0, 0, "generic", "Removes keys", resp_del},
    {"echo", 2, "fast", 0, 0, 0, 0, 0, "connection", "Sends back its argument", resp_echo},
    {"exists", -2, "readonly fast", 1, -1, 1, 0, 0, "generic", "How many of the keys there are",
     resp_exists},
    {"expire", -3, "write fast", 1, 1, 1, 0, 0, "generic", "Ends a key after seconds", resp_expire},
    {"expireat", -3, "write fast", 1, 1, 1, 0, 0, "generic", "Ends a key at a second", resp_expire},
    {"flushall", -1, "write", 0, 0, 0, 0, 0, "server", "Removes all keys of one's own",
     resp_flush},
    {"flushdb", -1, "write", 0, 0, 0, 0, 0, "server", "Removes all keys of the namespace",
     resp_flush},
    {"get", 2, "readonly fast", 1, 1, 1, 0, 0, "string", "The value of a key", resp_get},
    {"getdel", 2, "write fast", 1, 1, 1, 0, 0, "string", "The value of a key, which is removed",
     resp_getdel},
    {"getrange", 4, "readonly", 1, 1, 1, 0, 0, "string", "A part of a value", resp_getrange},
    {"hello", -1, "fast no_auth", 0, 0, 0, 0, 0, "connection", "Chooses the protocol version",
     resp_hello},
    {"info", -1, "", 0, 0, 0, 0, 0, "server", "Facts of the server", resp_info},
    {"keys", 2, "readonly", 0, 0, 0, 0, 0, "generic", "Keys that match, of a small namespace",
     resp_keys},
    {"mget", -2, "readonly fast", 1, -1, 1, 0, 0, "string", "The values of keys", resp_mget},
    {"mset", -3, "write", 1, -1, 2, 2, 2, "string", "Sets keys, one after the other", resp_mset},
    {"persist", 2, "write fast", 1, 1, 1, 0, 0, "generic", "A key ends no more", resp_persist},
    {"pexpire", -3, "write fast", 1, 1, 1, 0, 0, "generic", "Ends a key after milliseconds",
     resp_expire},
    {"pexpireat", -3, "write fast", 1, 1, 1, 0, 0, "generic", "Ends a key at a millisecond",
     resp_expire},
    {"ping", -1, "fast", 0, 0, 0, 0, 0, "connection", "Is the server there", resp_ping},
    {"psetex", 4, "write", 1, 1, 1, 3, 0, "string", "Sets a key for milliseconds", resp_setex},
    {"pttl", 2, "readonly fast", 1, 1, 1, 0, 0, "generic", "Milliseconds until a key ends",
     resp_ttl},
    {"quit", -1, "fast no_auth", 0, 0, 0, 0, 0, "connection", "Ends the connection", resp_quit},
    {"reset", 1, "fast no_auth", 0, 0, 0, 0, 0, "connection", "As a new connection", resp_reset},
    {"scan", -2, "readonly", 0, 0, 0, 0, 0, "generic", "Keys, page by page", resp_scan},
    {"select", 2, "fast", 0, 0, 0, 0, 0, "connection", "Chooses one of 16 namespaces",
     resp_select},
    {"set", -3, "write", 1, 1, 1, 2, 0, "string", "Sets a key", resp_set},
    {"setex", 4, "write", 1, 1, 1, 3, 0, "string", "Sets a key for seconds", resp_setex},
    {"setnx", 3, "write fast", 1, 1, 1, 2, 0, "string", "Sets a key that is not there",
     resp_setnx},
    {"strlen", 2, "readonly fast", 1, 1, 1, 0, 0, "string", "Bytes of a value", resp_strlen},
    {"touch", -2, "readonly fast", 1, -1, 1, 0, 0, "generic", "How many of the keys there are",
     resp_exists},
    {"ttl", 2, "readonly fast", 1, 1, 1, 0, 0, "generic", "Seconds until a key ends", resp_ttl},
    {"type", 2, "readonly fast", 1, 1, 1, 0, 0, "generic", "string or none", resp_type},
    {"unlink", -2, "write fast", 1, -1, 1, 0, 0, "generic", "Removes keys", resp_del},
});
static_assert(std::ranges::is_sorted(kCommands, {}, &RespCommand::name));

constexpr std::size_t kNameMax = 16;  // longer than any name
constexpr std::size_t kShownMax = 128;

// As Redis says it: the beginning of the arguments, so that a slip is found.
std::string unknown(RespArgs args) {
  std::string shown;
  for (const std::string_view arg : args.subspan(1)) {
    if (shown.size() >= kShownMax) break;
    shown += fmt::format("'{}' ", arg.substr(0, kShownMax - shown.size()));
  }
  return fmt::format("ERR unknown command '{}', with args beginning with: {}",
                     args[0].substr(0, kShownMax), shown);
}

}  // namespace

std::span<const RespCommand> all_commands() noexcept { return kCommands; }

const RespCommand* find_command(std::string_view name) noexcept {
  if (name.size() > kNameMax) return nullptr;
  std::array<char, kNameMax> lower;
  std::ranges::transform(name, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c;
  });
  const std::string_view wanted(lower.data(), name.size());
  const auto at = std::ranges::lower_bound(kCommands, wanted, {}, &RespCommand::name);
  return at != kCommands.end() && at->name == wanted ? &*at : nullptr;
}

bool is_value(const RespCommand& command, std::size_t arg) noexcept {
  const auto first = static_cast<std::size_t>(command.value_arg);
  if (first == 0 || arg < first) return false;
  const auto step = static_cast<std::size_t>(command.value_step);
  return step == 0 ? arg == first : (arg - first) % step == 0;
}

bool command_fits(const RespCommand& command, std::size_t count) noexcept {
  const int have = static_cast<int>(std::min<std::size_t>(count, 1 << 30));
  return command.arity >= 0 ? have == command.arity : have >= -command.arity;
}

void run_command(RespTalk& talk, RespArgs args) {
  const RespCommand* command = find_command(args[0]);
  if (!command) return talk.error(unknown(args));
  if (!command_fits(*command, args.size())) {
    return talk.error(fmt::format("ERR wrong number of arguments for '{}' command", command->name));
  }
  if (!talk.known() && command->flags.find("no_auth") == std::string_view::npos) {
    return talk.error("NOAUTH Authentication required.");
  }
  command->run(talk, args);
}

bool same_word(std::string_view a, std::string_view lower_case) noexcept {
  return std::ranges::equal(a, lower_case, [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x | 32) : x) == y;
  });
}

std::optional<std::int64_t> integer_of(std::string_view text) noexcept {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace refrain::api
