#include "kv/store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/kv_store.h"

namespace refrain::kv {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> block_files(const std::string& folder) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder + "/blocks")) {
    if (entry.is_regular_file()) out.push_back(entry.path());
  }
  return out;
}

void flip(const fs::path& path, std::streamoff at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(at);
  char byte = 0;
  file.get(byte);
  file.seekp(at);
  file.put(static_cast<char>(byte ^ 0x20));
}

// Waits for what was submitted to the writer's thread before.
void settle(StoreProbe& probe) { ASSERT_TRUE(probe.store().erase("nobody", "nothing")); }

TEST(KvStore, APromptThatBeginsLikeAnEarlierOneIsFound) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 40)));
  std::vector<Token> asked = tokens_from(0, 36);
  asked.push_back(999);
  EXPECT_EQ(probe.checked(asked), 36U);
  EXPECT_EQ(probe.checked(tokens_from(0, 100)), 40U);
  EXPECT_EQ(probe.checked(tokens_from(1, 40)), 0U);
}

TEST(KvStore, WhatWasKeptIsFoundAfterARestart) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 40)));
  probe.reopen();
  EXPECT_EQ(probe.checked(tokens_from(0, 40)), 40U);
  EXPECT_EQ(probe.store().stats().loads_disk, 3U);
  EXPECT_EQ(probe.checked(tokens_from(0, 40)), 40U);
  EXPECT_EQ(probe.store().stats().loads_memory, 3U);
}

TEST(KvStore, ACommonBeginningIsStoredOnce) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 48), "a"));
  std::vector<Token> other = tokens_from(0, 48);
  other[40] = 7;
  ASSERT_TRUE(probe.keep(other, "b"));
  EXPECT_EQ(probe.store().stats().blocks, 4U);
  EXPECT_EQ(probe.checked(other), 48U);
}

TEST(KvStore, OtherTenantsModelsAndProvenanceFindNothing) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 32)));
  Fingerprint other = small_model();
  other.rope_base = "500000";
  for (const Space& space : {Space{"u", digest(small_model())}, Space{"t", digest(other)},
                             Space{"t", digest(small_model()), Provenance::repaired}}) {
    EXPECT_EQ(probe.store().find(space, tokens_from(0, 32)).tokens(), 0U);
  }
}

TEST(KvStore, AFlippedBitIsNeverServedAndCounted) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 48), "n"));
  probe.close();
  for (const fs::path& file : block_files(probe.path())) {
    if (auto block = Block::decode([&] {
          std::ifstream in(file, std::ios::binary);
          return std::string(std::istreambuf_iterator<char>(in), {});
        }());
        (*block)->head().positions[0] == 16) {
      flip(file, static_cast<std::streamoff>(fs::file_size(file)) - 70);
    }
  }
  probe.reopen();
  EXPECT_EQ(probe.checked(tokens_from(0, 48)), 16U);
  settle(probe);
  EXPECT_EQ(probe.store().stats().corrupt, 1U);
  EXPECT_EQ(probe.common(tokens_from(0, 48)), 16U);
  EXPECT_FALSE(probe.store().find("t", "n"));
  ASSERT_TRUE(probe.keep(tokens_from(0, 48)));  // and it can be computed again
  EXPECT_EQ(probe.checked(tokens_from(0, 48)), 48U);
}

TEST(KvStore, AStartDropsRowsWithoutFilesAndFilesWithoutRows) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 48), "n"));
  ASSERT_TRUE(probe.keep(tokens_from(500, 16), "m"));
  probe.close();
  for (const fs::path& file : block_files(probe.path())) {
    std::ifstream in(file, std::ios::binary);
    auto block = Block::decode(std::string(std::istreambuf_iterator<char>(in), {}));
    if ((*block)->head().tokens[0] == 16) fs::remove(file);
  }
  fs::create_directories(probe.path() + "/blocks/00");
  std::ofstream(probe.path() + "/blocks/00/00000000000000000000000000000001.kvb") << "x";
  probe.reopen();
  Stats stats = probe.store().stats();
  EXPECT_EQ(stats.lost, 3U);     // the block, the one behind it, the object
  EXPECT_EQ(stats.orphans, 2U);  // the file of the one behind it, and the stranger
  EXPECT_EQ(probe.checked(tokens_from(0, 48)), 16U);
  EXPECT_TRUE(probe.store().find("t", "m"));
}

TEST(KvStore, ASecondProcessIsToldWhoHasTheFolder) {
  StoreProbe probe;
  auto second = Store::open(probe.options(), probe.clock);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::Code::conflict);
  EXPECT_NE(second.error().what.find("in use by process"), std::string::npos);
}

TEST(KvStore, TheDiskBudgetHoldsAndTheLeastValuableGoes) {
  StoreProbe probe({.disk_bytes_max = 8 * 1536});
  ASSERT_TRUE(probe.keep(tokens_from(0, 64), "kept"));
  ASSERT_TRUE(probe.store().pin(probe.store().find("t", "kept")->id));
  for (Token first = 1000; first < 3000; first += 100) {
    probe.clock.set(first);
    ASSERT_TRUE(probe.keep(tokens_from(first, 32)));
    EXPECT_LE(probe.store().stats().disk_bytes, 8U * 1536);
  }
  EXPECT_EQ(probe.checked(tokens_from(0, 64)), 64U);
  EXPECT_EQ(probe.common(tokens_from(1000, 32)), 0U);
  EXPECT_EQ(probe.checked(tokens_from(2900, 32)), 32U);
  EXPECT_GT(probe.store().stats().evicted_blocks, 20U);
}

