// What Values promises, on a folder and without one.
#include "values/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "policy/eviction.h"
#include "tests/support/values_probe.h"

namespace refrain::values {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t kLarge = 3 * kPieceBytes + 17;

class ValuesContract : public testing::TestWithParam<bool> {
 protected:
  static Options options(const std::string& folder) {
    Options out = small_options(GetParam() ? folder : "");
    return out;
  }
  TempFolder folder_;
  ValuesProbe probe_{options(folder_.path())};
};

TEST_P(ValuesContract, SmallAndLargeValuesComeBack) {
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4096}, std::size_t{4097},
                           kPieceBytes, kLarge}) {
    ASSERT_TRUE(probe_.set("k", bytes_of(size, size)));
    EXPECT_EQ(probe_.get("k"), bytes_of(size, size)) << size;
  }
  EXPECT_EQ(probe_.get("other"), "<none>");
}

TEST_P(ValuesContract, SpacesNeverMeet) {
  probe_.set("k", "one", {.space = "a"});
  probe_.set("k", "two", {.space = "b"});
  EXPECT_EQ(probe_.get("k", "a"), "one");
  EXPECT_EQ(probe_.values->count("b"), 1U);
  EXPECT_EQ(*probe_.values->flush("a"), 1U);
  EXPECT_EQ(probe_.get("k", "a"), "<none>");
  EXPECT_EQ(probe_.get("k", "b"), "two");
}

TEST_P(ValuesContract, ConditionsLookAtWhatIsThere) {
  EXPECT_FALSE(probe_.set("k", "1", {.only = Only::present}));
  EXPECT_TRUE(probe_.set("k", "2", {.only = Only::absent}));
  EXPECT_FALSE(probe_.set("k", "3", {.only = Only::absent}));
  EXPECT_TRUE(probe_.set("k", "4", {.only = Only::present}));
  EXPECT_EQ(probe_.get("k"), "4");
}

TEST_P(ValuesContract, ValueBeforeIsToldAndStaysReadable) {
  const std::string old = bytes_of(kLarge, 1);
  probe_.set("k", old);
  auto outcome = probe_.values->put({.space = "s", .key = "k"}, bytes_of(kLarge, 2));
  ASSERT_TRUE(outcome && outcome->before);
  probe_.set("k", bytes_of(kLarge, 3));  // may not use the file of the one that is being read
  probe_.set("l", bytes_of(kLarge, 4));
  EXPECT_EQ(probe_.read(*outcome->before), old);
}

TEST_P(ValuesContract, LifeEndsByTheWallClock) {
  const base::WallTime end = probe_.clock.wall() + std::chrono::seconds(1);
  probe_.set("k", "v", {.expires = end});
  probe_.set("kept", "v");
  EXPECT_EQ(probe_.values->facts("s", "k")->expires, end);
  probe_.clock.advance(std::chrono::milliseconds(999));
  EXPECT_EQ(probe_.get("k"), "v");
  probe_.clock.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(probe_.get("k"), "<none>");
  EXPECT_EQ(probe_.get("kept"), "v");
}

TEST_P(ValuesContract, NewValueEndsTheOldLifeUnlessItIsKept) {
  const base::WallTime end = probe_.clock.wall() + std::chrono::seconds(1);
  probe_.set("k", "1", {.expires = end});
  probe_.set("k", "2", {.life = Life::kept});
  EXPECT_EQ(probe_.values->facts("s", "k")->expires, end);
  probe_.set("k", "3");
  EXPECT_EQ(probe_.values->facts("s", "k")->expires, std::nullopt);
  EXPECT_TRUE(*probe_.values->expire("s", "k", end));
  EXPECT_TRUE(*probe_.values->expire("s", "k", std::nullopt));
  EXPECT_EQ(probe_.values->facts("s", "k")->expires, std::nullopt);
  EXPECT_FALSE(*probe_.values->expire("s", "nobody", end));
}

TEST_P(ValuesContract, TakenValueIsGoneAndReadable) {
  const std::string value = bytes_of(kLarge, 5);
  probe_.set("k", value);
  auto taken = probe_.values->take("s", "k");
  ASSERT_TRUE(taken && *taken);
  EXPECT_EQ(probe_.get("k"), "<none>");
  EXPECT_EQ(probe_.read(**taken), value);
  EXPECT_FALSE(*probe_.values->take("s", "k"));
}

TEST_P(ValuesContract, PartsOfAValueCanBeRead) {
  const std::string value = bytes_of(kLarge, 6);
  probe_.set("k", value);
  for (auto [offset, length] : {std::pair<std::size_t, std::size_t>{0, 1},
                                {kPieceBytes - 1, 2},
                                {kPieceBytes + 5, 2 * kPieceBytes},
                                {kLarge - 1, 1},
                                {7, 0}}) {
    EXPECT_EQ(probe_.read(*probe_.values->find("s", "k"), offset, length),
              value.substr(offset, length))
        << offset;
  }
}

