#include "app/map_store.h"

#include <gtest/gtest.h>

#include <fstream>

#include "app/config.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_folder.h"

namespace refrain::app {
namespace {

TEST(MapStore, WhatWasThereAtTheStopIsThereAgain) {
  TempFolder folder;
  test::ManualClock clock;
  const std::string file = folder.path() + "/answers.map";
  std::unique_ptr<store::Store> store = std::move(*open_map({}, clock, file));
  store::Record record;
  record.id = store->allot();
  record.canonical = "a";
  record.exact = base::digest("a");
  record.stored = record.used = clock.wall();
  ASSERT_TRUE(store::put({}, *store, {record}));
  close_map(*store, file);
  store = std::move(*open_map({}, clock, file));
  EXPECT_TRUE(store->find({}, base::digest("a"), "a")->has_value());
}

TEST(MapStore, AFileThatIsNoneOrCannotBeMadeIsToldAtTheStart) {
  TempFolder folder;
  test::ManualClock clock;
  EXPECT_FALSE(open_map({}, clock, folder.path() + "/no folder/map"));
  const std::string file = folder.path() + "/other";
  std::ofstream(file) << "something else";
  EXPECT_EQ(open_map({}, clock, file).error().code, base::Code::corrupt);
}

TEST(MapSettings, AMapServerHasNoStoreAndNoEmbedderUnlessOneIsGiven) {
  Sources sources;
  sources.flags = {{"map", {"answers.map"}}};
  EXPECT_EQ(configure(*layer(sources))->data_dir, ":memory:");
  EXPECT_EQ(configure(*layer(sources))->embedder, "off");
  sources.flags["embedder"] = {"minilm"};
  EXPECT_EQ(configure(*layer(sources))->embedder, "minilm");
  sources.flags["data-dir"] = {"somewhere"};
  EXPECT_FALSE(configure(*layer(sources)));
}

}  // namespace
}  // namespace refrain::app
