#include "serve/collector.h"
#include "tests/support/temp_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace refrain::serve {
namespace {

namespace fs = std::filesystem;

struct CollectorTest : testing::Test {
  std::vector<std::string> lines() {
    std::ifstream in(*collector.csv());
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }
  static Row row(bool hit, std::string prompt = "p") {
    Row out;
    out.request_id = "r";
    out.prompt = std::move(prompt);
    out.user_id = "u";
    out.strategy = "global_user";
    out.hit = hit;
    out.source = "user";
    out.similarity = 0.95;
    return out;
  }

  TempFolder temp;
  const std::string& root = temp.path();
  base::SystemClock clock;
  Collector collector{{root}, clock};
};

TEST_F(CollectorTest, StopBeforeStartIsRefused) {
  base::Result<Collector::Stopped> stopped = collector.stop();
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().what, "Benchmarking is not enabled");
}

TEST_F(CollectorTest, TheHitRateIncludesTheRowItself) {
  ASSERT_TRUE(collector.start(""));
  collector.add(row(false));
  collector.add(row(true));
  collector.add(row(true));
  std::vector<std::string> rows = lines();
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_NE(rows[1].find(",1,0,1,0.00,"), std::string::npos) << rows[1];
  EXPECT_NE(rows[2].find(",2,1,1,50.00,"), std::string::npos) << rows[2];
  EXPECT_NE(rows[3].find(",3,2,1,66.67,"), std::string::npos) << rows[3];
}

TEST_F(CollectorTest, SourceAndSimilarityAreEmptyOnAMiss) {
  ASSERT_TRUE(collector.start(""));
  collector.add(row(false));
  collector.add(row(true));
  EXPECT_NE(lines()[1].find(",False,,,"), std::string::npos);
  EXPECT_NE(lines()[2].find(",True,user,0.95,"), std::string::npos);
}

TEST_F(CollectorTest, RowsOutsideOfStartAndStopAreNotWritten) {
  collector.add(row(false));
  ASSERT_TRUE(collector.start(""));
  collector.add(row(false));
  ASSERT_TRUE(collector.stop());
  collector.add(row(false));
  EXPECT_EQ(lines().size(), 2U);
}

TEST_F(CollectorTest, AFieldWithCommasAndQuotesIsQuoted) {
  ASSERT_TRUE(collector.start(""));
  collector.add(row(false, "say \"a, b\""));
  EXPECT_NE(lines()[1].find("\"say \"\"a, b\"\"\""), std::string::npos) << lines()[1];
}

TEST_F(CollectorTest, TheFolderIsHonouredBelowTheRootOnly) {
  ASSERT_TRUE(collector.start("x"));
  EXPECT_TRUE(collector.csv()->starts_with(root + "/x/batch_"));
  EXPECT_FALSE(collector.start("../elsewhere"));
  EXPECT_FALSE(collector.start("/etc"));
  EXPECT_FALSE(collector.start("a/../../b"));
}

TEST_F(CollectorTest, FilesAreNamedWithoutFolders) {
  ASSERT_TRUE(collector.start(""));
  std::string name = fs::path(*collector.csv()).filename().string();
  EXPECT_TRUE(collector.file(name));
  EXPECT_FALSE(collector.file("../" + name));
  EXPECT_FALSE(collector.file(".."));
  EXPECT_FALSE(collector.file(""));
}

}  // namespace
}  // namespace refrain::serve
