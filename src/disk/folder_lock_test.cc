#include "disk/folder_lock.h"

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_folder.h"

namespace refrain::disk {
namespace {

TEST(FolderLock, MakesTheFolderForItsOwnerAlone) {
  TempFolder folder;
  std::string path = folder.path() + "/a/b";
  ASSERT_TRUE(FolderLock::take(path));
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_all);
}

TEST(FolderLock, NamesTheProcessThatHoldsIt) {
  TempFolder folder;
  auto lock = FolderLock::take(folder.path());
  ASSERT_TRUE(lock);
  auto second = FolderLock::take(folder.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::Code::conflict);
  EXPECT_NE(second.error().what.find("in use by process " + std::to_string(::getpid())),
            std::string::npos);
}

TEST(FolderLock, IsFreeAgainWhenItsHolderDies) {
  TempFolder folder;
  pid_t child = ::fork();
  if (child == 0) ::_exit(FolderLock::take(folder.path()) ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(FolderLock::take(folder.path()));
}

TEST(FolderLock, AFolderThatCannotBeMadeIsNamedWithTheReason) {
  TempFolder folder;
  std::ofstream(folder.path() + "/file") << "x";
  auto lock = FolderLock::take(folder.path() + "/file/data");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, base::Code::io);
  EXPECT_EQ(lock.error().what,
            "data folder '" + folder.path() + "/file/data' cannot be written: Not a directory");
}

}  // namespace
}  // namespace refrain::disk
