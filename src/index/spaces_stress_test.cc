// Searches, inserts, moves, erasures, upkeep and a snapshot at one time, for ThreadSanitizer.
#include "index/spaces.h"
#include "tests/support/index_contract.h"

namespace refrain::index {
namespace {

constexpr std::size_t kDim = 8;
constexpr std::size_t kSpaces = 5;

TEST(SpacesStress, EverythingAtOnceLeavesExactlyWhatTheModelHas) {
  const auto spaces = Spaces::open({.dim = kDim, .embedder = "test", .flat_max = 64}).value();
  const std::filesystem::path path = testing::TempDir() + "spaces_stress.index";
  std::vector<std::jthread> threads;
  std::atomic<int> writers{3};
  std::array<std::map<key::EntryId, key::Key>, 3> held;
  for (std::size_t writer = 0; writer < 3; ++writer) {
    threads.emplace_back([&, writer] {
      UnitVectors vectors(kDim, writer);
      for (int step = 0; step < 1500; ++step) {
        const auto pick = vectors.random()();
        const key::EntryId id = 1 + writer * 1000 + pick % 400;
        const key::Key space{(pick >> 20U) % kSpaces, 0};
        if (pick % 3 == 0) {
          EXPECT_EQ(spaces->erase({&id, 1}), held[writer].erase(id));
        } else {
          EXPECT_TRUE(spaces->upsert(space, id, vectors.next()));
          held[writer][id] = space;
        }
      }
      --writers;
    });
  }
  threads.emplace_back([&] {
    while (writers > 0) {
      spaces->upkeep();
      EXPECT_TRUE(spaces->save(path, {}));
    }
  });
  UnitVectors vectors(kDim, 99);
  while (writers > 0) {
    for (std::uint64_t space = 0; space < kSpaces; ++space) {
      EXPECT_LE(spaces->search({space, 0}, vectors.next(), 5).value().size(), 5U);
    }
    EXPECT_LE(spaces->stats().spaces, kSpaces);
  }
  threads.clear();
  std::filesystem::remove(path);
  EXPECT_EQ(spaces->size(), held[0].size() + held[1].size() + held[2].size());
  EXPECT_EQ(spaces->stats().entries, spaces->size());
}

}  // namespace
}  // namespace refrain::index
