#include "embed/table_embedder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/embedder_contract.h"
#include "tests/support/hash_embedder.h"

namespace refrain::embed {
namespace {

using testing::HasSubstr;

struct Table : testing::Test {
  Table() {
    char pattern[] = "/tmp/refrain-table-XXXXXX";
    folder = mkdtemp(pattern);
  }
  ~Table() override { std::filesystem::remove_all(folder); }
  std::string file(const std::string& text) {
    std::string path = folder + "/t.jsonl";
    std::ofstream(path) << text;
    return path;
  }
  std::string folder;
};

TEST_F(Table, GivesTheVectorsOfTheFileAsUnits) {
  auto table = TableEmbedder::open(file("{\"text\":\"a\",\"vector\":[3,4]}\n"));
  ASSERT_TRUE(table) << table.error().what;
  std::string_view texts[] = {"a"};
  auto vectors = (*table)->embed({}, texts);
  ASSERT_TRUE(vectors);
  EXPECT_FLOAT_EQ(vectors->row(0)[0], 0.6F);
  EXPECT_FLOAT_EQ(vectors->row(0)[1], 0.8F);
}

TEST_F(Table, KeepsTheContract) {
  auto table = TableEmbedder::open(
      file("{\"text\":\"a\",\"vector\":[3,4]}\n{\"text\":\"b\",\"vector\":[1,0]}\n"));
  ASSERT_TRUE(table) << table.error().what;
  test::expect_embedder_contract(**table, {"a", "b"});
}

TEST_F(Table, AnUnknownTextIsAnErrorThatDoesNotShowIt) {
  auto table = TableEmbedder::open(file("{\"text\":\"a\",\"vector\":[1,0]}\n"));
  std::string_view texts[] = {"secret words"};
  auto vectors = (*table)->embed({}, texts);
  ASSERT_FALSE(vectors);
  EXPECT_EQ(vectors.error().code, base::Code::invalid);
  EXPECT_EQ(vectors.error().what.find("secret"), std::string::npos);
}

TEST_F(Table, ABrokenLineIsNamed) {
  auto table = TableEmbedder::open(file("{\"text\":\"a\",\"vector\":[1,0]}\n{\"text\":\"b\"}\n"));
  ASSERT_FALSE(table);
  EXPECT_THAT(table.error().what, HasSubstr("line 2"));
}

TEST_F(Table, VectorsOfSeveralLengthsAreRefused) {
  auto table = TableEmbedder::open(
      file("{\"text\":\"a\",\"vector\":[1,0]}\n{\"text\":\"b\",\"vector\":[1,0,0]}\n"));
  ASSERT_FALSE(table);
  EXPECT_THAT(table.error().what, HasSubstr("3 numbers"));
}

TEST_F(Table, AMissingFileIsSaid) {
  auto table = TableEmbedder::open(folder + "/none");
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, base::Code::io);
}

TEST(HashEmbedder, KeepsTheContract) {
  test::HashEmbedder embedder;
  test::expect_embedder_contract(embedder, {"red apple", "blue car", "red car"});
}

}  // namespace
}  // namespace refrain::embed
