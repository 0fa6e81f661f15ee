#include "net/in_buffer.h"

#include <gtest/gtest.h>

namespace refrain::net {
namespace {

void add(InBuffer& buffer, std::string_view bytes) {
  const auto [start, length] = buffer.room(bytes.size());
  ASSERT_GE(length, bytes.size());
  std::memcpy(start, bytes.data(), bytes.size());
  buffer.added(bytes.size());
}

TEST(InBuffer, KeepsWhatWasNotDropped) {
  InBuffer buffer;
  add(buffer, "abcdef");
  buffer.drop(4);
  add(buffer, "ghijklmnopq");
  EXPECT_EQ(buffer.view(), "efghijklmnopq");
}

TEST(InBuffer, MovesDownBeforeItGrows) {
  InBuffer buffer;
  add(buffer, "abcdef");
  const char* start = buffer.view().data();
  buffer.drop(4);
  add(buffer, "ghij");
  EXPECT_EQ(buffer.view(), "efghij");
  EXPECT_EQ(buffer.view().data(), start);
}

TEST(InBuffer, ReleasedBufferIsUsableAgain) {
  InBuffer buffer;
  add(buffer, "abc");
  buffer.release();
  EXPECT_EQ(buffer.view(), "abc");
  buffer.drop(3);
  buffer.release();
  EXPECT_TRUE(buffer.empty());
  add(buffer, "d");
  EXPECT_EQ(buffer.view(), "d");
}

}  // namespace
}  // namespace refrain::net
