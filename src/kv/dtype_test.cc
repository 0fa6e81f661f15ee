#include "kv/dtype.h"

#include <gtest/gtest.h>

namespace refrain::kv {
namespace {

TEST(KvDtype, EveryTypeIsFoundByItsNameAndItsNumber) {
  for (Dtype type : {Dtype::f32, Dtype::f16, Dtype::bf16, Dtype::q8_0, Dtype::q4_0}) {
    EXPECT_EQ(parse_dtype(name(type)), type);
    EXPECT_EQ(dtype_of(static_cast<std::uint8_t>(type)), type);
  }
  EXPECT_FALSE(parse_dtype("f16"));
  EXPECT_FALSE(dtype_of(5));
}

TEST(KvDtype, PackedTypesHaveNoBytesOfOneNumber) {
  EXPECT_EQ(bytes_of(Dtype::f32), 4U);
  EXPECT_EQ(bytes_of(Dtype::bf16), 2U);
  EXPECT_EQ(bytes_of(Dtype::q8_0), 0U);
}

}  // namespace
}  // namespace refrain::kv
