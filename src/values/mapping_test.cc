#include "values/mapping.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/values_probe.h"

namespace refrain::values {
namespace {

TEST(ValueMapping, StoredBytesAreInTheFileAtOnce) {
  TempFolder folder;
  const std::string path = folder.path() + "/f";
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT, 0600));
  ASSERT_EQ(allocate_blocks(file.get(), 8192), 0);
  base::Gauge gauge;
  {
    auto mapping = Mapping::make(file.get(), 8192, gauge);
    ASSERT_TRUE(mapping);
    (*mapping)->prepare_writes(0, 8192);
    std::ranges::copy(std::string_view("hello"), (*mapping)->data() + 5000);
    EXPECT_EQ(gauge.value(), 8192);
    EXPECT_TRUE((*mapping)->resident(0, 8192));
    EXPECT_TRUE((*mapping)->load(0, 8192));
  }
  EXPECT_EQ(gauge.value(), 0);
  std::string back(5, '\0');
  ASSERT_TRUE(read_exactly(file.get(), back.data(), 5, 5000));
  EXPECT_EQ(back, "hello");
}

TEST(ValueMapping, AFileThatEndsEarlyIsCorrupt) {
  TempFolder folder;
  Descriptor file(::open((folder.path() + "/f").c_str(), O_RDWR | O_CREAT, 0600));
  ASSERT_TRUE(write_exactly(file.get(), "abc", 3, 0));
  char buffer[4];
  auto read = read_exactly(file.get(), buffer, 4, 0);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, base::Code::corrupt);
}

}  // namespace
}  // namespace refrain::values
