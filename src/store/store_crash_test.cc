// A child process writes batches and says through a pipe which ones were acknowledged; this process
// kills it with -9 at a random point and looks at what is left, twenty times on one folder.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <random>

#include "store/sqlite_store.h"
#include "tests/support/store_contract.h"

namespace refrain::store {
namespace {

constexpr int kRounds = 20;
constexpr std::uint64_t kAcknowledgedMax = 40;  // batches before the kill

// Everything in a record follows from its batch and number, so that a torn one shows.
Record numbered(std::uint64_t batch, std::uint64_t number, std::uint64_t size) {
  Record record = record_of(std::to_string(batch) + "/" + std::to_string(number),
                            (batch * 7919 + number * 104729) % 9000);
  record.tags = {std::to_string(batch), std::to_string(size)};
  return record;
}

std::uint64_t size_of(std::uint64_t batch) { return 1 + batch * 2654435761U % 12; }

[[noreturn]] void write_until_killed(const std::string& folder, int pipe, std::uint64_t batch) {
  StoreClock clock;
  auto store = SqliteStore::open({.folder = folder}, clock);
  if (!store) ::_exit(1);
  for (;; ++batch) {
    Batch puts;
    for (std::uint64_t i = 0; i < size_of(batch); ++i) {
      puts.puts.push_back(numbered(batch, i, size_of(batch)));
    }
    (*store)->write(std::move(puts), [pipe, batch](Result<std::vector<EntryId>> ids) {
      if (!ids || ::write(pipe, &batch, sizeof batch) != sizeof batch) ::_exit(2);
    });
    // Some gather into groups, some stand alone.
    if (batch % 5 == 0 && !commit({}, **store, {})) ::_exit(3);
  }
}

class StoreCrash : public testing::Test {
 protected:
  // Returns the batches that were acknowledged before the end.
  std::vector<std::uint64_t> crash(std::uint64_t first, std::uint64_t acknowledged) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      write_until_killed(folder_.path(), ends[1], first);
    }
    ::close(ends[1]);
    std::vector<std::uint64_t> batches;
    std::uint64_t batch = 0;
    while (::read(ends[0], &batch, sizeof batch) == sizeof batch) {
      batches.push_back(batch);
      if (batches.size() == acknowledged) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child left by itself: " << status;
    return batches;
  }
  void check(const std::vector<std::uint64_t>& acknowledged) {
    StoreClock clock;
    auto store = SqliteStore::open({.folder = folder_.path()}, clock);
    ASSERT_TRUE(store) << store.error().what;
    std::map<std::uint64_t, std::uint64_t> found;
    Result<Page> page = (*store)->scan(
        {}, {.limit = 1000000, .detail = Detail::whole, .filter = {.everything = true}});
    ASSERT_TRUE(page) << page.error().what;
    for (const Record& record : page->records) {
      std::uint64_t batch = std::strtoull(record.tags.at(0).c_str(), nullptr, 10);
      std::uint64_t number =
          std::strtoull(record.text.substr(record.text.find('/') + 1).c_str(), nullptr, 10);
      Record expected = numbered(batch, number, size_of(batch));
      expected.id = record.id;
      ASSERT_EQ(record, expected) << "torn";
      ++found[batch];
    }
    for (std::uint64_t batch : acknowledged) ASSERT_TRUE(found.contains(batch)) << "lost " << batch;
    for (auto [batch, count] : found) ASSERT_EQ(count, size_of(batch)) << "half of " << batch;
    EXPECT_EQ((*store)->stats().corrupt, 0U);
  }
  StoreFolder folder_;
};

TEST_F(StoreCrash, KillNineLosesNothingAcknowledgedAndTearsNothing) {
  std::mt19937_64 dice(11);
  std::vector<std::uint64_t> acknowledged;
  std::uint64_t next = 1;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::uint64_t> batches = crash(next, 1 + dice() % kAcknowledgedMax);
    ASSERT_FALSE(batches.empty());
    acknowledged.insert(acknowledged.end(), batches.begin(), batches.end());
    next = acknowledged.back() + 100000;
    check(acknowledged);
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
}

}  // namespace
}  // namespace refrain::store
