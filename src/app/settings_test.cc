#include "app/settings.h"

#include "tests/support/temp_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace refrain::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct SettingsTest : testing::Test {
  std::string file(const std::string& name, const std::string& text) {
    std::string path = folder + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  TempFolder temp;
  const std::string& folder = temp.path();
};

TEST_F(SettingsTest, AFlagWinsOverTheEnvironmentAndThatOverTheFile) {
  Sources sources;
  sources.file = file("a.toml", "ttl = \"1d\"\nembedder = \"off\"\nsemantic = \"off\"\n");
  sources.environment["REFRAIN_TTL"] = "2d";
  sources.environment["REFRAIN_EMBEDDER"] = "minilm";
  sources.flags["ttl"] = {"3d"};
  base::Result<Values> values = layer(sources);
  ASSERT_TRUE(values);
  EXPECT_THAT((*values)["ttl"].texts, ElementsAre("3d"));
  EXPECT_EQ((*values)["ttl"].origin, "flag --ttl");
  EXPECT_EQ((*values)["embedder"].origin, "environment REFRAIN_EMBEDDER");
  EXPECT_THAT((*values)["semantic"].origin, HasSubstr("file "));
  EXPECT_EQ((*values)["memory-max"].origin, "default");
}

TEST_F(SettingsTest, AProfileIsLaidOverTheFile) {
  Sources sources;
  sources.file = file("a.toml", "ttl = \"1d\"\nsemantic = \"off\"\n");
  file("a.test.toml", "ttl = \"2d\"\n");
  sources.profile = "test";
  base::Result<Values> values = layer(sources);
  ASSERT_TRUE(values);
  EXPECT_THAT((*values)["ttl"].texts, ElementsAre("2d"));
  EXPECT_THAT((*values)["semantic"].texts, ElementsAre("off"));
}

TEST_F(SettingsTest, AnUnknownSettingIsNamedWithItsLine) {
  Sources sources;
  sources.file = file("a.toml", "ttl = \"1d\"\nttll = \"2d\"\n");
  base::Result<Values> values = layer(sources);
  ASSERT_FALSE(values);
  EXPECT_THAT(values.error().what, HasSubstr("line 2"));
  EXPECT_THAT(values.error().what, HasSubstr("'ttll'"));
}

TEST_F(SettingsTest, BrokenTomlIsNamedWithItsLine) {
  Sources sources;
  sources.file = file("a.toml", "ttl = \n");
  base::Result<Values> values = layer(sources);
  ASSERT_FALSE(values);
  EXPECT_THAT(values.error().what, HasSubstr("line 1"));
}

TEST_F(SettingsTest, ATableOfADoorAndAListAreRead) {
  Sources sources;
  sources.file =
      file("a.toml", "listen = [\"127.0.0.1:1\", \"127.0.0.1:2\"]\n[gkv]\nfloor = 0.7\n");
  base::Result<Values> values = layer(sources);
  ASSERT_TRUE(values) << values.error().what;
  EXPECT_THAT((*values)["listen"].texts, ElementsAre("127.0.0.1:1", "127.0.0.1:2"));
  EXPECT_THAT((*values)["gkv.floor"].texts, ElementsAre("0.7"));
}

TEST_F(SettingsTest, WhatIsPrintedCanBeReadAgainAndHidesSecrets) {
  Sources sources;
  sources.flags["upstream-key"] = {"sk-very-secret"};
  sources.flags["ttl"] = {"5d"};
  std::string text = print(*layer(sources));
  EXPECT_EQ(text.find("sk-very-secret"), std::string::npos);
  Sources again;
  again.file = file("b.toml", text);
  base::Result<Values> values = layer(again);
  ASSERT_TRUE(values) << values.error().what;
  EXPECT_THAT((*values)["ttl"].texts, ElementsAre("5d"));
}

TEST_F(SettingsTest, AValueOfNoUseIsNamedAndNotTakenForNothing) {
  Sources sources;
  sources.file = file("a.toml", "ttl = 1979-05-27\n");
  EXPECT_THAT(layer(sources).error().what, HasSubstr("'ttl' wants a text, a number"));
  sources.file = file("b.toml", "ttl = [\"1d\"]\n");
  EXPECT_THAT(layer(sources).error().what, HasSubstr("one value, not a list"));
  sources.file = file("c.toml", "upstream = [{}]\n");
  EXPECT_THAT(layer(sources).error().what, HasSubstr("'upstream' wants a text"));
}

TEST_F(SettingsTest, ATableNameThatIsNoneIsAnErrorAndNotTheEnd) {
  Sources sources;
  sources.file = file("a.toml", "[}]\n");
  EXPECT_THAT(layer(sources).error().what, HasSubstr("line 1"));
  sources.file = file("b.toml", "ttl = \"1d\"\nt\xC3\xA9 = 1\n");
  EXPECT_THAT(layer(sources).error().what, HasSubstr("line 2"));
}

TEST_F(SettingsTest, AValueWithALineEndIsPrintedAsOneLine) {
  Sources sources;
  sources.flags["default-model"] = {"two\nlines \"and\" \\ a bell\a"};
  Sources again;
  again.file = file("a.toml", print(*layer(sources)));
  base::Result<Values> values = layer(again);
  ASSERT_TRUE(values) << values.error().what;
  EXPECT_EQ((*values)["default-model"].texts, sources.flags["default-model"]);
}

TEST_F(SettingsTest, AFileThatIsNoneIsNamed) {
  Sources sources;
  sources.file = folder;  // a folder
  EXPECT_THAT(layer(sources).error().what, HasSubstr("Is a directory"));
  sources.file = folder + "/absent.toml";
  EXPECT_THAT(layer(sources).error().what, HasSubstr("no such file"));
  sources.file = file("a.toml", "");
  sources.profile = "absent";
  EXPECT_THAT(layer(sources).error().what, HasSubstr("--profile absent"));
  sources.file.clear();
  EXPECT_THAT(layer(sources).error().what, HasSubstr("--profile absent: it overlays"));
}

TEST(Settings, FlagsAndVariablesFollowFromTheName) {
  Setting setting{"gkv.store-length", "", ""};
  EXPECT_EQ(flag_of(setting), "--gkv-store-length");
  EXPECT_EQ(environment_of(setting), "REFRAIN_GKV_STORE_LENGTH");
}

}  // namespace
}  // namespace refrain::app
