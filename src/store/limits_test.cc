#include "store/limits.h"

#include "tests/support/store_contract.h"

namespace refrain::store {
namespace {

TEST(StoreLimits, ABatchMayTakeAnEighthOfTheBudgetAtMost) {
  EXPECT_EQ(batch_limit({.bytes_max = 0, .batch_bytes_max = 100}), 100U);
  EXPECT_EQ(batch_limit({.bytes_max = 8000, .batch_bytes_max = 5000}), 1000U);
  EXPECT_EQ(batch_limit({.bytes_max = 80000, .batch_bytes_max = 5000}), 5000U);
}

TEST(StoreLimits, WeighNamesWhatIsWrong) {
  Batch batch;
  batch.puts = {record_of("a"), record_of("b")};
  EXPECT_GT(*weigh(batch, {}, 10), 500U);
  batch.puts[0].id = 10;
  EXPECT_EQ(weigh(batch, {}, 10).error().what, "entry 10 was never allotted by this store");
  batch.puts[0].id = batch.puts[1].id = 9;
  EXPECT_EQ(weigh(batch, {}, 10).error().what, "entry 9 is twice in one batch");
  batch.puts.clear();
  batch.embeddings = {{7, "e", {}}};
  EXPECT_EQ(weigh(batch, {}, 10).error().what, "the embedding of entry 7 is empty");
}

TEST(StoreLimits, LeastTakesTheWorstUntilTheBytesAreFree) {
  std::vector<Candidate> candidates = {{1, 5.0, 10}, {2, 1.0, 10}, {3, 1.0, 10}, {4, 0.5, 10}};
  EXPECT_EQ(least(candidates, 25, 99), (std::vector<EntryId>{4, 2, 3}));
  EXPECT_EQ(least(candidates, 25, 2), (std::vector<EntryId>{4, 2}));
  EXPECT_EQ(least(candidates, 1000, 99).size(), 4U);
  EXPECT_TRUE(least({}, 10, 10).empty());
}

TEST(StoreLimits, WithoutAValueTheLastUseCounts) {
  EXPECT_LT(worth({}, {.used = at(5)}), worth({}, {.used = at(6)}));
}

}  // namespace
}  // namespace refrain::store
