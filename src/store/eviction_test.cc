#include "store/eviction.h"

#include <gtest/gtest.h>

namespace refrain::store {
namespace {

// Records 1 to `count`, each of 100 bytes; the greater the id, the later the last use.
Hand::Window records(EntryId count) {
  return [count](EntryId after, std::size_t limit) -> Result<std::vector<Lean>> {
    std::vector<Lean> out;
    for (EntryId id = after + 1; id <= count && out.size() < limit; ++id) {
      Lean lean;
      lean.id = id;
      lean.facts.used = WallTime(std::chrono::milliseconds(id));
      lean.facts.bytes = 100;
      out.push_back(lean);
    }
    return out;
  };
}

std::vector<EntryId> ids_of(const std::vector<Lean>& rows) {
  std::vector<EntryId> out;
  for (const Lean& row : rows) out.push_back(row.id);
  return out;
}

TEST(StoreEviction, ASmallStoreIsOrderedExactly) {
  Options options;
  Hand hand(options);
  auto rows = hand.choose({.keep = {2}, .bytes = 250}, records(10));
  ASSERT_TRUE(rows);
  EXPECT_EQ(ids_of(*rows), (std::vector<EntryId>{1, 3, 4}));
}

TEST(StoreEviction, OfALargeOneAQuarterOfAWindowGoesAndTheHandMovesOn) {
  Options options;
  Hand hand(options);
  auto first = hand.choose({.keep = {}, .bytes = 1U << 30U}, records(20000));
  auto second = hand.choose({.keep = {}, .bytes = 1U << 30U}, records(20000));
  EXPECT_EQ(first->size(), Hand::kWindow / 4);
  EXPECT_EQ(first->front().id, 1U);
  EXPECT_EQ(second->front().id, Hand::kWindow + 1);
}

TEST(StoreEviction, NothingIsChosenWhenAllMustBeKept) {
  Options options;
  Hand hand(options);
  EXPECT_TRUE(hand.choose({.keep = {1, 2}, .bytes = 1}, records(2))->empty());
}

}  // namespace
}  // namespace refrain::store
