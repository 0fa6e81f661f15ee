#include "kv/layout.h"

#include <gtest/gtest.h>

#include "tests/support/kv_files.h"

namespace refrain::kv {
namespace {

safetensors::Header sample(std::size_t tokens = 3) {
  Manifest manifest;
  manifest.fingerprint = small_model();
  manifest.tokens = tokens_from(5, tokens);
  manifest.text = "text";
  manifest.labels = {{"purpose", "test"}};
  safetensors::Header header = *header_of(manifest);
  safetensors::write(header);
  return header;
}

void set(safetensors::Header& header, std::string_view key, std::string value) {
  for (auto& [name, old] : header.metadata) {
    if (name == key) old = std::move(value);
  }
}

TEST(KvLayout, AHeaderOfOursIsUnderstoodWhole) {
  auto contents = contents_of(sample());
  ASSERT_TRUE(contents) << contents.error().what;
  EXPECT_EQ(contents->layers, 2U);
  EXPECT_EQ(contents->kv_heads, 2U);
  EXPECT_EQ(contents->tokens, 3U);
  EXPECT_EQ(contents->key_dim, 4U);
  EXPECT_EQ(contents->model, "tests/small");
  EXPECT_EQ(contents->text, "text");
  EXPECT_EQ(contents->token_ids, tokens_from(5, 3));
  EXPECT_EQ(*contents->fingerprint, small_model());
  EXPECT_EQ(contents->begins, (std::vector<std::uint64_t>{0, 48, 96, 144}));
}

TEST(KvLayout, AFileOfTheReferenceHasNoMetadataAndIsUnderstoodToo) {
  safetensors::Header header = sample();
  header.metadata.clear();
  auto contents = contents_of(header);
  ASSERT_TRUE(contents);
  EXPECT_FALSE(contents->fingerprint);
  EXPECT_TRUE(contents->token_ids.empty());
}

TEST(KvLayout, TensorsThatAreNoKvAreRefusedWithTheReason) {
  auto what = [](auto&& change) {
    safetensors::Header header = sample();
    change(header);
    return contents_of(header).error().what;
  };
  EXPECT_NE(what([](auto& h) { h.tensors.pop_back(); }).find("3 tensors"), std::string::npos);
  EXPECT_NE(what([](auto& h) { h.tensors[0].name = "key_0"; }).find("tensor 'key_0'"),
            std::string::npos);
  EXPECT_NE(what([](auto& h) { h.tensors[0].name = "k_1"; }).find("k_0 is missing"),
            std::string::npos);
  EXPECT_NE(what([](auto& h) { h.tensors[2].shape[3] = 8; }).find("k_1 is missing, or not"),
            std::string::npos);
  EXPECT_NE(what([](auto& h) { h.tensors[2].dtype = "F32"; }).find("k_1 is missing, or not"),
            std::string::npos);
  EXPECT_NE(what([](auto& h) {
              for (auto& tensor : h.tensors) tensor.shape[0] = 2;
            }).find("must have the shape"),
            std::string::npos);
  EXPECT_NE(what([](auto& h) {
              for (auto& tensor : h.tensors) tensor.dtype = "I16";
            }).find("KV of type I16"),
            std::string::npos);
}

TEST(KvLayout, MetadataThatContradictsTheTensorsIsRefused) {
  auto what = [](std::string_view key, std::string value) {
    safetensors::Header header = sample();
    set(header, key, std::move(value));
    return contents_of(header).error().what;
  };
  EXPECT_EQ(what("token_ids", "[1,2]"), "2 token_ids, the tensors are of 3 tokens");
  EXPECT_EQ(what("token_ids", "[1,-2,3]"), "token_ids: item 1 is no token id");
  EXPECT_EQ(what("token_ids", "oops"), "token_ids is no JSON list");
  Fingerprint other = small_model();
  other.layers = 3;
  EXPECT_EQ(what("fingerprint", text(other)), "the fingerprint says layers 3, the tensors have 2");
  other = small_model();
  other.key_type = Dtype::f32;
  EXPECT_EQ(what("fingerprint", text(other)),
            "the fingerprint says F32 and F16, the tensors are F16 and F16");
  EXPECT_EQ(what("model", "another"),
            "the model is 'another', and 'tests/small' in the fingerprint");
  EXPECT_NE(what("provenance", "guessed").find("'guessed'"), std::string::npos);
}

TEST(KvLayout, HeadsBecomeRows) {
  std::string rows;
  to_rows("aabbccAABBCC", 2, 2, rows);  // two heads of three tokens of two bytes
  EXPECT_EQ(rows, "aaAAbbBBccCC");
}

TEST(KvLayout, PackedTypesHaveNoFileForm) {
  Manifest manifest;
  manifest.fingerprint = small_model();
  manifest.fingerprint.key_type = Dtype::q8_0;
  EXPECT_EQ(header_of(manifest).error().code, base::Code::unsupported);
}

TEST(KvLayout, AMisfitNamesWhatDiffers) {
  Contents contents = *contents_of(sample());
  EXPECT_EQ(misfit(contents, small_model()), "");
  Fingerprint served = small_model();
  served.layers = 9;
  EXPECT_EQ(misfit(contents, served), "layers is 2, the model 'tests/small' has 9");
  served = small_model();
  served.rope_base = "1";
  EXPECT_EQ(misfit(contents, served), "rope_base is '10000', the model 'tests/small' has '1'");
}

}  // namespace
}  // namespace refrain::kv
