#include "embed/wordpiece.h"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/value.h"

namespace refrain::embed {
namespace {

using llama::TokenId;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string kStart = "\xE2\x96\x81";

// 0 [UNK], 1 [SEP], 2 "un", 3 "##able", 4 "##a", 5 "!", 6 a Han character, 7 "[unused0]"
WordPiece small() {
  const std::vector<llama::VocabularyEntry> words = {
      {"[UNK]", true}, {"[SEP]", true}, {kStart + "un"}, {"able"}, {"a"}, {kStart + "!"},
      {kStart + "\xE4\xB8\xAD"}, {"[unused0]"}};
  auto made = WordPiece::make(words, 0, {});
  EXPECT_TRUE(made);
  return *std::move(made);
}

TEST(WordPiece, LongestPieceIsTakenFirst) {
  EXPECT_THAT(small().ids("Unable una"), ElementsAre(2, 3, 2, 4));
}

TEST(WordPiece, WordThatCannotBeCoveredIsOneUnknown) {
  EXPECT_THAT(small().ids("unz ablez"), ElementsAre(0, 0));
}

TEST(WordPiece, PunctuationAndHanStandAlone) {
  EXPECT_THAT(small().ids("un!un\xE4\xB8\xADun"), ElementsAre(2, 5, 2, 6, 2));
}

TEST(WordPiece, SpacesControlsAndMarksAloneGiveNothing) {
  EXPECT_THAT(small().ids(""), IsEmpty());
  EXPECT_THAT(small().ids(" \t\n\xE2\x80\x8B\xCC\x81"), IsEmpty());
}

TEST(WordPiece, BrokenBytesAreLeftOut) {
  EXPECT_THAT(small().ids("u\xFFn\xC3"), ElementsAre(2));
}

TEST(WordPiece, UnknownTokenOutsideTheVocabularyIsRefused) {
  const std::vector<llama::VocabularyEntry> words = {{"[UNK]", true}};
  EXPECT_FALSE(WordPiece::make(words, 1, {}));
  EXPECT_FALSE(WordPiece::make(words, -1, {}));
}

TEST(WordPiece, IdsAreThoseOfTheReferenceTokenizer) {
  auto model = llama::Model::load(REFRAIN_DEPS_DIR "/models/all-minilm-l6-v2-q8_0.gguf");
  ASSERT_TRUE(model) << model.error().what << " (run tools/setup)";
  auto pieces = WordPiece::make((*model)->vocabulary(), (*model)->facts().unknown, {});
  ASSERT_TRUE(pieces) << pieces.error().what;
  std::ifstream in("tests/golden/wordpiece/cases.json");
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  auto cases = json::parse(text);
  ASSERT_TRUE(cases) << cases.error().what;
  ASSERT_GE(cases->array()->size(), 20U);
  for (const json::Value& one : *cases->array()) {
    std::vector<TokenId> expected;
    for (const json::Value& id : *one.find("ids")->array()) {
      expected.push_back(static_cast<TokenId>(*id.as_int()));
    }
    EXPECT_EQ(pieces->ids(one.text("text")), expected) << one.text("name");
  }
}

}  // namespace
}  // namespace refrain::embed
