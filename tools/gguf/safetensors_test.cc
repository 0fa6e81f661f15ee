#include "tools/gguf/safetensors.h"

#include <cmath>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"

namespace refrain::gguf {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string file_of(std::string_view header, std::string_view data) {
  base::ByteWriter out;
  out.u64(header.size());
  out.raw(header);
  out.raw(data);
  return out.take();
}

std::string raw(std::initializer_list<float> values) {
  std::string out;
  for (const float value : values) {
    char bytes[4];
    std::memcpy(bytes, &value, 4);
    out.append(bytes, 4);
  }
  return out;
}

std::string refusal(const std::string& file) {
  const auto parsed = SafeTensors::parse(file);
  return parsed ? "no error" : parsed.error().what;
}

TEST(SafeTensors, TensorIsFoundByNameWithShapeAndNumbers) {
  auto parsed = SafeTensors::parse(file_of(
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}})",
      raw({1.5F, -2})));
  ASSERT_TRUE(parsed) << parsed.error().what;
  const Tensor* tensor = parsed->find("a");
  ASSERT_TRUE(tensor);
  EXPECT_THAT(tensor->shape, ElementsAre(2, 1));
  EXPECT_THAT(tensor->floats().value(), ElementsAre(1.5F, -2.0F));
}

TEST(SafeTensors, AbsentTensorIsNull) {
  auto parsed = SafeTensors::parse(file_of("{}", ""));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->find("a"), nullptr);
}

TEST(SafeTensors, HalfPrecisionIsWidenedExactly) {
  auto parsed = SafeTensors::parse(
      file_of(R"({"h":{"dtype":"F16","shape":[5],"data_offsets":[0,10]}})",
              std::string("\x00\x3c\x00\xc0\x01\x00\x00\x7c\x66\x2e", 10)));
  ASSERT_TRUE(parsed) << parsed.error().what;
  const auto values = parsed->find("h")->floats().value();
  EXPECT_EQ(values[0], 1.0F);
  EXPECT_EQ(values[1], -2.0F);
  EXPECT_EQ(values[2], 0x1p-24F);
  EXPECT_TRUE(std::isinf(values[3]));
  EXPECT_NEAR(values[4], 0.1F, 1e-4F);
}

TEST(SafeTensors, BrainFloatIsWidenedExactly) {
  auto parsed = SafeTensors::parse(file_of(
      R"({"b":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}})", std::string("\xc0\x3f", 2)));
  ASSERT_TRUE(parsed) << parsed.error().what;
  EXPECT_THAT(parsed->find("b")->floats().value(), ElementsAre(1.5F));
}

TEST(SafeTensors, WholeNumbersAreHeldButNotFloats) {
  auto parsed = SafeTensors::parse(file_of(
      R"({"i":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})", std::string(8, '\0')));
  ASSERT_TRUE(parsed) << parsed.error().what;
  EXPECT_EQ(parsed->find("i")->floats().error().code, base::Code::unsupported);
}

TEST(SafeTensors, HeaderLongerThanTheFileIsRefused) {
  std::string file = file_of("{}", "");
  file[7] = '\x7f';
  EXPECT_THAT(refusal(file), HasSubstr("in a file of 10"));
}

TEST(SafeTensors, FileShorterThanItsLengthFieldIsRefused) {
  EXPECT_NE(refusal("abc"), "no error");
}

TEST(SafeTensors, BytesBeyondTheFileAreRefused) {
  EXPECT_THAT(refusal(file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                              raw({1}))),
              HasSubstr("tensor a: bytes 4 to 8 of 4"));
}

TEST(SafeTensors, ShapeThatDoesNotFitItsBytesIsRefused) {
  EXPECT_THAT(refusal(file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})",
                              raw({1}))),
              HasSubstr("4 bytes do not fit"));
}

TEST(SafeTensors, ShapeThatOverflowsIsRefused) {
  EXPECT_THAT(refusal(file_of(
                  R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})",
                  "")),
              HasSubstr("do not fit"));
}

TEST(SafeTensors, TensorsThatShareBytesAreRefused) {
  EXPECT_THAT(refusal(file_of(R"({"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},)"
                              R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
                              raw({1, 2, 3}))),
              HasSubstr("tensors a and b overlap"));
}

TEST(SafeTensors, TensorsSideBySideAndEmptyOnesInsideDoNotOverlap) {
  EXPECT_EQ(refusal(file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                            R"("none":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},)"
                            R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
                            raw({1, 2, 3}))),
            "no error");
}

TEST(SafeTensors, NegativeOffsetsUnknownTypesAndBrokenJsonAreRefused) {
  EXPECT_THAT(refusal(file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}})", "")),
              HasSubstr("no shape or data_offsets"));
  EXPECT_THAT(refusal(file_of(R"({"a":{"dtype":"Q9","shape":[1],"data_offsets":[0,4]}})", "")),
              HasSubstr("unknown dtype 'Q9'"));
  EXPECT_THAT(refusal(file_of("[1]", "")), HasSubstr("JSON array"));
  EXPECT_THAT(refusal(file_of("{", "")), HasSubstr("header: JSON"));
}

TEST(SafeTensors, MissingFileIsNamed) {
  const auto opened = SafeTensors::open("/nonexistent/model.safetensors");
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().what, HasSubstr("/nonexistent/model.safetensors"));
}

}  // namespace
}  // namespace refrain::gguf
