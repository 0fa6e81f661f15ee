// Conversations as text: tests/golden/wire/<api>/<case>.txt. A file has "name: value" lines, then
// sections that begin with "=== name". The section "upstream" is what the model's server sent; the
// others are what clients of each kind get, and are rewritten by GOLDEN_UPDATE=1.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "wire/openai.h"
#include "wire/sse.h"
#include "wire/tgi.h"

namespace refrain::wire {
namespace {

using chat::Answer;
using chat::Origin;
using Sections = std::vector<std::pair<std::string, std::string>>;

struct Case {
  Origin origin = Origin::openai_chat;
  chat::Delivery delivery = chat::Delivery::stream;
  std::string header, upstream;
  Sections expected;
};

/// What was read of the upstream section.
struct Read {
  Answer answer;
  bool done = false;
  std::string error;
};

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Case load(const std::filesystem::path& path) {
  Case out;
  std::istringstream lines(slurp(path));
  std::string* section = &out.header;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("=== ")) {
      std::string name = line.substr(4);
      if (name != "upstream") out.expected.emplace_back(name, "");
      section = name == "upstream" ? &out.upstream : &out.expected.back().second;
    } else {
      *section += line + "\n";
    }
  }
  if (out.header.find("origin: completion") != std::string::npos) {
    out.origin = Origin::openai_completion;
  }
  if (out.header.find("origin: tgi") != std::string::npos) out.origin = Origin::tgi;
  if (out.header.find("delivery: whole") != std::string::npos) {
    out.delivery = chat::Delivery::whole;
  }
  return out;
}

template <class Variant>
void take(base::Result<Variant> read, Read& out) {
  ASSERT_TRUE(read) << read.error().what;
  if (const auto* error = std::get_if<openai::ErrorObject>(&*read)) {
    out.error = error->message;
  } else if constexpr (std::is_same_v<std::variant_alternative_t<0, Variant>, Answer>) {
    out.answer = std::get<0>(*read);
  } else {
    out.answer.events.push_back(std::get<0>(*read));
  }
}

Read read_stream(const Case& one, std::size_t piece) {
  Read out;
  out.answer = {one.origin, chat::Delivery::stream, {}};
  SseParser parser;
  openai::ChunkReader reader(one.origin);
  for (std::size_t at = 0; at < one.upstream.size(); at += piece) {
    auto events = parser.feed(std::string_view(one.upstream).substr(at, piece));
    EXPECT_TRUE(events);
    for (const SseEvent& event : events ? *events : std::vector<SseEvent>{}) {
      if (is_done(event.data)) {
        out.done = true;
      } else if (one.origin == Origin::tgi) {
        take(tgi::read_chunk(event.data), out);
      } else {
        take(reader.read(event.data), out);
      }
    }
  }
  EXPECT_EQ(parser.finish(), std::nullopt);
  return out;
}

Read read_upstream(const Case& one, std::size_t piece) {
  if (one.delivery == chat::Delivery::stream) return read_stream(one, piece);
  Read out;
  if (one.origin == Origin::tgi) {
    take(tgi::read_reply(one.upstream), out);
  } else {
    take(openai::read_reply(one.origin, one.upstream), out);
  }
  return out;
}

std::string openai_stream(const Read& read, openai::ShowUsage usage) {
  const Answer& answer = read.answer;
  std::string out;
  for (const auto& event : openai::stream_of(answer)) {
    openai::render_chunk(*event, {"fresh-1", 1700000000}, {answer.origin, usage}, out);
  }
  if (read.done || answer.delivery == chat::Delivery::whole) return out.append(kDone);
  std::string cause = read.error.empty() ? "the stream was cut" : read.error;
  return out + openai::error_event({cause, "server_error", "", ""});
}

std::string tgi_stream(const Answer& answer, bool details) {
  tgi::RenderOptions options;
  options.origin = answer.origin;
  options.details = details;
  tgi::StreamWriter writer(options);
  std::string out;
  for (const auto& event : answer.events) writer.event(*event, out);
  writer.finish(out);
  return out;
}

std::string tgi_whole(const Answer& answer, tgi::Route route, bool details) {
  tgi::RenderOptions options;
  options.origin = answer.origin;
  options.details = details;
  options.route = route;
  return tgi::render_reply(answer, options) + "\n";
}

