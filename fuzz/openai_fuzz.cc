// Whatever a client or an upstream sends, the readers answer with a value or an error, and what
// they read is rendered as JSON without duplicate names. The first byte chooses the reader; for
// streams the rest is one chunk a line.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/check.h"
#include "wire/embeddings.h"
#include "wire/gkv.h"
#include "wire/openai.h"
#include "wire/sse.h"
#include "wire/tgi.h"

namespace chat = refrain::chat;
namespace json = refrain::json;
namespace wire = refrain::wire;
namespace openai = refrain::wire::openai;
namespace tgi = refrain::wire::tgi;

namespace {

void expect_json(std::string_view text) {
  CHECK(json::parse(text, {.depth_max = 80}), "a rendered body is no JSON");
}

void expect_stream(std::string_view text) {
  wire::SseParser parser;
  auto events = parser.feed(text);
  CHECK(events, "a rendered stream is too large");
  for (const wire::SseEvent& event : *events) expect_json(event.data);
}

void render_openai(const chat::Answer& answer) {
  expect_json(openai::render_reply(answer, {"id", 1}));
  std::string out;
  for (const auto& event : openai::stream_of(answer)) {
    openai::render_chunk(*event, {"id", 1}, {answer.origin, openai::ShowUsage::yes}, out);
  }
  expect_stream(out);
}

void render_tgi(const chat::Answer& answer) {
  tgi::RenderOptions options;
  options.origin = answer.origin;
  options.details = true;
  expect_json(tgi::render_reply(answer, options));
  tgi::StreamWriter writer(options);
  std::string out;
  for (const auto& event : answer.events) writer.event(*event, out);
  writer.finish(out);
  expect_stream(out);
}

void render(const chat::Answer& answer) {
  if (answer.events.empty()) return;
  if (answer.origin != chat::Origin::tgi) render_openai(answer);
  if (answer.origin != chat::Origin::openai_chat) render_tgi(answer);
  auto stored = chat::decode(chat::encode(answer));
  CHECK(stored && stored->events.size() == answer.events.size(), "an answer is lost when stored");
}

void whole(chat::Origin origin, std::string_view text) {
  auto read =
      origin == chat::Origin::tgi ? tgi::read_reply(text) : openai::read_reply(origin, text);
  if (read && std::holds_alternative<chat::Answer>(*read)) render(std::get<chat::Answer>(*read));
}

void stream(chat::Origin origin, std::string_view text) {
  openai::ChunkReader reader(origin);
  chat::Answer answer{origin, chat::Delivery::stream, {}};
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    auto read = origin == chat::Origin::tgi ? tgi::read_chunk(text.substr(0, end))
                                            : reader.read(text.substr(0, end));
    if (read && read->index() == 0) answer.events.push_back(std::get<0>(*read));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  render(answer);
}

void request(chat::Dialect dialect, std::string_view text) {
  auto read = openai::read_request(dialect, text, {});
  if (!read) return;
  expect_json(openai::upstream_body(*read, text, openai::StreamUsage::always));
  if (dialect != chat::Dialect::openai_embedding) return;
  auto inputs = openai::embedding_inputs(*read);
  if (!inputs) return;
  expect_json(openai::upstream_embeddings_body(*read, inputs->items));
  for (const json::Value& item : inputs->items) {
    expect_json(json::write(openai::item_request(*read, item).body));
  }
}

void generate(const chat::Request& read) {
  expect_json(tgi::upstream_body(read));
  auto body = tgi::completion_body(read, "m", openai::StreamUsage::always);
  if (body) expect_json(*body);
}

void embeddings(std::string_view text) {
  std::vector<json::Value> items{"a", "bb"};
  auto read = openai::read_embeddings(text, items);
  if (!read || read->index() != 0) return;
  std::vector<const chat::Answer*> all;
  for (const chat::Answer& answer : std::get<0>(*read)) all.push_back(&answer);
  expect_json(openai::render_embeddings(all));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr unsigned kReaders = 11;
  switch (data[0] % kReaders) {
    case 0: whole(chat::Origin::openai_chat, text); break;
    case 1: whole(chat::Origin::openai_completion, text); break;
    case 2: stream(chat::Origin::openai_chat, text); break;
    case 3: whole(chat::Origin::tgi, text); break;
    case 4: stream(chat::Origin::tgi, text); break;
    case 5: request(chat::Dialect::openai_chat, text); break;
    case 6: request(chat::Dialect::openai_completion, text); break;
    case 7: request(chat::Dialect::openai_embedding, text); break;
    case 8:
      if (auto read = tgi::read_request(tgi::Route::root, text, {})) generate(*read);
      break;
    case 9: {
      auto read = wire::gkv::read_request(text, {});
      if (read && read->index() == 0) generate(std::get<0>(*read).chat);
      break;
    }
    default: embeddings(text); break;
  }
  return 0;
}
