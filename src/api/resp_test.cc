// Conversations as text: tests/golden/resp/<case>.txt. A line "> words" is a command, the lines
// "< text" behind it are the reply with CR LF written out; "tenants: table" asks for two tenants
// with the keys key-a and key-b. GOLDEN_UPDATE=1 rewrites the replies.
#include "api/resp.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/resp_probe.h"

namespace refrain::api {
namespace {

std::string shown(std::string_view bytes) {
  std::string out;
  std::string line;
  for (char c : bytes) {
    if (c == '\n') {
      out += "< " + line + "\\n\n";
      line.clear();
    } else if (c == '\r') {
      line += "\\r";
    } else {
      line += c;
    }
  }
  return line.empty() ? out : out + "< " + line + "\n";
}

// What the file would say if the door's replies were right.
std::string played(const std::string& file) {
  const bool table = file.find("tenants: table") != std::string::npos;
  RespProbe probe({.flush = true, .version = "test"},
                  table ? two_tenants() : key::Tenants::Options{});
  RespClient client = probe.client();
  std::string out;
  std::istringstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("< ")) continue;
    out += line + "\n";
    if (line == "wait 10 s") probe.values.clock.advance(std::chrono::seconds(10));
    if (line.starts_with("> ")) out += shown(client.ask_line(line.substr(2)));
  }
  return out;
}

TEST(RespGolden, ConversationsAreAsWritten) {
  std::size_t cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/golden/resp")) {
    std::ifstream in(entry.path());
    std::stringstream text;
    text << in.rdbuf();
    const std::string now = played(text.str());
    ++cases;
    if (std::getenv("GOLDEN_UPDATE") != nullptr) {
      std::ofstream(entry.path()) << now;
    } else {
      EXPECT_EQ(now, text.str()) << entry.path();
    }
  }
  EXPECT_GE(cases, 5U);
}

}  // namespace
}  // namespace refrain::api
