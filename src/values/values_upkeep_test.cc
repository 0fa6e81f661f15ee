#include <gtest/gtest.h>

#include "tests/support/values_probe.h"

namespace refrain::values {
namespace {

TEST(ValuesUpkeep, EndedLivesFreeTheirRoom) {
  ValuesProbe probe;
  for (int i = 0; i < 1000; ++i) {
    probe.set("k" + std::to_string(i), "v",
              {.expires = probe.clock.wall() + std::chrono::milliseconds(1 + i % 2)});
  }
  probe.clock.advance(std::chrono::milliseconds(1));
  probe.values->upkeep();
  EXPECT_EQ(probe.values->stats().keys, 500U);
  EXPECT_EQ(probe.values->stats().expired, 500U);
}

TEST(ValuesUpkeep, LogStaysBoundedAndNothingIsLostOrComesBack) {
  ValuesProbe probe;
  probe.set("still", bytes_of(3000, 77));
  probe.set("large", bytes_of(3 * kPieceBytes, 78));
  probe.set("gone", "v");
  (void)probe.values->take("s", "gone");
  for (int i = 0; i < 5000; ++i) {
    probe.set("k" + std::to_string(i % 100), bytes_of(3000, i));
    if (i % 200 == 0) probe.values->upkeep();
  }
  probe.values->upkeep();
  const Stats stats = probe.values->stats();
  EXPECT_LE(stats.log_bytes, 2 * stats.log_live_bytes + 3 * probe.options.segment_bytes);
  EXPECT_GT(stats.recopied_bytes, 0U);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(probe.get("still"), bytes_of(3000, 77));
    EXPECT_EQ(probe.get("large"), bytes_of(3 * kPieceBytes, 78));
    EXPECT_EQ(probe.get("gone"), "<none>");
    for (int i = 4900; i < 5000; ++i) {
      ASSERT_EQ(probe.get("k" + std::to_string(i % 100)), bytes_of(3000, i));
    }
    probe.restart();
  }
}

TEST(ValuesUpkeep, FlushingToTheDeviceKeepsGoing) {
  TempFolder folder;
  Options options = small_options(folder.path());
  options.sync = Sync::every_second;
  ValuesProbe probe(options);
  probe.set("k", bytes_of(3 * kPieceBytes, 1));
  probe.set("k", bytes_of(3 * kPieceBytes, 2));
  probe.values->upkeep();
  EXPECT_EQ(probe.values->stats().errors, 0U);
  EXPECT_EQ(probe.get("k"), bytes_of(3 * kPieceBytes, 2));
}

}  // namespace
}  // namespace refrain::values
