#include "app/serve_command.h"

#include <csignal>

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "tests/support/scripted_server.h"

namespace refrain::app {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

struct ServeTest : testing::Test {
  int run(std::map<std::string, std::vector<std::string>> flags) {
    flags["data-dir"] = {":memory:"};
    flags["embedder"] = {"off"};
    flags["log-level"] = {"off"};
    Sources sources;
    sources.flags = std::move(flags);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    int status = serve(*layer(sources));
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr();
    base::log::set_level(base::log::Level::info);
    return status;
  }
  std::string out, err;
};

TEST_F(ServeTest, ASettingThatIsWrongIsTwoAndOneLine) {
  EXPECT_EQ(run({{"ttl", {"tomorrow"}}}), 2);
  EXPECT_THAT(err, MatchesRegex("refrain: setting 'ttl' is 'tomorrow' .*\n"));
}

TEST_F(ServeTest, ABusyPortIsTwo) {
  test::Listener busy;
  EXPECT_EQ(run({{"listen", {"127.0.0.1:" + std::to_string(busy.port())}}}), 2);
  EXPECT_THAT(err, HasSubstr("in use"));
}

TEST_F(ServeTest, SigtermDrainsAndEndsWellAfterTheLineThatScriptsRead) {
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, nullptr);
  kill(getpid(), SIGTERM);  // waits until serve takes it
  EXPECT_EQ(run({{"listen", {"127.0.0.1:0", "[::1]:0"}}}), 0);
  EXPECT_THAT(out, MatchesRegex("refrain 0[.]1[.]0 listens on http://127[.]0[.]0[.]1:[0-9]+\n"
                                "refrain 0[.]1[.]0 listens on http://\\[::1\\]:[0-9]+\n"));
}

}  // namespace
}  // namespace refrain::app
