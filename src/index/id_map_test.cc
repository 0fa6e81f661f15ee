#include "index/id_map.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

namespace refrain::index {
namespace {

TEST(IdMap, RandomOperationsAgreeWithTheStandardMap) {
  IdMap<std::uint32_t> map;
  std::unordered_map<key::EntryId, std::uint32_t> model;
  std::mt19937_64 random(5);
  for (std::uint32_t step = 0; step < 100'000; ++step) {
    const key::EntryId id = 1 + random() % 700;
    if (random() % 2 == 0) {
      map.set(id, step);
      model[id] = step;
    } else {
      ASSERT_EQ(map.erase(id), model.erase(id) > 0);
    }
    const key::EntryId asked = 1 + random() % 700;
    const std::uint32_t* found = map.find(asked);
    ASSERT_EQ(found != nullptr, model.contains(asked));
    ASSERT_TRUE(found == nullptr || *found == model[asked]);
    ASSERT_EQ(map.size(), model.size());
  }
}

TEST(IdMap, EmptyMapTakesNoMemoryAndOneEntryLittle) {
  IdMap<std::uint32_t> map;
  EXPECT_EQ(map.bytes(), 0U);
  map.set(1, 1);
  EXPECT_LE(map.bytes(), 64U);
}

}  // namespace
}  // namespace refrain::index
