#include "chat/request.h"

#include <gtest/gtest.h>

namespace refrain::chat {
namespace {

TEST(Request, DialectsAreReadBackFromTheirNames) {
  for (Dialect dialect : {Dialect::openai_chat, Dialect::openai_completion,
                          Dialect::openai_embedding, Dialect::tgi, Dialect::gkv}) {
    EXPECT_EQ(parse_dialect(name(dialect)), dialect);
  }
  EXPECT_EQ(name(Dialect::openai_completion), "openai.completions");
}

TEST(Request, OtherTextIsNoDialect) {
  EXPECT_EQ(parse_dialect(""), std::nullopt);
  EXPECT_EQ(parse_dialect("TGI"), std::nullopt);
}

}  // namespace
}  // namespace refrain::chat
