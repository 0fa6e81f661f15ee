#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/values_probe.h"

namespace refrain::values {
namespace {

using testing::HasSubstr;

TEST(ValuesOpen, RestartKeepsValuesAndTheirEnds) {
  ValuesProbe probe;
  const base::WallTime end = probe.clock.wall() + std::chrono::seconds(10);
  probe.set("small", "v", {.expires = end});
  probe.set("large", bytes_of(3 * kPieceBytes, 1), {.expires = end});
  probe.set("ended", "v", {.expires = probe.clock.wall() + std::chrono::milliseconds(1)});
  probe.set("changed", "v");
  (void)probe.values->expire("s", "changed", end);
  probe.set("replaced", bytes_of(3 * kPieceBytes, 2));
  probe.set("replaced", "short now");
  probe.set("gone", "v");
  (void)probe.values->take("s", "gone");
  probe.set("k", "v", {.space = "flushed"});
  (void)probe.values->flush("flushed");
  probe.clock.advance(std::chrono::milliseconds(1));
  probe.restart();
  EXPECT_EQ(probe.get("small"), "v");
  EXPECT_EQ(probe.get("large"), bytes_of(3 * kPieceBytes, 1));
  EXPECT_EQ(probe.get("ended"), "<none>");
  EXPECT_EQ(probe.get("replaced"), "short now");
  EXPECT_EQ(probe.get("gone"), "<none>");
  EXPECT_EQ(probe.get("k", "flushed"), "<none>");
  for (const char* key : {"small", "large", "changed"}) {
    EXPECT_EQ(probe.values->facts("s", key)->expires, end) << key;
  }
}

TEST(ValuesOpen, TwoOnOneFolderAreRefused) {
  ValuesProbe probe;
  auto second = Values::open(probe.options, probe.pool, probe.clock);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::Code::conflict);
}

TEST(ValuesOpen, WhatAKilledProcessLeftHalfDoneIsRemoved) {
  ValuesProbe probe;
  probe.set("k", bytes_of(3 * kPieceBytes, 1));
  probe.values.reset();
  std::ofstream(probe.folder.path() + "/v-00000000000000ff.val") << "half a value";
  std::ofstream(probe.folder.path() + "/log-00000000000000ff.seg") << "torn";
  probe.open();
  EXPECT_FALSE(std::filesystem::exists(probe.folder.path() + "/v-00000000000000ff.val"));
  EXPECT_EQ(probe.get("k"), bytes_of(3 * kPieceBytes, 1));
  EXPECT_TRUE(probe.set("next", "v"));
}

TEST(ValuesOpen, TornTailOfTheLogIsDroppedAndWhatIsBeforeItStays) {
  ValuesProbe probe;
  probe.set("a", "1");
  probe.set("b", "2");
  probe.values.reset();
  const std::string path = probe.folder.path() + "/log-0000000000000001.seg";
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(32 + 48 + 9);  // inside the head of the second record
  file.put('x');
  file.close();
  probe.open();
  EXPECT_EQ(probe.get("a"), "1");
  EXPECT_EQ(probe.get("b"), "<none>");
  EXPECT_TRUE(probe.set("b", "3"));
  probe.restart();
  EXPECT_EQ(probe.get("b"), "3");
}

TEST(ValuesOpen, WrongOptionsAreNamed) {
  Options options = small_options("x");
  options.memory_max = 1;
  EXPECT_THAT(options.check().error().what, HasSubstr("memory_max is 1"));
  options = small_options("x");
  options.disk_max = 1 << 20;
  EXPECT_THAT(options.check().error().what, HasSubstr("disk_max"));
}

TEST(ValuesOpen, FullDiskRefusesTheNewAndKeepsTheOld) {
  std::atomic<bool> full{false};
  TempFolder folder;
  Options options = small_options(folder.path());
  options.allocate = [&](int fd, std::uint64_t bytes) {
    return full ? ENOSPC : allocate_blocks(fd, bytes);
  };
  ValuesProbe probe(options);
  probe.set("old", bytes_of(3 * kPieceBytes, 1));
  probe.set("small", "v");
  full = true;
  // The next large value takes the place of what is worth least; when that is not enough, it fails.
  auto writer = probe.values->begin(9 << 20);
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, base::Code::io);
  int stored = 0;
  while (probe.set("k" + std::to_string(stored), bytes_of(4000, 1)) && stored < 1000) ++stored;
  EXPECT_LT(stored, 1000) << "a full segment cannot be followed by another";
  EXPECT_EQ(probe.get("small"), "v");
  full = false;
  EXPECT_TRUE(probe.set("k", bytes_of(3 * kPieceBytes, 2)));
  probe.restart();
  EXPECT_EQ(probe.get("small"), "v");
}

}  // namespace
}  // namespace refrain::values
