#include "kv/reading.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_folder.h"

namespace refrain::kv {
namespace {

// A tensor's byte is its name's first letter.
class Letters final : public TensorBytes {
 public:
  base::Result<> fill(const safetensors::Tensor& tensor, std::uint64_t,
                      std::span<char> out) override {
    for (char& byte : out) byte = tensor.name[0];
    return {};
  }
};

Assembled sample() {
  std::vector<safetensors::Tensor> tensors = {
      {"a", "U8", {3}, 0, 3}, {"b", "U8", {0}, 3, 3}, {"c", "U8", {2}, 3, 5}};
  return Assembled("HEAD", tensors, tensors, std::make_unique<Letters>());
}

TEST(KvReading, EveryRangeIsTheSameAsThatOfTheWhole) {
  Assembled reading = sample();
  const std::string whole = "HEADaaacc";
  ASSERT_EQ(reading.size(), whole.size());
  for (std::size_t from = 0; from <= whole.size(); ++from) {
    for (std::size_t count = 0; from + count <= whole.size(); ++count) {
      std::string out(count, ' ');
      ASSERT_TRUE(reading.read(from, out));
      EXPECT_EQ(out, whole.substr(from, count));
    }
  }
  std::string more(2, ' ');
  EXPECT_EQ(reading.read(8, more).error().code, base::Code::invalid);
}

TEST(KvReading, APieceThatChangedIsCorruptAndTheOthersAreRead) {
  TempFolder folder;
  std::string bytes(2 * kPieceBytes + 10, 'x');
  std::ofstream(folder.path() + "/f", std::ios::binary) << bytes;
  auto sums = sums_of(*disk::File::open(folder.path() + "/f"), bytes.size());
  ASSERT_EQ(sums->size(), 3U);
  bytes[kPieceBytes + 5] = 'y';
  std::ofstream(folder.path() + "/f", std::ios::binary) << bytes;
  auto file = CheckedFile::open(folder.path() + "/f", *sums);
  std::string out(100, ' ');
  EXPECT_TRUE(file->read(kPieceBytes - 100, out));
  EXPECT_EQ(file->read(kPieceBytes - 50, out).error().code, base::Code::corrupt);
  EXPECT_TRUE(file->read(2 * kPieceBytes, std::span(out).first(10)));
  EXPECT_EQ(file->read(2 * kPieceBytes, std::span(out).first(11)).error().code,
            base::Code::corrupt);
}

}  // namespace
}  // namespace refrain::kv