/// Everything that clients can get of this answer.
Sections render(const Read& read) {
  Sections out;
  if (!read.error.empty()) out.emplace_back("error", read.error + "\n");
  const Answer& answer = read.answer;
  if (answer.events.empty()) return out;
  // What has not ended is never wanted whole.
  bool ended = answer.origin == Origin::tgi ? tgi::terminal(answer) : openai::terminal(answer);
  out.emplace_back("terminal", ended ? "yes\n" : "no\n");
  if (answer.origin != Origin::tgi) {
    out.emplace_back("stream", openai_stream(read, openai::ShowUsage::no));
    out.emplace_back("stream with usage", openai_stream(read, openai::ShowUsage::yes));
    std::string whole = openai::render_reply(answer, {"fresh-1", 1700000000}) + "\n";
    if (ended) out.emplace_back("whole", std::move(whole));
  }
  if (answer.origin != Origin::openai_chat) {
    out.emplace_back("tgi stream", tgi_stream(answer, false));
    out.emplace_back("tgi stream with details", tgi_stream(answer, true));
    if (!ended) return out;
    out.emplace_back("tgi whole", tgi_whole(answer, tgi::Route::generate, false));
    out.emplace_back("tgi root with details", tgi_whole(answer, tgi::Route::root, true));
  }
  return out;
}

std::vector<std::filesystem::path> cases() {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("tests/golden/wire")) {
    if (entry.path().extension() == ".txt") out.push_back(entry.path());
  }
  std::ranges::sort(out);
  return out;
}

void rewrite(const std::filesystem::path& path, const Case& one, const Sections& sections) {
  std::ofstream file(path, std::ios::binary);
  file << one.header << "=== upstream\n" << one.upstream;
  for (const auto& [name, text] : sections) file << "=== " << name << "\n" << text;
}

TEST(Golden, ConversationsAreRenderedAsRecorded) {
  ASSERT_GE(cases().size(), 20U);
  for (const auto& path : cases()) {
    SCOPED_TRACE(path.string());
    Case one = load(path);
    Sections sections = render(read_upstream(one, one.upstream.size()));
    if (std::getenv("GOLDEN_UPDATE") != nullptr) {
      rewrite(path, one, sections);
    } else {
      EXPECT_EQ(sections, one.expected);
    }
  }
}

TEST(Golden, SplitAtEveryByteChangesNothing) {
  for (const auto& path : cases()) {
    SCOPED_TRACE(path.string());
    Case one = load(path);
    Read whole = read_upstream(one, one.upstream.size());
    for (std::size_t piece : {1U, 2U, 3U, 7U}) {
      Read split = read_upstream(one, piece);
      EXPECT_EQ(render(split), render(whole)) << piece;
      EXPECT_EQ(split.done, whole.done);
    }
  }
}

TEST(Golden, StoredAnswersAreRenderedByteForByte) {
  for (const auto& path : cases()) {
    SCOPED_TRACE(path.string());
    Case one = load(path);
    Read read = read_upstream(one, one.upstream.size());
    if (read.answer.events.empty()) continue;
    auto stored = chat::decode(chat::encode(read.answer));
    ASSERT_TRUE(stored) << stored.error().what;
    EXPECT_EQ(render({*stored, read.done, read.error}), render(read));
  }
}

TEST(Golden, EveryRenderedBodyIsJsonWithoutDuplicates) {
  for (const auto& path : cases()) {
    SCOPED_TRACE(path.string());
    Case one = load(path);
    for (const auto& [name, text] : render(read_upstream(one, one.upstream.size()))) {
      if (name == "error" || name == "terminal") continue;
      if (text.starts_with("data:")) {
        SseParser parser;
        auto events = parser.feed(text);
        ASSERT_TRUE(events);
        for (const SseEvent& event : *events) {
          EXPECT_TRUE(is_done(event.data) || json::parse(event.data)) << name << event.data;
        }
      } else {
        EXPECT_TRUE(json::parse(text)) << name << text;
      }
    }
  }
}

}  // namespace
}  // namespace refrain::wire
