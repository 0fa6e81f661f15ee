// One table for both shells: a case per subcommand with its flags. Bash gets them through compgen,
// zsh (whose own `words` are what was typed) through compadd. Neither has rules of its own, so that
// a new flag needs no change here.
#include "cli/completion.h"

#include <CLI/CLI.hpp>

#include <fmt/format.h>

namespace refrain::cli {
namespace {

std::string words_of(const CLI::App& command) {
  std::string out;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) out += " --" + name;
  }
  return out.empty() ? out : out.substr(1);
}

std::string subcommands_of(const CLI::App& app) {
  std::string out;
  for (const CLI::App* command : app.get_subcommands({})) {
    out += (out.empty() ? "" : " ") + command->get_name();
  }
  return out;
}

// Sets `offered` to what may stand there.
std::string cases(const CLI::App& app) {
  std::string out;
  for (const CLI::App* command : app.get_subcommands({})) {
    out += fmt::format("    {}) offered=\"{}\" ;;\n", command->get_name(), words_of(*command));
  }
  return out + fmt::format("    *) offered=\"{} {}\" ;;\n", subcommands_of(app), words_of(app));
}

}  // namespace

std::optional<Shell> parse_shell(std::string_view name) noexcept {
  if (name == "bash") return Shell::bash;
  if (name == "zsh") return Shell::zsh;
  return std::nullopt;
}

std::string completion(const CLI::App& app, Shell shell) {
  const std::string& name = app.get_name();
  if (shell == Shell::bash) {
    return fmt::format(R"(# source <({0} completion bash)
_{0}() {{
  local offered="" here="${{COMP_WORDS[COMP_CWORD]}}" command=""
  [ "$COMP_CWORD" -gt 1 ] && command="${{COMP_WORDS[1]}}"
  case "$command" in
{1}  esac
  COMPREPLY=($(compgen -W "$offered" -- "$here"))
}}
complete -o default -F _{0} {0}
)",
                       name, cases(app));
  }
  return fmt::format(R"(#compdef {0}
# source <({0} completion zsh)
_{0}() {{
  local offered="" command=""
  (( CURRENT > 2 )) && command="${{words[2]}}"
  case "$command" in
{1}  esac
  compadd -- ${{=offered}}
  _files
}}
compdef _{0} {0}
)",
                     name, cases(app));
}

}  // namespace refrain::cli