TEST(KvStore, TheEndOfANewObjectDoesNotGoBeforeOldBlocks) {
  StoreProbe probe({.disk_bytes_max = 12 * 1536});
  for (Token first = 0; first < 2000; first += 100) {
    probe.clock.set(1000 + first);
    const std::string name = "n" + std::to_string(first);
    ASSERT_TRUE(probe.keep(tokens_from(first, 40), name));
    ASSERT_TRUE(probe.keep(tokens_from(first + 50, 20)));
    EXPECT_TRUE(probe.store().find("t", name)) << first;
  }
}

TEST(KvStore, WhatIsHeldIsNotEvicted) {
  StoreProbe probe({.disk_bytes_max = 4 * 1536});
  ASSERT_TRUE(probe.keep(tokens_from(0, 32)));
  {
    Match held = probe.store().find(StoreProbe::space(), tokens_from(0, 32));
    for (Token first = 1000; first < 2000; first += 100) {
      probe.clock.set(first);
      ASSERT_TRUE(probe.keep(tokens_from(first, 16)));
    }
    EXPECT_TRUE(probe.store().load({}, held.blocks()[1]));
  }
  probe.clock.set(100'000);
  for (Token first = 3000; first < 4000; first += 100)
    ASSERT_TRUE(probe.keep(tokens_from(first, 16)));
  EXPECT_EQ(probe.common(tokens_from(0, 32)), 0U);
}

TEST(KvStore, AStoreFullOfPinnedObjectsSaysSo) {
  StoreProbe probe({.disk_bytes_max = 3 * 1536});
  NewPrompt pinned = StoreProbe::prompt(tokens_from(0, 32), "p");
  pinned.pinned = true;
  ASSERT_TRUE(probe.keep(pinned));
  auto refused = probe.keep(tokens_from(100, 32));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::unavailable);
  EXPECT_NE(refused.error().what.find("pinned or in use"), std::string::npos);
}

TEST(KvStore, MemoryStaysWithinItsBudget) {
  StoreProbe probe({.memory_bytes_max = 4 * 1536});
  for (Token first = 0; first < 2000; first += 100) ASSERT_TRUE(probe.keep(tokens_from(first, 16)));
  EXPECT_LE(probe.store().stats().memory_bytes, 4U * 1536);
  EXPECT_GT(probe.store().stats().memory_blocks, 0U);
  EXPECT_GT(probe.store().stats().evicted_memory, 0U);
}

TEST(KvStore, OneLayerOfAFewTokensIsReadAlone) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 32)));
  for (int round = 0; round < 2; ++round) {  // from memory, then from disk
    Match match = probe.store().find(StoreProbe::space(), tokens_from(0, 32));
    auto bytes = probe.store().read({}, match.blocks()[1],
                                    {.layer = 1, .part = Part::value, .first = 3, .count = 2});
    ASSERT_TRUE(bytes) << bytes.error().what;
    SampleRows rows(tokens_from(16, 16), 16);
    EXPECT_EQ(*bytes, rows.layers[1].values.substr(3 * 16, 2 * 16));
    EXPECT_EQ(probe.store().read({}, match.blocks()[0], {.layer = 2}).error().code,
              base::Code::invalid);
    EXPECT_EQ(probe.store()
                  .read({}, match.blocks()[0], {.layer = 0, .first = 9, .count = 8})
                  .error()
                  .code,
              base::Code::invalid);
    match = Match();
    probe.reopen();
  }
}

TEST(KvStore, AStoppedCallerGetsNothing) {
  StoreProbe probe;
  ASSERT_TRUE(probe.keep(tokens_from(0, 16)));
  Match match = probe.store().find(StoreProbe::space(), tokens_from(0, 16));
  base::Call late;
  late.deadline = {};
  EXPECT_EQ(probe.store().load(late, match.blocks()[0]).error().code, base::Code::deadline);
}

TEST(KvStore, OptionsOutOfRangeAreNamed) {
  KvClock clock;
  EXPECT_EQ(Store::open({.folder = ""}, clock).error().what, "kv: the folder is empty");
  EXPECT_EQ(Options({.folder = "x", .block_tokens = 3}).check().error().what,
            "kv: block_tokens is 3, 16 to 4096 is allowed");
}

TEST(KvStore, ManyThreadsFindWhatTheyKept) {
  StoreProbe probe({.memory_bytes_max = 8 * 1536, .disk_bytes_max = 200 * 1536});
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&probe, t] {
      for (int i = 0; i < 40; ++i) {
        std::vector<Token> tokens = tokens_from(0, 40);
        tokens[20] = t;
        tokens[35] = i;
        ASSERT_TRUE(probe.keep(tokens));
        EXPECT_GE(probe.checked(tokens), 0U);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(probe.checked(tokens_from(0, 16)), 16U);
  EXPECT_LE(probe.store().stats().disk_bytes, 200U * 1536);
}

}  // namespace
}  // namespace refrain::kv
