#include <fstream>

#include "base/hash.h"
#include "index/snapshot.h"
#include "index/spaces.h"
#include "tests/support/index_contract.h"
#include "tests/support/temp_folder.h"

namespace refrain::index {
namespace {

constexpr std::size_t kDim = 4;
constexpr Spaces::Stamp kStamp{.last_id = 900, .entries = 210};
// Of the file that written() makes. A change of it needs a new version of the format.
constexpr std::string_view kGoldenSum = "30ddc11e5b6bf2f0cd257db46ce57e97";

Spaces::Options options() {
  return {.dim = kDim, .embedder = "test/1", .flat_max = 100};
}

class SpacesSnapshot : public testing::Test {
 protected:
  /// A space of 10 entries and one of 200, which is a graph. Simple numbers: the same everywhere.
  std::unique_ptr<Spaces> filled() {
    auto spaces = Spaces::open(options()).value();
    for (key::EntryId id = 1; id <= 210; ++id) {
      const std::vector<float> row = row_of(id);
      EXPECT_TRUE(spaces->upsert(id <= 10 ? key::Key{1, 2} : key::Key{3, 4}, id, row));
    }
    EXPECT_EQ(spaces->upkeep(), 1U);
    return spaces;
  }
  static std::vector<float> row_of(key::EntryId id) {
    const float up = static_cast<float>(id) / 256;
    return {up, std::sqrt(1 - up * up), 0, 0};
  }
  std::string written() {
    EXPECT_TRUE(filled()->save(path_, kStamp));
    return std::string(MappedFile::open(path_).value()->bytes());
  }
  base::Code refused(const Spaces::Options& by) {
    const auto loaded = Spaces::load(path_, by);
    return loaded ? base::Code::internal : loaded.error().code;
  }
  TempFolder temp_;
  const std::filesystem::path folder_{temp_.path()}, path_ = folder_ / "semantic.index";
};

TEST_F(SpacesSnapshot, RestartFindsWhatWasSaved) {
  const auto before = filled();
  ASSERT_TRUE(before->save(path_, kStamp));
  const Spaces::Loaded after = Spaces::load(path_, options()).value();
  EXPECT_EQ(after.stamp, kStamp);
  EXPECT_EQ(after.spaces->stats().graphs, 1U);
  EXPECT_EQ(after.spaces->size(), 210U);
  for (const key::Key space : {key::Key{1, 2}, key::Key{3, 4}}) {
    for (key::EntryId id = 1; id <= 210; id += 7) {
      EXPECT_EQ(after.spaces->search(space, row_of(id), 5).value(),
                before->search(space, row_of(id), 5).value());
    }
  }
}

TEST_F(SpacesSnapshot, LoadedIndexKnowsWhereEachIdIs) {
  ASSERT_TRUE(filled()->save(path_, kStamp));
  const Spaces::Loaded after = Spaces::load(path_, options()).value();
  const key::EntryId gone[] = {5, 50};
  EXPECT_EQ(after.spaces->erase(gone), 2U);
  EXPECT_NE(after.spaces->search({1, 2}, row_of(5), 1).value().at(0).id, 5U);
  EXPECT_NE(after.spaces->search({3, 4}, row_of(50), 1).value().at(0).id, 50U);
}

TEST_F(SpacesSnapshot, FileOfVersionOneStaysAsItWas) {
  EXPECT_EQ(base::hex(base::digest(written())), kGoldenSum);
}

TEST_F(SpacesSnapshot, ForeignFileIsCorrupt) {
  ASSERT_TRUE(filled()->save(path_, kStamp));
  Spaces::Options other = options();
  other.dim = 5;
  EXPECT_EQ(refused(other), base::Code::corrupt);
  other = options();
  other.embedder = "test/2";
  EXPECT_EQ(refused(other), base::Code::corrupt);
  other = options();
  other.graph.links_max = 8;
  EXPECT_EQ(refused(other), base::Code::corrupt);
  other = options();
  other.entries_max = 200;
  EXPECT_EQ(refused(other), base::Code::corrupt);
}

TEST_F(SpacesSnapshot, MissingFileIsNotFound) {
  EXPECT_EQ(refused(options()), base::Code::not_found);
}

TEST_F(SpacesSnapshot, EveryChangedByteIsCorrupt) {
  const std::string good = written();
  for (std::size_t at = 0; at < good.size(); at += 11) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    ASSERT_FALSE(Spaces::decode(bad, options())) << at;
  }
}

TEST_F(SpacesSnapshot, ChangedByteUnderARightChecksumIsCorruptOrHarmless) {
  const std::string good = written();
  for (std::size_t at = 0; at + 8 < good.size(); ++at) {
    std::string bad = good.substr(0, good.size() - 8);
    bad[at] = static_cast<char>(~bad[at]);
    const std::uint64_t sum = checksum(bad);
    bad.append(reinterpret_cast<const char*>(&sum), sizeof sum);
    if (const auto loaded = Spaces::decode(bad, options())) {
      EXPECT_TRUE(loaded->spaces->search({3, 4}, row_of(1), 3));
    }
  }
}

TEST_F(SpacesSnapshot, EmptyIndexIsSavedAndLoaded) {
  ASSERT_TRUE(Spaces::open(options()).value()->save(path_, {}));
  EXPECT_EQ(Spaces::load(path_, options()).value().spaces->size(), 0U);
}

}  // namespace
}  // namespace refrain::index
