#pragma once

#include <span>
#include <string_view>

#include "api/resp_talk.h"

namespace refrain::api {

/// One row of the table of commands. The numbers are those of Redis's COMMAND.
struct RespCommand {
  std::string_view name;  // in lower case
  int arity;              // with the name; negative: at least
  std::string_view flags; // "write", "readonly", "fast", "admin", "no_auth": separated by spaces
  int first_key, last_key, key_step;
  int value_arg, value_step;  // which arguments are values that may be streamed; 0: none, one only
  std::string_view group, summary;
  void (*run)(RespTalk&, RespArgs);
};

std::span<const RespCommand> all_commands() noexcept;
/// In any case of letters; null: unknown.
const RespCommand* find_command(std::string_view name) noexcept;
bool is_value(const RespCommand& command, std::size_t arg) noexcept;
bool command_fits(const RespCommand& command, std::size_t count) noexcept;
/// Answers one command, whatever it is.
void run_command(RespTalk& talk, RespArgs args);

// In which words of the protocol it is said does not matter.
bool same_word(std::string_view a, std::string_view lower_case) noexcept;
/// A whole number as Redis reads it: no sign but '-', no space. nullopt: not one.
std::optional<std::int64_t> integer_of(std::string_view text) noexcept;

inline constexpr std::string_view kSyntax = "ERR syntax error";
inline constexpr std::string_view kNotInteger = "ERR value is not an integer or out of range";

// resp_strings.cc
void resp_set(RespTalk& talk, RespArgs args);
void resp_setex(RespTalk& talk, RespArgs args);
void resp_setnx(RespTalk& talk, RespArgs args);
void resp_get(RespTalk& talk, RespArgs args);
void resp_getdel(RespTalk& talk, RespArgs args);
void resp_mget(RespTalk& talk, RespArgs args);
void resp_mset(RespTalk& talk, RespArgs args);
void resp_strlen(RespTalk& talk, RespArgs args);
void resp_getrange(RespTalk& talk, RespArgs args);
// resp_keys.cc
void resp_exists(RespTalk& talk, RespArgs args);
void resp_del(RespTalk& talk, RespArgs args);
void resp_ttl(RespTalk& talk, RespArgs args);
void resp_expire(RespTalk& talk, RespArgs args);
void resp_persist(RespTalk& talk, RespArgs args);
void resp_type(RespTalk& talk, RespArgs args);
void resp_scan(RespTalk& talk, RespArgs args);
void resp_keys(RespTalk& talk, RespArgs args);
void resp_dbsize(RespTalk& talk, RespArgs args);
void resp_flush(RespTalk& talk, RespArgs args);
// resp_server.cc
void resp_auth(RespTalk& talk, RespArgs args);
void resp_hello(RespTalk& talk, RespArgs args);
void resp_ping(RespTalk& talk, RespArgs args);
void resp_echo(RespTalk& talk, RespArgs args);
void resp_select(RespTalk& talk, RespArgs args);
void resp_client(RespTalk& talk, RespArgs args);
void resp_command(RespTalk& talk, RespArgs args);
void resp_info(RespTalk& talk, RespArgs args);
void resp_config(RespTalk& talk, RespArgs args);
void resp_quit(RespTalk& talk, RespArgs args);
void resp_reset(RespTalk& talk, RespArgs args);

}  // namespace refrain::api
