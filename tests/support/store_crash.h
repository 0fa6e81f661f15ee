#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <random>

#include "tests/support/store_contract.h"

// A child process puts and erases batches and says through a pipe which ones were acknowledged;
// this process kills it with -9 at a random point and looks at what is left, again and again on one
// set of records. An implementation's test instantiates it:
//   struct PlaceOfMine { std::unique_ptr<store::Store> open(const Clock&); };  // the same records
//   INSTANTIATE_TYPED_TEST_SUITE_P(Mine, StoreCrash, PlaceOfMine);
namespace refrain::store {

constexpr int kCrashRounds = 20;
constexpr std::uint64_t kAcknowledgedMax = 40;  // batches before the kill

// Everything in a record follows from its batch and number, so that a torn one shows.
inline Record crash_record(std::uint64_t batch, std::uint64_t number, std::uint64_t size) {
  Record record = record_of(std::to_string(batch) + "/" + std::to_string(number),
                            (batch * 7919 + number * 104729) % 9000);
  record.tags = {std::to_string(batch), std::to_string(size)};
  return record;
}

inline std::uint64_t crash_size(std::uint64_t batch) { return 1 + batch * 2654435761U % 12; }

/// Every fourth batch erases the one before it, in its own transaction.
inline std::uint64_t crash_victim(std::uint64_t batch) { return batch % 4 == 0 ? batch - 1 : 0; }

[[noreturn]] inline void write_until_killed(Store& store, int pipe, std::uint64_t batch) {
  std::mutex lock;
  std::map<std::uint64_t, std::vector<EntryId>> ids_of;
  const std::uint64_t first = batch;
  for (;; ++batch) {
    Batch puts;
    for (std::uint64_t i = 0; i < crash_size(batch); ++i) {
      puts.puts.push_back(crash_record(batch, i, crash_size(batch)));
    }
    if (crash_victim(batch) >= first) {
      if (!commit({}, store, {})) ::_exit(3);  // its ids are known then
      std::lock_guard guard(lock);
      puts.erases = ids_of[crash_victim(batch)];
    }
    store.write(std::move(puts), [&, batch](Result<std::vector<EntryId>> ids) {
      if (!ids || ::write(pipe, &batch, sizeof batch) != sizeof batch) ::_exit(2);
      std::lock_guard guard(lock);
      ids_of[batch] = *ids;
    });
    // Some gather into groups, some stand alone.
    if (batch % 5 == 0 && !commit({}, store, {})) ::_exit(3);
  }
}

template <class Place>
class StoreCrash : public testing::Test {
 protected:
  // Whatever a place starts at its first opening is this process's, and outlives the children.
  void SetUp() override {
    StoreClock clock;
    ASSERT_NE(place_.open(clock), nullptr);
  }
  // Returns the batches that were acknowledged before the end.
  std::vector<std::uint64_t> crash(std::uint64_t first, std::uint64_t acknowledged) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      StoreClock clock;
      auto store = place_.open(clock);
      if (!store) ::_exit(1);
      write_until_killed(*store, ends[1], first);
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
  void check(std::uint64_t first, const std::vector<std::uint64_t>& acknowledged) {
    StoreClock clock;
    auto store = place_.open(clock);
    ASSERT_NE(store, nullptr);
    std::map<std::uint64_t, std::uint64_t> found;
    Result<Page> page = store->scan(
        {}, {.limit = 1000000, .detail = Detail::whole, .filter = {.everything = true}});
    ASSERT_TRUE(page) << page.error().what;
    for (const Record& record : page->records) {
      std::uint64_t batch = std::strtoull(record.tags.at(0).c_str(), nullptr, 10);
      std::uint64_t number =
          std::strtoull(record.text.substr(record.text.find('/') + 1).c_str(), nullptr, 10);
      Record expected = crash_record(batch, number, crash_size(batch));
      expected.id = record.id;
      ASSERT_EQ(record, expected) << "torn";
      ++found[batch];
    }
    for (auto [batch, count] : found) ASSERT_EQ(count, crash_size(batch)) << "half of " << batch;
    for (std::uint64_t batch : acknowledged) {
      if (crash_victim(batch) >= first) {
        ASSERT_FALSE(found.contains(crash_victim(batch))) << "came back: " << crash_victim(batch);
      }
      // Its eraser may have been committed without being acknowledged: then that one is there.
      ASSERT_TRUE(found.contains(batch) || found.contains(batch + 1) || erased(acknowledged, batch))
          << "lost " << batch;
    }
    ASSERT_EQ(store->stats().records, page->records.size());
    ASSERT_EQ(store->stats().corrupt, 0U);
  }
  static bool erased(const std::vector<std::uint64_t>& acknowledged, std::uint64_t batch) {
    return crash_victim(batch + 1) == batch &&
           std::ranges::find(acknowledged, batch + 1) != acknowledged.end();
  }
  Place place_;
};

TYPED_TEST_SUITE_P(StoreCrash);

TYPED_TEST_P(StoreCrash, KillNineLosesNothingAcknowledgedAndTearsNothing) {
  std::mt19937_64 dice(11);
  std::uint64_t next = 1;
  for (int round = 0; round < kCrashRounds; ++round) {
    std::vector<std::uint64_t> batches = this->crash(next, 1 + dice() % kAcknowledgedMax);
    ASSERT_FALSE(batches.empty());
    this->check(next, batches);
    ASSERT_FALSE(testing::Test::HasFailure()) << "round " << round;
    next = batches.back() + 100000;
  }
}

REGISTER_TYPED_TEST_SUITE_P(StoreCrash, KillNineLosesNothingAcknowledgedAndTearsNothing);

}  // namespace refrain::store
