#include "kv/folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/kv_samples.h"
#include "tests/support/temp_folder.h"

namespace refrain::kv {
namespace {

namespace fs = std::filesystem;

TEST(KvFolder, ABlockIsReadBackWholeAndByItsHead) {
  TempFolder temp;
  auto folder = Folder::open(temp.path(), Durability::power_loss);
  ASSERT_TRUE(folder);
  std::string bytes = sample_block({1, 2}, tokens_from(0, 4), 0);
  base::Digest hash = (*Block::decode(bytes))->head().hash;
  auto path = folder->put_aside(bytes);
  ASSERT_TRUE(path && folder->keep_block(*path, hash) && folder->settle(hash));
  EXPECT_EQ(*folder->read_block(hash), bytes);
  EXPECT_EQ(folder->read_head(hash)->tokens, tokens_from(0, 4));
  folder->drop_block(hash);
  EXPECT_EQ(folder->read_block(hash).error().code, base::Code::not_found);
}

TEST(KvFolder, WhatWasOnItsWayIsGoneAfterAStart) {
  TempFolder temp;
  auto folder = Folder::open(temp.path(), Durability::process);
  auto path = folder->put_aside("half");
  ASSERT_TRUE(fs::exists(*path));
  ASSERT_TRUE(Folder::open(temp.path(), Durability::process));
  EXPECT_FALSE(fs::exists(*path));
}

TEST(KvFolder, ASweepRemovesWhatNobodyKnows) {
  TempFolder temp;
  auto folder = Folder::open(temp.path(), Durability::process);
  ASSERT_TRUE(folder->keep_block(*folder->put_aside("a"), {1, 1}));
  ASSERT_TRUE(folder->keep_block(*folder->put_aside("bb"), {2, 2}));
  ASSERT_TRUE(folder->keep_file(*folder->put_aside("ccc"), 7));
  ASSERT_TRUE(folder->keep_file(*folder->put_aside("dddd"), 8));
  std::ofstream(temp.path() + "/blocks/stranger") << "x";
  auto gone =
      folder->sweep({[](const base::Digest& hash, std::uint64_t bytes) {
                       return hash == base::Digest{2, 2} && bytes == 2;
                     },
                     [](ObjectId id, std::uint64_t bytes) { return id == 8 && bytes == 4; }});
  EXPECT_EQ(*gone, 3U);
  EXPECT_EQ(*folder->read_block({2, 2}), "bb");
  EXPECT_FALSE(folder->read_block({1, 1}));
  EXPECT_TRUE(fs::exists(folder->file_path(8)));
}

}  // namespace
}  // namespace refrain::kv
