#include "llama/backend.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"

namespace refrain::llama {
namespace {

TEST(Backend, StartsTwiceWithoutHarm) {
  start_backend();
  start_backend();
}

TEST(Backend, FirstErrorIsKeptWhileCaptured) {
  ErrorCapture capture;
  keep_or_log("the cause");
  keep_or_log("a consequence");
  EXPECT_EQ(capture.first(), "the cause");
}

TEST(Backend, ErrorWithoutCaptureIsLogged) {
  std::string lines;
  base::log::set_sink([&](std::string_view line) { lines += line; });
  keep_or_log("lonely");
  base::log::set_sink(nullptr);
  EXPECT_THAT(lines, testing::HasSubstr("lonely"));
}

}  // namespace
}  // namespace refrain::llama
