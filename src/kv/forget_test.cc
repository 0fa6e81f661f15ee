#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "kv/store.h"
#include "tests/support/kv_store.h"

namespace refrain::kv {
namespace {

namespace fs = std::filesystem;

constexpr int kRounds = 12;

std::size_t files_in(const std::string& folder) {
  const auto all = fs::recursive_directory_iterator(folder + "/blocks");
  const auto is_file = [](const auto& entry) { return entry.is_regular_file(); };
  return static_cast<std::size_t>(std::count_if(begin(all), end(all), is_file));
}

// Waits for what was submitted to the writer's thread before.
void settle(StoreProbe& probe) { ASSERT_TRUE(probe.store().erase("nobody", "nothing")); }

TEST(KvForget, AForgottenPromptIsNotFoundAndTakesNoDiskEvenAfterARestart) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 40)));
  EXPECT_EQ(probe.store().forget(StoreProbe::space()).value(), 3U);
  EXPECT_EQ(probe.common(tokens_from(0, 40)), 0U);
  EXPECT_EQ(files_in(probe.path()), 0U);
  EXPECT_EQ(probe.store().stats().disk_bytes, 0U);
  probe.reopen();
  EXPECT_EQ(probe.common(tokens_from(0, 40)), 0U);
  EXPECT_EQ(probe.store().stats().lost, 0U);
}

TEST(KvForget, NamedObjectsAndWhatTheyAreMadeOfStay) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 64)));
  ASSERT_TRUE(probe.keep(tokens_from(0, 32), "n"));
  EXPECT_EQ(probe.store().forget(StoreProbe::space()).value(), 2U);
  EXPECT_EQ(probe.checked(tokens_from(0, 64)), 32U);
  EXPECT_TRUE(probe.store().find("t", "n"));
}

TEST(KvForget, WhatOnlyANameKeptGoesWithTheNameAlsoAfterARestart) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 32)));
  ASSERT_TRUE(probe.keep(tokens_from(0, 32), "n"));
  ASSERT_TRUE(probe.store().forget(StoreProbe::space()));
  probe.reopen();
  ASSERT_TRUE(probe.store().erase("t", "n"));
  EXPECT_EQ(probe.common(tokens_from(0, 32)), 0U);
  EXPECT_EQ(files_in(probe.path()), 0U);
}

TEST(KvForget, OtherTenantsKeepTheirsUnlessAllIsForgotten) {
  StoreProbe probe;
  NewPrompt other = StoreProbe::prompt(tokens_from(0, 40));
  other.tenant = "u";
  ASSERT_TRUE(probe.keep(other));
  ASSERT_TRUE(probe.store().forget(StoreProbe::space()));
  const Space theirs{"u", digest(small_model())};
  EXPECT_EQ(probe.store().find(theirs, tokens_from(0, 40)).tokens(), 40U);
  EXPECT_EQ(probe.store().forget(std::nullopt).value(), 3U);
  EXPECT_EQ(probe.store().find(theirs, tokens_from(0, 40)).tokens(), 0U);
}

TEST(KvForget, AMatchIsReadToItsEndAndThenItsBlocksGo) {
  StoreProbe probe({.memory_bytes_max = 0});
  ASSERT_TRUE(probe.keep(tokens_from(0, 40)));
  std::optional<Match> match(probe.store().find(StoreProbe::space(), tokens_from(0, 40)));
  ASSERT_TRUE(probe.store().forget(StoreProbe::space()));
  EXPECT_EQ(probe.common(tokens_from(0, 40)), 0U);
  for (const Found& block : match->blocks()) EXPECT_TRUE(probe.store().load({}, block));
  match.reset();
  settle(probe);
  EXPECT_EQ(files_in(probe.path()), 0U);
  EXPECT_EQ(probe.store().stats().blocks, 0U);
}

TEST(KvForget, WhatIsComputedAgainWhileAReaderHoldsTheOldIsKeptAgain) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 40)));
  std::optional<Match> match(probe.store().find(StoreProbe::space(), tokens_from(0, 40)));
  ASSERT_TRUE(probe.store().forget(StoreProbe::space()));
  ASSERT_TRUE(probe.keep(tokens_from(0, 40)));
  match.reset();
  settle(probe);
  probe.reopen();
  EXPECT_EQ(probe.checked(tokens_from(0, 40)), 40U);
}

