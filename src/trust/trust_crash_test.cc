// A child process says verdicts, saves, and tells through a pipe which ones are durable; this
// process kills it with -9 at a random point and looks at what is left, on one folder.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "tests/support/manual_clock.h"
#include "tests/support/temp_folder.h"
#include "trust/trust.h"

namespace refrain::trust {
namespace {

constexpr int kRounds = 20;

// Labels and verdicts grow by one each time, so that a torn state would show.
[[noreturn]] void work_until_killed(const std::string& file, int pipe) {
  test::ManualClock clock;
  auto trust = Trust::open({.file = file}, clock);
  policy::Features evidence{};
  evidence[0] = 1;
  const Route route{"openai.chat", "t", "m"};
  for (std::uint64_t id = trust->verdicts().all().size() + 1;; ++id) {
    const Judgement judged =
        trust->routes().judge(route, evidence, policy::First::checked, Explore::never);
    trust->learn(judged, true);
    if (!trust->verdicts().say({id, Verdict::wrong}) || !trust->save()) ::_exit(1);
    if (::write(pipe, &id, sizeof id) != sizeof id) ::_exit(2);
  }
}

std::uint64_t crash(const std::string& file, std::uint64_t after) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    work_until_killed(file, ends[1]);
  }
  ::close(ends[1]);
  std::uint64_t last = 0;
  std::uint64_t id = 0;
  for (std::uint64_t seen = 1; ::read(ends[0], &id, sizeof id) == sizeof id; ++seen) {
    last = id;
    if (seen == after) ::kill(child, SIGKILL);
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child left by itself: " << status;
  return last;
}

TEST(TrustCrash, KillNineLosesNoVerdictAndTearsNothing) {
  TempFolder folder;
  const std::string file = folder.path() + "/trust.state";
  std::mt19937_64 dice(13);
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t acknowledged = crash(file, 1 + dice() % 12);
    ASSERT_GT(acknowledged, 0U);
    test::ManualClock clock;
    auto trust = Trust::open({.file = file}, clock);
    ASSERT_EQ(trust->stats().damaged, 0U) << "round " << round;
    const std::size_t said = trust->verdicts().all().size();
    ASSERT_GE(said, acknowledged);
    ASSERT_LE(said, acknowledged + 1);
    policy::Features evidence{};
    trust->routes().preview({"openai.chat", "t", "m"}, evidence, policy::First::checked);
    ASSERT_EQ(trust->stats().routes[0].labels, said) << "half of a state";
  }
}

}  // namespace
}  // namespace refrain::trust
