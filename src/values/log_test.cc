#include "values/log.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "tests/support/values_probe.h"

namespace refrain::values {
namespace {

class LogTest : public testing::Test {
 protected:
  LogTest() {
    disk_.folder = folder_.path();
    disk_.segment_bytes = 1 << 20;
    disk_.allocate = allocate_blocks;
  }
  std::unique_ptr<Log> open() {
    keys_.clear();
    std::uint64_t damaged = 0;
    auto log = Log::open(
        disk_, [&](const Record& record, Place) { keys_.emplace_back(record.key); }, damaged);
    EXPECT_TRUE(log) << log.error().what;
    EXPECT_EQ(damaged, 0U);
    return std::move(*log);
  }
  Place put(Log& log, std::string_view key, std::string_view value) {
    Record record{.kind = Kind::put, .space = "s", .key = key};
    record.value = value;
    record.value_bytes = value.size();
    record.value_check = base::hash64(value);
    const Place place = *log.append(record);
    log.live(place);
    return place;
  }
  TempFolder folder_;
  Disk disk_;
  std::vector<std::string> keys_;
};

TEST_F(LogTest, RecordsComeBackInTheirOrderOverSegments) {
  const std::string value = bytes_of(60'000, 1);
  std::vector<std::string> put_keys;
  {
    auto log = open();
    for (int i = 0; i < 50; ++i) {
      put_keys.push_back(std::to_string(i));
      put(*log, put_keys.back(), value);
    }
    EXPECT_GT(log->stats().segments, 2U);
  }
  open();
  EXPECT_EQ(keys_, put_keys);
}

TEST_F(LogTest, OldestIsCleanedFirstAndOnlyWhenHalfIsDead) {
  auto log = open();
  const std::string value = bytes_of(60'000, 1);
  std::vector<Place> places;
  for (int i = 0; i < 100; ++i) places.push_back(put(*log, std::to_string(i), value));
  EXPECT_EQ(log->wasteful(), nullptr);
  for (int i = 20; i < 95; ++i) log->dead(places[static_cast<std::size_t>(i)]);
  ASSERT_NE(log->wasteful(), nullptr);
  EXPECT_EQ(log->wasteful()->number(), 1U);
}

TEST_F(LogTest, DroppedSegmentIsUsedAgainUnlessItIsBeingRead) {
  auto log = open();
  const std::string value = bytes_of(60'000, 1);
  std::vector<Place> places;
  for (int i = 0; i < 60; ++i) places.push_back(put(*log, std::to_string(i), value));
  for (const Place& place : places) log->dead(place);
  const std::shared_ptr<Segment> read = log->find(1);
  log->drop_oldest();
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/spare.seg"));
  EXPECT_EQ(*read->read(places[0]), value);
  log->drop_oldest();
  EXPECT_TRUE(std::filesystem::exists(folder_.path() + "/spare.seg"));
}

}  // namespace
}  // namespace refrain::values
