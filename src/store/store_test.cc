#include "store/store.h"

#include "tests/support/store_contract.h"

namespace refrain::store {
namespace {

TEST(Store, OpensInMemoryOrInAFolder) {
  StoreClock clock;
  StoreFolder folder;
  for (const std::string& where : {std::string(":memory:"), folder.path()}) {
    auto store = open({.folder = where}, clock);
    ASSERT_TRUE(store) << store.error().what;
    EXPECT_TRUE(put({}, **store, {record_of("a")}));
  }
  EXPECT_TRUE(std::filesystem::exists(folder.path() + "/store.sqlite"));
}

TEST(Store, OptionsNameWhatIsWrong) {
  StoreClock clock;
  EXPECT_EQ(open({.folder = ""}, clock).error().what, "store: the folder is empty");
  EXPECT_EQ((Options{.bytes_max = 1000}.check().error().what),
            "store: bytes_max is 1000, 1048576 is the least");
  EXPECT_FALSE((Options{.readers_max = 0}.check()));
  EXPECT_TRUE((Options{.bytes_max = 0}.check()));
}

TEST(Store, EveryListenerHearsOfAnErasure) {
  StoreClock clock;
  auto store = *open({}, clock);
  int heard = 0;
  store->on_erased([&](std::span<const EntryId>) { ++heard; });
  store->on_erased([&](std::span<const EntryId>) { ++heard; });
  Batch batch;
  batch.erases = *put({}, *store, {record_of("a")});
  ASSERT_TRUE(commit({}, *store, std::move(batch)));
  EXPECT_EQ(heard, 2);
}

TEST(Store, EverythingIsNarrowedByOtherMembers) {
  Record record = record_of("a");
  EXPECT_FALSE(matches({}, record));
  EXPECT_TRUE(matches({.everything = true}, record));
  EXPECT_FALSE(matches({.everything = true, .tenant = "other"}, record));
}

}  // namespace
}  // namespace refrain::store
