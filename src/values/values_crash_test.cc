// A child sets values, small and large, over few keys, and says through a pipe which it was told
// are kept; this process kills it with -9 at any point and looks at what is left, on one folder.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/support/values_probe.h"

namespace refrain::values {
namespace {

constexpr int kRounds = 15;
constexpr std::uint64_t kKeys = 12;

// Which round of sets a value is of can be read from its first bytes; the rest follows from them.
std::string value_of(std::uint64_t number) {
  const std::size_t size = number % 3 == 0 ? 2 * kPieceBytes + number % 1000 : 10 + number % 3000;
  std::string value = bytes_of(size, number);
  std::copy_n(reinterpret_cast<const char*>(&number), sizeof number, value.data());
  return value;
}

std::uint64_t number_of(const std::string& value) {
  std::uint64_t number = 0;
  if (value.size() >= sizeof number) std::copy_n(value.data(), sizeof number,
                                                 reinterpret_cast<char*>(&number));
  return number;
}

[[noreturn]] void set_until_killed(const Options& options, int pipe, std::uint64_t number) {
  SetClock clock;
  base::Pool pool({.name = "values", .threads = 1, .queue_max = 64});
  auto values = Values::open(options, pool, clock);
  if (!values) ::_exit(1);
  for (;; ++number) {
    const std::string key = std::to_string(number % kKeys);
    auto outcome = (*values)->put({.space = "s", .key = key}, value_of(number));
    if (!outcome || ::write(pipe, &number, sizeof number) != sizeof number) ::_exit(2);
    if (number % 50 == 0) (*values)->upkeep();
  }
}

TEST(ValuesCrash, KillNineLosesNothingThatWasAcknowledged) {
  std::mt19937_64 dice(5);
  ValuesProbe probe;
  probe.values.reset();
  std::uint64_t next = 1;
  std::map<std::string, std::uint64_t> acknowledged;
  for (int round = 0; round < kRounds; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      set_until_killed(probe.options, ends[1], next);
    }
    ::close(ends[1]);
    const std::uint64_t deaths = 1 + dice() % 60;
    std::uint64_t number = 0;
    for (std::uint64_t seen = 0; ::read(ends[0], &number, sizeof number) == sizeof number;) {
      acknowledged[std::to_string(number % kKeys)] = number;
      next = number + 1;
      if (++seen == deaths) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child left by itself: " << status;
    probe.open();
    for (const auto& [key, last] : acknowledged) {
      const std::string value = probe.get(key);
      const std::uint64_t found = number_of(value);
      // One set may have been done and not been told of.
      ASSERT_TRUE(found == last || found == next) << key << " has " << found << ", not " << last;
      ASSERT_EQ(value, value_of(found)) << "torn";
    }
    EXPECT_EQ(probe.values->stats().corrupt, 0U);
    probe.values.reset();
    ++next;
  }
}

}  // namespace
}  // namespace refrain::values
