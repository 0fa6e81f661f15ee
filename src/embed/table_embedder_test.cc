#include "embed/table_embedder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stop_token>

#include "base/clock.h"
#include "tests/support/embedder_contract.h"
#include "tests/support/hash_embedder.h"
#include "tests/support/temp_folder.h"

namespace refrain::embed {
namespace {

using testing::HasSubstr;

struct Table : testing::Test {
  std::string file(const std::string& text) {
    std::string path = folder + "/t.jsonl";
    std::ofstream(path) << text;
    return path;
  }
  TempFolder temp;
  const std::string& folder = temp.path();
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

constexpr const char* kSlow = R"({"text":"a","vector":[1,0],"delay_ms":20}
{"text":"b","vector":[0,1],"delay_ms":60000})";

TEST_F(Table, ATextWithADelayTakesThatLong) {
  auto table = TableEmbedder::open(file(kSlow));
  ASSERT_TRUE(table) << table.error().what;
  base::SystemClock clock;
  base::Instant start = clock.now();
  std::string_view texts[] = {"a", "a"};
  EXPECT_TRUE((*table)->embed({}, texts));
  EXPECT_GE(base::milliseconds_between(start, clock.now()), 40);
}

TEST_F(Table, ADelayEndsWithTheCallersDeadline) {
  auto table = TableEmbedder::open(file(kSlow));
  std::string_view texts[] = {"b"};
  base::Call call{base::SystemClock().now() + std::chrono::milliseconds(10), {}, 0};
  auto vectors = (*table)->embed(call, texts);
  ASSERT_FALSE(vectors);
  EXPECT_EQ(vectors.error().code, base::Code::deadline);
  EXPECT_EQ((*table)->stats().deadlines, 1U);
}

TEST_F(Table, ADelayEndsWhenTheCallerIsStopped) {
  auto table = TableEmbedder::open(file(kSlow));
  std::stop_source stop;
  stop.request_stop();
  std::string_view texts[] = {"b"};
  auto vectors = (*table)->embed({.stop = stop.get_token()}, texts);
  ASSERT_FALSE(vectors);
  EXPECT_EQ(vectors.error().code, base::Code::cancelled);
}

TEST_F(Table, ADelayThatIsNoneIsRefused) {
  for (const char* delay : {"-1", "60001", "\"5\"", "null"}) {
    std::string line = fmt::format(R"({{"text":"a","vector":[1],"delay_ms":{}}})", delay);
    auto table = TableEmbedder::open(file(line));
    ASSERT_FALSE(table) << delay;
    EXPECT_THAT(table.error().what, HasSubstr("line 1: 'delay_ms' must be"));
  }
}

TEST(HashEmbedder, KeepsTheContract) {
  test::HashEmbedder embedder;
  test::expect_embedder_contract(embedder, {"red apple", "blue car", "red car"});
}

}  // namespace
}  // namespace refrain::embed
