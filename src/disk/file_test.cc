#include "disk/file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/support/temp_folder.h"

namespace refrain::disk {
namespace {

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(File, ReadsWhatWasAppendedAtAnyPlace) {
  TempFolder folder;
  auto file = File::create(folder.path() + "/x");
  ASSERT_TRUE(file && file->append("abc") && file->append("defg") && file->sync());
  std::string three(3, ' ');
  ASSERT_TRUE(file->read_at(2, three));
  EXPECT_EQ(three, "cde");
  EXPECT_EQ(*file->size(), 7U);
}

TEST(File, AReadBeyondTheEndIsCorruptAndSaysWhere) {
  TempFolder folder;
  std::ofstream(folder.path() + "/x") << "12345";
  std::string four(4, ' ');
  auto read = File::open(folder.path() + "/x")->read_at(3, four);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, base::Code::corrupt);
  EXPECT_NE(read.error().what.find("ends at byte 5, 7 were expected"), std::string::npos);
}

TEST(File, AnAbsentFileIsNotFound) {
  TempFolder folder;
  EXPECT_EQ(File::open(folder.path() + "/x").error().code, base::Code::not_found);
  EXPECT_FALSE(*remove(folder.path() + "/x"));
}

TEST(File, AFullDiskIsUnavailable) {
  auto full = File::create("/dev/full");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->append("x").error().code, base::Code::unavailable);
}

TEST(File, ANameChangesAtOnce) {
  TempFolder folder;
  std::ofstream(folder.path() + "/old") << "old";
  std::ofstream(folder.path() + "/new") << "new";
  ASSERT_TRUE(rename(folder.path() + "/new", folder.path() + "/old"));
  ASSERT_TRUE(sync_folder(folder.path()));
  EXPECT_EQ(content(folder.path() + "/old"), "new");
}

TEST(File, FoldersAreMadeForTheirOwnerAlone) {
  TempFolder folder;
  ASSERT_TRUE(make_folders(folder.path() + "/a/b"));
  ASSERT_TRUE(make_folders(folder.path() + "/a/b"));
  EXPECT_EQ(std::filesystem::status(folder.path() + "/a/b").permissions(),
            std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace refrain::disk