// A draft of 40 tokens behind 32 that are kept, written and not published.
Draft draft_behind(StoreProbe& probe, const std::string& name) {
  EXPECT_TRUE(probe.keep(tokens_from(0, 32)));
  auto draft = probe.store().begin(StoreProbe::prompt(tokens_from(0, 40), name));
  const SampleRows rows(tokens_from(32, 8), 32);
  EXPECT_TRUE(draft && draft->write(rows.layers));
  return std::move(*draft);
}

TEST(KvForget, AnUnnamedDraftThatBeganBeforeIsRefused) {
  StoreProbe probe;
  Draft draft = draft_behind(probe, "");
  ASSERT_TRUE(probe.store().forget(StoreProbe::space()));
  auto published = probe.store().publish({}, std::move(draft));
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code, base::Code::cancelled);
  settle(probe);
  EXPECT_EQ(probe.common(tokens_from(0, 40)), 0U);
  EXPECT_EQ(files_in(probe.path()), 0U);
}

TEST(KvForget, ANamedDraftThatBeganBeforeIsWholeAfterARestart) {
  StoreProbe probe;
  Draft draft = draft_behind(probe, "n");
  ASSERT_TRUE(probe.store().forget(StoreProbe::space()));
  ASSERT_TRUE(probe.store().publish({}, std::move(draft)));
  probe.reopen();
  EXPECT_TRUE(probe.store().find("t", "n"));
  EXPECT_EQ(probe.checked(tokens_from(0, 40)), 40U);
}

// A limit on the size of files stands for a full disk.
TEST(KvForget, AFullDiskRefusesAndLeavesEverything) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 40)));
  struct sigaction old = {}, ignore = {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &ignore, &old);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{700, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto refused = probe.store().forget(StoreProbe::space());
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::sigaction(SIGXFSZ, &old, nullptr);
  ASSERT_FALSE(refused);
  EXPECT_EQ(probe.checked(tokens_from(0, 40)), 40U);
}

std::vector<Token> prompt_of(std::uint32_t number) {
  std::vector<Token> out = tokens_from(0, 40);
  out[18] = static_cast<Token>(number);
  return out;
}

// Says i when prompt i is kept, and i again when it is forgotten.
[[noreturn]] void keep_and_forget_until_killed(const std::string& folder, int pipe) {
  StoreProbe probe({.folder = folder});
  for (std::uint32_t i = 1;; ++i) {
    bool done = probe.keep(prompt_of(i)).has_value();
    done = done && probe.keep(tokens_from(900, 20), "n").has_value();
    done = done && ::write(pipe, &i, sizeof i) == sizeof i;
    done = done && probe.store().forget(StoreProbe::space()).has_value();
    if (!done || ::write(pipe, &i, sizeof i) != sizeof i) ::_exit(1);
  }
}

TEST(KvForget, WhatWasForgottenStaysSoAfterKillNine) {
  TempFolder temp;
  std::mt19937 random(11);
  for (int round = 0; round < kRounds; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    if (child == 0) keep_and_forget_until_killed(temp.path(), pipe[1]);
    ::close(pipe[1]);
    std::uint32_t said = 0, times = 0, next = 0;
    const std::size_t wanted = 2 + random() % 8;
    bool killed = false;
    while (::read(pipe[0], &next, sizeof next) == sizeof next) {
      times = next == said ? times + 1 : 1;
      said = next;
      if (killed || 2 * (said - 1) + times < wanted) continue;
      ::kill(child, SIGKILL);
      killed = true;
    }
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    ::close(pipe[0]);
    StoreProbe probe({.folder = temp.path()});
    for (std::uint32_t i = 1; i < said + (times == 2 ? 1U : 0U); ++i) {
      EXPECT_LT(probe.common(prompt_of(i)), 40U) << "round " << round;
    }
    EXPECT_EQ(probe.checked(tokens_from(900, 20)), 20U);
    EXPECT_EQ(probe.store().stats().corrupt, 0U);
    ASSERT_TRUE(probe.store().forget(StoreProbe::space()));
    EXPECT_EQ(probe.store().stats().blocks, 2U);
  }
}

}  // namespace
}  // namespace refrain::kv
