#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace refrain::cli {

enum class Shell : std::uint8_t { bash, zsh };
std::optional<Shell> parse_shell(std::string_view name) noexcept;

/// A script that completes the subcommands and flags of `app`, as CLI11 describes them now, and
/// file names after them. To be sourced: source <(refrain completion bash).
std::string completion(const CLI::App& app, Shell shell);

}  // namespace refrain::cli
