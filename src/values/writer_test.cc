#include "values/writer.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "tests/support/values_probe.h"

namespace refrain::values {
namespace {

class WriterTest : public testing::TestWithParam<LargeFiles::Use> {
 protected:
  WriterTest() {
    disk_.folder = folder_.path();
    disk_.allocate = allocate_blocks;
    files_ = std::make_shared<LargeFiles>(disk_, 0);
  }
  std::unique_ptr<Writer> writer(std::size_t bytes) {
    return std::make_unique<Writer>(files_, std::move(*files_->make(bytes, GetParam())));
  }
  TempFolder folder_;
  Disk disk_;
  std::shared_ptr<LargeFiles> files_;
};

TEST_P(WriterTest, BytesAndChecksumsDoNotDependOnHowTheyCome) {
  const std::string value = bytes_of(5 * kPieceBytes + 33, 4);
  for (std::size_t step : {std::size_t{1000}, std::size_t{70'001}, value.size()}) {
    auto writer = this->writer(value.size());
    for (std::size_t at = 0; at < value.size(); at += step) {
      ASSERT_TRUE(writer->put(std::string_view(value).substr(at, step)));
    }
    ASSERT_TRUE(writer->whole());
    EXPECT_TRUE(writer->room().empty());
    LargeFiles::Made made = writer->finish();
    ASSERT_EQ(made.file->pieces().size(), 6U);
    EXPECT_EQ(made.file->pieces()[5], base::hash64(value.substr(5 * kPieceBytes)));
    std::string back(value.size(), '\0');
    ASSERT_TRUE(read_exactly(made.file->open()->get(), back.data(), back.size(), 0));
    EXPECT_EQ(back, value);
    made.file->retire(nullptr);
  }
}

TEST_P(WriterTest, RoomNeverGoesPastTheEnd) {
  auto writer = this->writer(kPieceBytes + 5);
  ASSERT_TRUE(writer->put(std::string(kPieceBytes, 'x')));
  EXPECT_EQ(writer->room().size(), 5U);
  EXPECT_FALSE(writer->put("123456"));
}

TEST_P(WriterTest, AbandonedFileIsRemoved) {
  writer(kPieceBytes).reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

INSTANTIATE_TEST_SUITE_P(Mapped, WriterTest, testing::Values(LargeFiles::Use::mapped));
INSTANTIATE_TEST_SUITE_P(Unmapped, WriterTest, testing::Values(LargeFiles::Use::unmapped));

}  // namespace
}  // namespace refrain::values
