#include "kv/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>

namespace refrain::kv::safetensors {
namespace {

std::string first8(std::uint64_t length) {
  std::string out(8, '\0');
  std::memcpy(out.data(), &length, 8);
  return out;
}

TEST(Safetensors, ReadsBackTheHeaderItWrote) {
  Header header;
  header.metadata = {{"model", "m"}, {"text", "a \"b\""}};
  header.tensors = {{"k_0", "F16", {1, 2, 3, 4}}, {"v_0", "F32", {2, 5}}};
  std::string bytes = write(header);
  EXPECT_EQ(bytes.size() % 8, 0U);
  EXPECT_EQ(*header_bytes(bytes, bytes.size() + 88), bytes.size() - 8);
  auto back = parse(std::string_view(bytes).substr(8), 48 + 40);
  ASSERT_TRUE(back) << back.error().what;
  ASSERT_EQ(back->tensors.size(), 2U);
  EXPECT_EQ(back->tensors[1].begin, 48U);
  EXPECT_EQ(back->tensors[1].end, 88U);
  EXPECT_EQ(back->tensors[0].shape, (std::vector<std::uint64_t>{1, 2, 3, 4}));
  EXPECT_EQ(*back->find("text"), "a \"b\"");
  EXPECT_EQ(back->find("absent"), nullptr);
}

TEST(Safetensors, TensorsComeInTheOrderOfTheirData) {
  auto header = parse(R"({"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]},
                          "a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})",
                      5);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->tensors[0].name, "a");
}

TEST(Safetensors, LengthsThatLieAreRefused) {
  EXPECT_EQ(header_bytes("1234567", 7).error().code, base::Code::corrupt);
  EXPECT_EQ(header_bytes(first8(100), 50).error().code, base::Code::corrupt);
  EXPECT_EQ(header_bytes(first8(UINT64_MAX), 50).error().code, base::Code::too_large);
  EXPECT_EQ(header_bytes(first8(100), 1000, {.header_bytes_max = 99}).error().code,
            base::Code::too_large);
}

TEST(Safetensors, WhatDoesNotFitTheDataIsRefusedWithNameAndPlace) {
  auto what = [](std::string_view text, std::uint64_t bytes) {
    return parse(text, bytes).error().what;
  };
  EXPECT_EQ(what(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 3),
            "tensor a: bytes 0 to 4 of 3");
  EXPECT_EQ(what(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,4]}})", 4),
            "tensor a: 4 bytes do not fit its shape");
  EXPECT_EQ(what(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},
                     "b":{"dtype":"U8","shape":[3],"data_offsets":[2,5]}})",
                 5),
            "tensor b: begins at byte 2, the one before ends at 3");
  EXPECT_EQ(what(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}})", 4),
            "tensor a: begins at byte 1, the one before ends at 0");
  EXPECT_EQ(what(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})", 4),
            "the tensors end at byte 3, the file at 4");
  EXPECT_EQ(
      what(R"({"a":{"dtype":"U8","shape":[4294967296,4294967296,16],"data_offsets":[0,0]}})", 0),
      "tensor a: 0 bytes do not fit its shape");
}

TEST(Safetensors, OddHeadersAreRefused) {
  for (std::string_view text :
       {"", "[]", "{", R"({"a":1})", R"({"a":{"dtype":"U8"}})",
        R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}})",
        R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0]}})", R"({"__metadata__":{"a":1}})",
        R"({"__metadata__":[]})", R"({"":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
        R"({"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})"}) {
    EXPECT_FALSE(parse(text, 1)) << text;
  }
  auto unknown = parse(R"({"a":{"dtype":"Q4","shape":[0],"data_offsets":[0,0]}})", 0);
  EXPECT_EQ(unknown.error().code, base::Code::unsupported);
}

TEST(Safetensors, CountsAndNamesAreBounded) {
  std::string many = "{";
  for (int i = 0; i < 10; ++i) {
    many += (i ? ",\"" : "\"") + std::to_string(i) +
            R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  }
  many += "}";
  EXPECT_TRUE(parse(many, 0));
  EXPECT_EQ(parse(many, 0, {.tensors_max = 8}).error().code, base::Code::too_large);
  std::string name(300, 'n');
  EXPECT_EQ(
      parse("{\"" + name + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0).error().code,
      base::Code::too_large);
  EXPECT_EQ(parse(R"({"__metadata__":{"a":"","b":""}})", 0, {.metadata_max = 1}).error().code,
            base::Code::too_large);
}

}  // namespace
}  // namespace refrain::kv::safetensors
