#include "cli/completion.h"

#include <CLI/CLI.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>

namespace refrain::cli {
namespace {

using testing::HasSubstr;

struct CompletionTest : testing::Test {
  CompletionTest() {
    app.add_subcommand("serve", "start")->add_option("--listen", text, "where");
    app.add_subcommand("stats", "numbers")->add_flag("--json", flag, "as JSON");
  }
  // What bash offers after these words.
  std::string offered(const std::string& words) const {
    std::string script = completion(app, Shell::bash) + "COMP_WORDS=(" + words +
                         ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_refrain\n"
                         "echo \"${COMPREPLY[*]}\"\n";
    std::FILE* bash = popen(("bash -c '" + script + "'").c_str(), "r");
    std::array<char, 4096> out{};
    std::size_t read = std::fread(out.data(), 1, out.size(), bash);
    EXPECT_EQ(pclose(bash), 0);
    return std::string(out.data(), read);
  }
  CLI::App app{"", "refrain"};
  std::string text;
  bool flag = false;
};

TEST_F(CompletionTest, BashOffersSubcommandsThenTheirFlags) {
  EXPECT_EQ(offered("refrain s"), "serve stats\n");
  EXPECT_EQ(offered("refrain se"), "serve\n");
  EXPECT_EQ(offered("refrain serve --l"), "--listen\n");
  EXPECT_EQ(offered("refrain stats --"), "--help --json\n");
}

TEST_F(CompletionTest, ANewFlagIsInBothScriptsByItself) {
  app.get_subcommand("serve")->add_option("--brand-new", text, "");
  for (Shell shell : {Shell::bash, Shell::zsh}) {
    EXPECT_THAT(completion(app, shell), HasSubstr("--brand-new"));
  }
}

TEST_F(CompletionTest, TheZshScriptDefinesWhatItRegisters) {
  std::string script = completion(app, Shell::zsh);
  EXPECT_TRUE(script.starts_with("#compdef refrain\n"));
  EXPECT_THAT(script, HasSubstr("_refrain() {"));
  EXPECT_THAT(script, HasSubstr("compdef _refrain refrain"));
}

TEST(Completion, ShellsAreKnownByName) {
  EXPECT_EQ(parse_shell("bash"), Shell::bash);
  EXPECT_EQ(parse_shell("zsh"), Shell::zsh);
  EXPECT_FALSE(parse_shell("fish"));
}

}  // namespace
}  // namespace refrain::cli
