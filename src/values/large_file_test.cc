#include "values/large_file.h"

#include <gtest/gtest.h>

#include "tests/support/values_probe.h"

namespace refrain::values {
namespace {

class LargeFileTest : public testing::Test {
 protected:
  LargeFileTest() {
    disk_.folder = folder_.path();
    disk_.allocate = allocate_blocks;
    files_ = std::make_shared<LargeFiles>(disk_, 4 << 20);
  }
  std::size_t on_disk() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      count += entry.path().extension() == ".val" ? 1 : 0;
    }
    return count;
  }
  TempFolder folder_;
  Disk disk_;
  std::shared_ptr<LargeFiles> files_;
};

TEST_F(LargeFileTest, CapacitiesAreCloseAndCommon) {
  EXPECT_EQ(capacity_for(1), 4096U);
  EXPECT_EQ(capacity_for(256 << 10), 256U << 10U);
  EXPECT_EQ(capacity_for((1 << 20) + 1), capacity_for((1 << 20) + 5000));
  for (std::uint64_t bytes : {100'000U, 300'001U, 70'000'003U}) {
    EXPECT_GE(capacity_for(bytes), bytes);
    EXPECT_LE(capacity_for(bytes), bytes + bytes / 8 + 4096);
  }
}

TEST_F(LargeFileTest, RetiredFileServesTheNextValueOfItsSize) {
  auto made = files_->make(1 << 20, LargeFiles::Use::mapped);
  ASSERT_TRUE(made);
  const std::uint64_t number = made->file->number();
  made->file->retire(std::move(made->mapping));
  made->file = nullptr;
  EXPECT_EQ(files_->pool_bytes(), 1U << 20U);
  auto again = files_->make((1 << 20) - 100, LargeFiles::Use::mapped);
  EXPECT_EQ(again->file->number(), number);
  EXPECT_EQ(files_->used_bytes(), 1U << 20U);
}

TEST_F(LargeFileTest, FileIsNotUsedAgainWhileSomebodyHoldsIt) {
  auto made = files_->make(1 << 20, LargeFiles::Use::mapped);
  const std::shared_ptr<LargeFile> reader = made->file;
  made->file->retire(std::move(made->mapping));
  made->file = nullptr;
  EXPECT_NE(files_->make(1 << 20, LargeFiles::Use::mapped)->file->number(), reader->number());
}

TEST_F(LargeFileTest, PoolHasABoundAndStrangersGo) {
  std::vector<LargeFiles::Made> many;
  for (int i = 0; i < 8; ++i) many.push_back(*files_->make(1 << 20, LargeFiles::Use::mapped));
  for (auto& made : many) made.file->retire(std::move(made.mapping));
  many.clear();
  EXPECT_EQ(on_disk(), 4U);
  files_->drop_pool();
  EXPECT_EQ(on_disk(), 0U);
  auto kept = files_->make(1 << 20, LargeFiles::Use::unmapped);
  auto next = std::make_shared<LargeFiles>(disk_, 0);
  ASSERT_TRUE(next->adopt(kept->file->number(), 1 << 20));
  auto stranger = files_->make(1 << 20, LargeFiles::Use::unmapped);
  next->remove_strangers();
  EXPECT_EQ(on_disk(), 1U);
  EXPECT_EQ(next->adopt(12345, 1).error().code, base::Code::corrupt);
}

}  // namespace
}  // namespace refrain::values