TEST_P(ValuesContract, ScanGivesEveryKeyThatStaysOnceWhileOthersChange) {
  for (int i = 0; i < 100; ++i) probe_.set("key" + std::to_string(i), "v");
  std::multiset<std::string> seen;
  std::uint64_t cursor = 0;
  int round = 0;
  do {
    Keys page = probe_.values->scan("s", cursor, 7);
    seen.insert(page.keys.begin(), page.keys.end());
    cursor = page.next;
    probe_.set("new" + std::to_string(round), "v");
    if (round % 2 == 1) (void)probe_.values->take("s", "new" + std::to_string(round));
    if (round < 40) probe_.set("key" + std::to_string(round), "again");
    ++round;
  } while (cursor != 0 && round < 1000);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seen.count("key" + std::to_string(i)), 1U) << i;
}

TEST_P(ValuesContract, AbandonedWriterLeavesNothing) {
  auto writer = probe_.values->begin(kLarge);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->put(std::string(1000, 'x')));
  writer->reset();
  EXPECT_EQ(probe_.get("k"), "<none>");
  EXPECT_EQ(probe_.values->stats().keys, 0U);
}

TEST_P(ValuesContract, HalfAValueIsNotTaken) {
  auto writer = probe_.values->begin(kLarge);
  ASSERT_TRUE((*writer)->put("x"));
  auto outcome = probe_.values->put({.space = "s", .key = "k"}, std::move(*writer));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, base::Code::invalid);
}

TEST_P(ValuesContract, TooLargeIsSaidBeforeAByteIsSent) {
  auto writer = probe_.values->begin(std::uint64_t{2} << 30);
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, base::Code::too_large);
  auto long_key = probe_.values->put({.space = "s", .key = std::string(2000, 'k')}, "v");
  ASSERT_FALSE(long_key);
  EXPECT_EQ(long_key.error().code, base::Code::too_large);
}

TEST_P(ValuesContract, MemoryStaysWithinItsBound) {
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(probe_.set("k" + std::to_string(i), bytes_of(300'000, 1)));
    ASSERT_LE(probe_.values->stats().memory_bytes, probe_.options.memory_max);
  }
  EXPECT_GT(probe_.values->stats().evicted_memory, 0U);
}

TEST(Values, MemoryStaysWithinItsBoundUnderEveryPolicy) {
  for (std::string_view policy : policy::eviction_names()) {
    Options options = small_options("");
    options.policy = policy;
    ValuesProbe probe(options);
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(probe.set("k" + std::to_string(i), bytes_of(300'000, 1)));
      ASSERT_LE(probe.values->stats().memory_bytes, options.memory_max) << policy;
    }
    EXPECT_GT(probe.values->stats().evicted_memory, 0U) << policy;
    EXPECT_EQ(probe.values->stats().policy, policy);
  }
}

TEST(Values, UnknownPolicyIsRefused) {
  Options options = small_options("");
  options.policy = "clock";
  ASSERT_FALSE(options.check());
  EXPECT_EQ(options.check().error().code, base::Code::invalid);
}

INSTANTIATE_TEST_SUITE_P(Folder, ValuesContract, testing::Values(true));
INSTANTIATE_TEST_SUITE_P(Memory, ValuesContract, testing::Values(false));

TEST(Values, ReadAfterItLeftMemoryComesFromTheDisk) {
  ValuesProbe probe;
  for (int i = 0; i < 100; ++i) probe.set("k" + std::to_string(i), bytes_of(400'000, i));
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(probe.get("k" + std::to_string(i)), bytes_of(400'000, i)) << i;
  }
  EXPECT_GT(probe.values->stats().cold, 0U);
}

TEST(Values, ValueLargerThanAQuarterOfMemoryIsStreamedFromTheDisk) {
  ValuesProbe probe;
  const std::string value = bytes_of((5 << 20) + 3, 9);
  probe.set("k", value);
  EXPECT_EQ(probe.values->stats().mapped_bytes, 0U);
  EXPECT_EQ(probe.get("k"), value);
  EXPECT_EQ(probe.read(*probe.values->find("s", "k"), 3'000'000, 1'500'000),
            value.substr(3'000'000, 1'500'000));
}

TEST(Values, LeastValuableGoesWhenTheDiskBudgetIsFull) {
  ValuesProbe probe;
  probe.set("wanted", bytes_of(1 << 20, 7));
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(probe.set("k" + std::to_string(i), bytes_of(1 << 20, i)));
    ASSERT_NE(probe.get("wanted"), "<lost>");
    probe.values->upkeep();
    ASSERT_LE(probe.values->stats().disk_bytes, probe.options.disk_max) << i;
  }
  EXPECT_GT(probe.values->stats().evicted_disk, 50U);
  EXPECT_EQ(probe.get("wanted"), bytes_of(1 << 20, 7)) << "what is used stays";
}

TEST(Values, FilesOfReplacedValuesAreUsedAgain) {
  ValuesProbe probe;
  for (int i = 0; i < 10; ++i) probe.set("k", bytes_of(500'000, i));
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(probe.folder.path())) {
    count += entry.path().extension() == ".val" ? 1 : 0;
  }
  EXPECT_EQ(count, 2U);
  EXPECT_EQ(probe.get("k"), bytes_of(500'000, 9));
}

}  // namespace
}  // namespace refrain::values
