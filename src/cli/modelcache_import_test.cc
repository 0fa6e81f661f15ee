#include "cli/modelcache_import.h"

#include <gtest/gtest.h>

namespace refrain::cli {
namespace {

using chat::Conversation;

TEST(ModelcacheImport, SplicedQuestionsAreTheirTurns) {
  EXPECT_EQ(imported_turns("system###be###short|||user###a"),
            (Conversation{{"system", "be###short", {}}, {"user", "a", {}}}));
}

TEST(ModelcacheImport, ARoleBeforeAColonIsOneTurn) {
  EXPECT_EQ(imported_turns("user: a: b"), (Conversation{{"user", "a: b", {}}}));
  EXPECT_EQ(imported_turns("system: s"), (Conversation{{"system", "s", {}}}));
}

TEST(ModelcacheImport, AnythingElseIsTheUsersWords) {
  for (const char* text : {"a", "note: a", "a|||b###c", ""}) {
    EXPECT_EQ(imported_turns(text), (Conversation{{"user", text, {}}})) << text;
  }
}

TEST(ModelcacheImport, AMissingFileIsAnError) {
  EXPECT_NE(import_modelcache({}, {.kind = "modelcache-sqlite", .file = "no such file"}), 0);
}

}  // namespace
}  // namespace refrain::cli
