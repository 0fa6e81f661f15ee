#include "index/flat.h"

#include "tests/support/index_contract.h"

namespace refrain::index {
namespace {

struct FlatSubject {
  static constexpr bool kExact = true;
  static std::unique_ptr<VectorIndex> open(std::size_t dim, std::size_t size_max) {
    return Flat::open({.dim = dim, .size_max = size_max}).value();
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Flat, IndexContract, FlatSubject);

TEST(Flat, NoDimensionsAreInvalid) {
  EXPECT_EQ(Flat::open({.dim = 0}).error().code, base::Code::invalid);
}

TEST(Flat, CopiesTheRowOfAnIdAfterItsNeighbourWasErased) {
  const auto flat = Flat::open({.dim = 3}).value();
  UnitVectors vectors(3);
  const auto kept = vectors.next();
  ASSERT_TRUE(put(*flat, 1, vectors.next()));
  ASSERT_TRUE(put(*flat, 2, kept));
  ASSERT_EQ(forget(*flat, 1), 1U);
  std::vector<float> row(3);
  EXPECT_TRUE(flat->copy_row(2, row));
  EXPECT_EQ(row, kept);
  EXPECT_FALSE(flat->copy_row(1, row));
}

}  // namespace
}  // namespace refrain::index
