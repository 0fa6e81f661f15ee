#include "values/segment.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/hash.h"
#include "tests/support/values_probe.h"

namespace refrain::values {
namespace {

Record put_of(std::string_view key, std::string_view value) {
  Record record{.kind = Kind::put, .space = "s", .key = key};
  record.value = value;
  record.value_bytes = value.size();
  record.value_check = base::hash64(value);
  return record;
}

class SegmentTest : public testing::Test {
 protected:
  SegmentTest() {
    disk_.folder = folder_.path();
    disk_.segment_bytes = 1 << 20;
    disk_.allocate = allocate_blocks;
  }
  std::vector<std::string> replayed(std::uint64_t number, std::uint64_t& damaged) {
    std::vector<std::string> out;
    auto segment = Segment::open(disk_, number);
    EXPECT_TRUE(segment) << segment.error().what;
    auto done = (*segment)->replay([&](const Record& record, Place) {
      out.push_back(std::string(record.key) + (record.kind == Kind::erase ? " erased" : ""));
    });
    damaged = done ? *done : 999;
    return out;
  }
  TempFolder folder_;
  Disk disk_;
};

TEST_F(SegmentTest, WhatIsAppendedIsReplayedAndRead) {
  auto segment = Segment::make(disk_, 3, Descriptor());
  ASSERT_TRUE(segment);
  (*segment)->append(put_of("a", "1"));
  const auto place = (*segment)->append(put_of("b", bytes_of(4000, 1)));
  EXPECT_EQ(*(*segment)->read(*place), bytes_of(4000, 1));
  std::uint64_t damaged = 0;
  EXPECT_EQ(replayed(3, damaged), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(damaged, 0U);
}

TEST_F(SegmentTest, FullSegmentTakesNoMore) {
  auto segment = Segment::make(disk_, 1, Descriptor());
  const std::string value = bytes_of(60'000, 1);
  int count = 0;
  while ((*segment)->append(put_of("k", value))) ++count;
  EXPECT_EQ(count, 17);
}

TEST_F(SegmentTest, DamagedValueIsGivenAsAnEraseOfItsKey) {
  Place place;
  {
    auto segment = Segment::make(disk_, 1, Descriptor());
    (*segment)->append(put_of("a", "1"));
    place = *(*segment)->append(put_of("b", std::string(100, 'x')));
    (*segment)->append(put_of("c", "3"));
  }
  std::fstream file(folder_.path() + "/" + segment_name(1),
                    std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(place.offset + place.bytes - 8);
  file.put('y');
  file.close();
  std::uint64_t damaged = 0;
  EXPECT_EQ(replayed(1, damaged), (std::vector<std::string>{"a", "b erased", "c"}));
  EXPECT_EQ(damaged, 1U);
}

TEST_F(SegmentTest, RecordsOfAFormerLifeAreNotSeen) {
  auto segment = Segment::make(disk_, 1, Descriptor());
  for (int i = 0; i < 10; ++i) (*segment)->append(put_of("old", "same length"));
  Descriptor file = (*segment)->recycle();
  ASSERT_TRUE(file);
  auto next = Segment::make(disk_, 2, std::move(file));
  ASSERT_TRUE(next) << next.error().what;
  (*next)->append(put_of("new", "same length"));
  std::uint64_t damaged = 0;
  EXPECT_EQ(replayed(2, damaged), (std::vector<std::string>{"new"}));
}

TEST_F(SegmentTest, FullDiskIsAnErrorOfMaking) {
  disk_.allocate = [](int, std::uint64_t) { return ENOSPC; };
  auto segment = Segment::make(disk_, 1, Descriptor());
  ASSERT_FALSE(segment);
  EXPECT_EQ(segment.error().code, base::Code::io);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/" + segment_name(1)));
}

TEST_F(SegmentTest, StrangersFileIsCorrupt) {
  std::ofstream(folder_.path() + "/" + segment_name(4)) << std::string(100, 'z');
  auto segment = Segment::open(disk_, 4);
  ASSERT_FALSE(segment);
  EXPECT_EQ(segment.error().code, base::Code::corrupt);
}

}  // namespace
}  // namespace refrain::values
