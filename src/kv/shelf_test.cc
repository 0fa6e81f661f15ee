// A child process publishes, and is killed with -9 at a random moment; this process looks at what
// is left, twenty times on one folder. Every step of a publication is hit by some of them.
#include "kv/shelf.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "tests/support/kv_files.h"
#include "tests/support/kv_store.h"

namespace refrain::kv {
namespace {

constexpr int kRounds = 20;

std::vector<Token> prompt_of(std::uint32_t number) {
  std::vector<Token> out = tokens_from(0, 40);
  out[18] = static_cast<Token>(number);
  return out;
}

[[noreturn]] void publish_until_killed(const std::string& folder, int pipe, std::uint32_t from) {
  StoreProbe probe({.folder = folder, .disk_bytes_max = 60 * 1536});
  for (std::uint32_t i = from;; ++i) {
    probe.clock.set(1000 + i);  // so that the oldest is the least valuable
    const std::string name = "n" + std::to_string(i % 7);
    bool done = false;
    if (i % 2 == 0) {
      done = probe.keep(prompt_of(i), name).has_value();
    } else {
      done = probe.store()
                 .keep({}, {.tenant = "t",
                            .name = name,
                            .path = put_incoming(probe.store(), sample_file(prompt_of(i)))})
                 .has_value();
    }
    if (!done || ::write(pipe, &i, sizeof i) != sizeof i) ::_exit(1);
  }
}

TEST(KvShelf, WhatWasAcknowledgedIsWholeAfterKillNine) {
  TempFolder temp;
  std::mt19937 random(7);
  std::uint32_t last = 0;
  for (int round = 0; round < kRounds; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    if (child == 0) publish_until_killed(temp.path(), pipe[1], last + 1);
    ::close(pipe[1]);
    std::uint32_t acknowledged = 0;
    for (std::size_t left = 1 + random() % 12; left > 0; --left) {
      if (::read(pipe[0], &acknowledged, sizeof acknowledged) != sizeof acknowledged) break;
    }
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    while (::read(pipe[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) {
    }
    ::close(pipe[0]);
    last = std::max(last, acknowledged);
    StoreProbe probe({.folder = temp.path(), .disk_bytes_max = 60 * 1536});
    ASSERT_GT(last, 0U);
    EXPECT_EQ(probe.checked(prompt_of(last)), 40U) << "round " << round;
    for (const Description& facts : probe.store().list({.tenant = "t"})) {
      auto opened = probe.store().open({}, facts.id);
      ASSERT_TRUE(opened && read_all(*opened->bytes)) << facts.name;
    }
    EXPECT_EQ(probe.store().stats().corrupt, 0U);
    EXPECT_LE(probe.store().stats().disk_bytes, 60U * 1536);
  }
}

// A limit on the size of files stands for a full disk: the write fails in the middle.
TEST(KvShelf, AFullDiskRefusesAndHarmsNothing) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 40), "n"));
  struct sigaction old = {}, ignore = {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &ignore, &old);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit small{700, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  auto refused = probe.keep(tokens_from(500, 40), "m");
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::sigaction(SIGXFSZ, &old, nullptr);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::unavailable);
  EXPECT_EQ(probe.checked(tokens_from(0, 40)), 40U);
  ASSERT_TRUE(probe.keep(tokens_from(500, 40), "m"));
  EXPECT_EQ(probe.checked(tokens_from(500, 40)), 40U);
}

}  // namespace
}  // namespace refrain::kv
