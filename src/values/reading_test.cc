#include "values/reading.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/values_probe.h"

namespace refrain::values {
namespace {

void flip(const std::string& path, std::streamoff at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(at);
  const int byte = file.get();
  file.seekp(at);
  file.put(static_cast<char>(byte ^ 1));
}

std::string only_file(const std::string& folder, std::string_view extension) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == extension) return entry.path();
  }
  return "";
}

TEST(ValueReading, DamageInAMappedValueIsACountedMissAndNeverServed) {
  ValuesProbe probe;
  probe.set("k", bytes_of(3 * kPieceBytes, 1));
  flip(only_file(probe.folder.path(), ".val"), 2 * kPieceBytes + 5);
  EXPECT_EQ(probe.get("k"), "<lost>");
  EXPECT_EQ(probe.get("k"), "<none>");
  EXPECT_EQ(probe.values->stats().corrupt, 1U);
}

TEST(ValueReading, DamageOnTheDiskIsACountedMissAfterARestart) {
  ValuesProbe probe;
  probe.set("large", bytes_of(3 * kPieceBytes, 1));
  probe.set("long", bytes_of(6 << 20, 2));
  probe.restart();
  for (const auto& entry : std::filesystem::directory_iterator(probe.folder.path())) {
    if (entry.path().extension() == ".val") flip(entry.path(), 100);
  }
  EXPECT_EQ(probe.get("large"), "<lost>");
  EXPECT_EQ(probe.get("long"), "<lost>");
  EXPECT_EQ(probe.values->stats().corrupt, 2U);
  EXPECT_EQ(probe.values->stats().keys, 0U);
}

TEST(ValueReading, FileThatWentAwayIsLostAndNothingElse) {
  ValuesProbe probe;
  probe.set("k", bytes_of(3 * kPieceBytes, 1));
  probe.restart();
  std::filesystem::remove(only_file(probe.folder.path(), ".val"));
  EXPECT_EQ(probe.get("k"), "<lost>");
  EXPECT_EQ(probe.values->stats().errors, 1U);
  EXPECT_TRUE(probe.set("k", "again"));
  EXPECT_EQ(probe.get("k"), "again");
}

TEST(ValueReading, ColdValuesAreKeptInMemoryOnceRead) {
  ValuesProbe probe;
  probe.set("small", "s");
  probe.set("large", bytes_of(3 * kPieceBytes, 1));
  probe.restart();
  EXPECT_EQ(probe.get("small"), "s");
  EXPECT_EQ(probe.get("large"), bytes_of(3 * kPieceBytes, 1));
  EXPECT_EQ(probe.values->stats().cold, 2U);
  EXPECT_EQ(probe.get("small"), "s");
  EXPECT_EQ(probe.get("large"), bytes_of(3 * kPieceBytes, 1));
  EXPECT_EQ(probe.values->stats().cold, 2U);
}

TEST(ValueReading, AbandonedReadingLeavesItsJobAlone) {
  ValuesProbe probe;
  probe.set("k", bytes_of(6 << 20, 2));
  probe.restart();
  {
    Reading reading(*probe.values, *probe.values->find("s", "k"), 0, 6 << 20, [] {});
    EXPECT_EQ(reading.next().state, Reading::State::wait);
  }
  EXPECT_EQ(probe.get("k"), bytes_of(6 << 20, 2));
}

}  // namespace
}  // namespace refrain::values
