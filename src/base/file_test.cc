#include "base/file.h"

#include "tests/support/temp_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace refrain::base {
namespace {

using testing::HasSubstr;

struct FileTest : testing::Test {
  std::string file(const std::string& bytes) {
    std::string path = folder + "/a";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  TempFolder temp;
  const std::string& folder = temp.path();
};

TEST_F(FileTest, AllBytesAreRead) {
  std::string bytes(200000, 'x');
  bytes[7] = '\0';
  EXPECT_EQ(*read_file(file(bytes)), bytes);
  EXPECT_EQ(*read_file(file("")), "");
}

TEST_F(FileTest, AFolderAndAnAbsentFileAreNamedWithTheReason) {
  EXPECT_THAT(read_file(folder).error().what, HasSubstr(folder + ": Is a directory"));
  EXPECT_THAT(read_file(folder + "/b").error().what, HasSubstr("/b: No such file"));
  EXPECT_EQ(read_file(folder).error().code, Code::io);
}

TEST_F(FileTest, AFileOverTheLimitIsRefused) {
  EXPECT_TRUE(read_file(file("1234"), 4));
  EXPECT_EQ(read_file(file("12345"), 4).error().code, Code::too_large);
}

}  // namespace
}  // namespace refrain::base
