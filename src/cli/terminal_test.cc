#include "cli/terminal.h"

#include <fcntl.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace refrain::cli {
namespace {

using testing::HasSubstr;

TEST(Terminal, DurationsReadLikePeopleSayThem) {
  EXPECT_EQ(duration_text(2.4), "2 s");
  EXPECT_EQ(duration_text(190), "3 min 10 s");
  EXPECT_EQ(duration_text(3720), "1 h 2 min");
}

TEST(Terminal, ProgressTellsWhatIsDoneAndWhatIsLeft) {
  EXPECT_EQ(progress_text("embedded", 20, 80, 4), "embedded: 20 of 80 (25 %), 12 s left");
  EXPECT_EQ(progress_text("embedded", 0, 80, 4), "embedded: 0 of 80 (0 %), ? left");
}

TEST(Terminal, ElsewhereThereAreNeitherColoursNorProgress) {
  testing::internal::CaptureStderr();
  {
    Progress progress("embedded", 10);
    progress.set(5);
    EXPECT_EQ(coloured("OK", "32"), "OK");
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

// stderr is a pseudo-terminal while this lives.
class PseudoTerminal {
 public:
  PseudoTerminal() : master_(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)), saved_(dup(2)) {
    if (master_ < 0 || grantpt(master_) != 0 || unlockpt(master_) != 0) return;
    int slave = open(ptsname(master_), O_RDWR | O_NOCTTY);
    opened_ = slave >= 0 && dup2(slave, 2) == 2;
    close(slave);
  }
  ~PseudoTerminal() {
    dup2(saved_, 2);
    close(saved_);
    close(master_);
  }
  bool opened() const { return opened_; }
  std::string read() const {
    std::array<char, 4096> bytes{};
    ssize_t got = ::read(master_, bytes.data(), bytes.size());
    return std::string(bytes.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  }

 private:
  int master_, saved_;
  bool opened_ = false;
};

TEST(Terminal, OnATerminalThereAreBothUnlessNoColorIsSet) {
  PseudoTerminal terminal;
  // Some sandboxes mount no /dev/pts; what is printed without a terminal is tested all the same.
  if (!terminal.opened()) GTEST_SKIP() << "this machine gives no pseudo-terminal";
  unsetenv("NO_COLOR");
  EXPECT_EQ(coloured("OK", "32"), "\x1b[32mOK\x1b[0m");
  Progress("embedded", 10).set(5);
  EXPECT_THAT(terminal.read(), HasSubstr("embedded: 5 of 10 (50 %)"));
  setenv("NO_COLOR", "1", 1);
  EXPECT_EQ(coloured("OK", "32"), "OK");
  unsetenv("NO_COLOR");
}

}  // namespace
}  // namespace refrain::cli
