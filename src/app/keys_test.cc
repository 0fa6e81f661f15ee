#include "app/keys.h"

#include "tests/support/temp_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace refrain::app {
namespace {

using testing::HasSubstr;

struct KeysTest : testing::Test {
  std::string file(const std::string& text) {
    std::string path = folder + "/keys.toml";
    std::ofstream(path) << text;
    return path;
  }
  TempFolder temp;
  const std::string& folder = temp.path();
};

TEST_F(KeysTest, TheSecretOfAFolderStaysTheSame) {
  auto first = read_keys("", folder);
  auto second = read_keys("", folder);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->secret, second->secret);
  auto permissions = std::filesystem::status(folder + "/secret").permissions();
  EXPECT_EQ(permissions & std::filesystem::perms::group_all, std::filesystem::perms::none);
}

TEST_F(KeysTest, ATenantIsRead) {
  auto keys =
      read_keys(file("[[tenant]]\nname = \"a\"\nkeys = [\"sk-1\"]\nadmin = true\n"), folder);
  ASSERT_TRUE(keys) << keys.error().what;
  ASSERT_EQ(keys->rows.size(), 1U);
  EXPECT_EQ(keys->rows[0].tenant.id, "a");
  EXPECT_TRUE(keys->rows[0].tenant.admin);
}

TEST_F(KeysTest, AFileWithoutTenantsIsRefused) {
  EXPECT_THAT(read_keys(file("x = 1\n"), folder).error().what, HasSubstr("no [[tenant]]"));
}

TEST_F(KeysTest, ATenantWithoutKeysIsNamedWithItsLine) {
  EXPECT_THAT(read_keys(file("\n[[tenant]]\nname = \"a\"\n"), folder).error().what,
              HasSubstr("line 2"));
}

TEST_F(KeysTest, ADamagedSecretIsNotReplaced) {
  std::ofstream(folder + "/secret") << "short";
  EXPECT_FALSE(read_keys("", folder));
}

}  // namespace
}  // namespace refrain::app
