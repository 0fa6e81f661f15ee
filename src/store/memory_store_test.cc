#include "store/memory_store.h"

#include "tests/support/store_contract.h"

namespace refrain::store {
namespace {

struct MakeMemoryStore {
  std::unique_ptr<Store> open(const Options& options, const base::Clock& clock) {
    return std::make_unique<MemoryStore>(options, clock);
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(MemoryStore, StoreContract, MakeMemoryStore);

TEST(MemoryStore, CountsItsBytesBackToNothing) {
  StoreClock clock;
  MemoryStore store({}, clock);
  std::vector<EntryId> ids = *put({}, store, {record_of("a"), record_of("b")});
  EXPECT_GT(store.stats().bytes, 0U);
  Batch batch;
  batch.erases = ids;
  ASSERT_TRUE(commit({}, store, std::move(batch)));
  EXPECT_EQ(store.stats().bytes, 0U);
}

}  // namespace
}  // namespace refrain::store
