#include "store/map_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_folder.h"

namespace refrain::store {
namespace {

struct MapFileTest : testing::Test {
  Record record(const std::string& text) {
    Record out;
    out.id = store.allot();
    out.exact = base::digest(text);
    out.space = base::digest("space");
    out.canonical = text;
    out.answer = "answer to " + text;
    out.text = text;
    out.vector = {0.6F, 0.8F};
    out.embedder = "e";
    out.tenant = "t";
    out.model = "m";
    out.dialect = "modelcache";
    out.tags = {"one", "two"};
    out.stored = out.used = clock.wall();
    out.expires = clock.wall() + std::chrono::hours(1);
    out.hits = 3;
    return out;
  }
  const std::string path() const { return folder.path() + "/answers.map"; }
  Store& again() {
    second.emplace(Options{}, clock);
    EXPECT_TRUE(load_map({}, *second, path()));
    return *second;
  }

  TempFolder folder;
  test::ManualClock clock;
  MemoryStore store{Options{}, clock};
  std::optional<MemoryStore> second;
};

TEST_F(MapFileTest, EveryMemberComesBackUnderTheSameId) {
  const Record one = record("a"), two = record("b");
  ASSERT_TRUE(put({}, store, {one, two}));
  ASSERT_TRUE(save_map({}, store, path()));
  const EntryId ids[] = {one.id, two.id};
  EXPECT_EQ(*again().get({}, ids), *store.get({}, ids));
  EXPECT_EQ(*second->find({}, one.exact, "a"), one);
}

TEST_F(MapFileTest, IdsGoOnBehindTheLastOneThatWasEverGiven) {
  ASSERT_TRUE(put({}, store, {record("a")}));
  const EntryId unused = store.allot();
  ASSERT_TRUE(save_map({}, store, path()));
  EXPECT_EQ(again().allot(), unused + 1);
}

TEST_F(MapFileTest, AMissingFileIsNotFound) {
  EXPECT_EQ(load_map({}, store, path()).error().code, base::Code::not_found);
}

TEST_F(MapFileTest, EveryFlippedOrMissingByteIsCorrupt) {
  ASSERT_TRUE(put({}, store, {record("a")}));
  ASSERT_TRUE(save_map({}, store, path()));
  const std::string bytes = *base::read_file(path());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string flipped = bytes;
    flipped[i] ^= 1;
    EXPECT_FALSE(decode_map(flipped)) << i;
    EXPECT_FALSE(decode_map(std::string_view(bytes).substr(0, i))) << i;
  }
}

TEST_F(MapFileTest, AFailedSaveLeavesTheFileBefore) {
  ASSERT_TRUE(put({}, store, {record("a")}));
  ASSERT_TRUE(save_map({}, store, path()));
  EXPECT_FALSE(save_map({}, store, folder.path() + "/no such folder/file"));
  EXPECT_TRUE(load_map({}, *std::make_unique<MemoryStore>(Options{}, clock), path()));
}

}  // namespace
}  // namespace refrain::store
