#include "llama/model.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace refrain::llama {
namespace {

using testing::HasSubstr;

const std::string kMiniLm = REFRAIN_DEPS_DIR "/models/all-minilm-l6-v2-q8_0.gguf";

class ModelTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string file_of(std::string_view bytes) {
    std::filesystem::create_directories(folder_);
    const std::string path = (folder_ / "model.gguf").string();
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() /
                                  ("refrain-model-test-" + std::to_string(getpid()));
};

TEST_F(ModelTest, FactsComeFromTheFile) {
  auto model = Model::load(kMiniLm);
  ASSERT_TRUE(model) << model.error().what << " (run tools/setup)";
  const Model::Facts& facts = (*model)->facts();
  EXPECT_EQ(facts.name, "all-MiniLM-L6-v2");
  EXPECT_EQ(facts.architecture, "bert");
  EXPECT_EQ(facts.tokenizer, "bert");
  EXPECT_EQ(facts.dim, 384U);
  EXPECT_EQ(facts.tokens_max, 512U);
  EXPECT_EQ(facts.unknown, 100);
  EXPECT_EQ(facts.begin, 101);
  EXPECT_EQ(facts.separator, 102);
}

TEST_F(ModelTest, VocabularyKeepsWordStartsAndContinuationsApart) {
  auto model = Model::load(kMiniLm);
  ASSERT_TRUE(model) << model.error().what << " (run tools/setup)";
  const auto words = (*model)->vocabulary();
  ASSERT_EQ(words.size(), 30522U);
  EXPECT_TRUE(words[101].special);
  EXPECT_EQ(words[1996].text, "\xE2\x96\x81the");
  EXPECT_EQ(words[2015].text, "s");
  EXPECT_FALSE(words[2015].special);
}

TEST_F(ModelTest, MissingFileIsNamed) {
  auto model = Model::load("/nonexistent/x.gguf");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, base::Code::not_found);
  EXPECT_EQ(model.error().what, "model /nonexistent/x.gguf: no such file");
}

TEST_F(ModelTest, OtherBytesAreNotAGgufFile) {
  const std::string file = file_of("PK\x03\x04 and so on");
  auto model = Model::load(file);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, base::Code::corrupt);
  EXPECT_EQ(model.error().what, "model " + file + ": not a GGUF file");
}

TEST_F(ModelTest, TruncatedFileIsASentenceWithItsCause) {
  std::ifstream in(kMiniLm, std::ios::binary);
  std::string bytes(2'000'000, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(in) << kMiniLm << " is missing (run tools/setup)";
  const std::string file = file_of(bytes);
  auto model = Model::load(file);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, base::Code::corrupt) << model.error().what;
  EXPECT_THAT(model.error().what, HasSubstr("model " + file + ": "));
}

}  // namespace
}  // namespace refrain::llama
