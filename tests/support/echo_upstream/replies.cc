// Every answer is made of pieces: "gen-<n>", then " w1", " w2" and so on, so that a test can tell
// which request it belongs to, and that whole and streamed answers say the same.
#include "tests/support/echo_upstream/replies.h"

#include <algorithm>
#include <bit>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "json/value.h"

namespace refrain::echo {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kCreated = 1'700'000'000;
constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Request-Id: echo\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view kTool =
    R"("id":"call_1","type":"function","function":{"name":"lookup","arguments":)";
constexpr std::string_view kError =
    R"({"error":{"message":"echo was told to fail","type":"server_error","param":null,)"
    R"("code":"echo"}})";

enum class Shape : std::uint8_t { chat, completion, tgi };

// What one answer is about; small, as each open stream holds one.
struct Asked {
  Shape shape = Shape::chat;
  std::uint64_t n = 0;
  std::size_t events = 1, piece_bytes = 0;
  std::string model;
  bool usage = false, tools = false;
};

std::string piece(const Asked& asked, std::size_t index) {
  std::string text = index == 0 ? fmt::format("gen-{}", asked.n) : fmt::format(" w{}", index);
  if (text.size() < asked.piece_bytes) text.resize(asked.piece_bytes, 'x');
  return text;
}

std::string text(const Asked& asked) {
  std::string out;
  for (std::size_t i = 0; i < asked.events; ++i) out += piece(asked, i);
  return out;
}

std::string quoted(std::string_view raw) {
  std::string out;
  json::quote(raw, out);
  return out;
}

std::string usage(const Asked& asked) {
  return fmt::format(R"({{"prompt_tokens":5,"completion_tokens":{},"total_tokens":{}}})",
                     asked.events, asked.events + 5);
}

std::string whole_body(const Asked& asked) {
  if (asked.shape == Shape::tgi) {
    return fmt::format(R"({{"generated_text":{}}})", quoted(text(asked)));
  }
  std::string choice;
  if (asked.shape == Shape::completion) {
    choice = fmt::format(R"("text":{},"finish_reason":"stop")", quoted(text(asked)));
  } else if (asked.tools) {
    choice =
        fmt::format(R"("message":{{"role":"assistant","content":null,"tool_calls":[{{{}{}}}}}]}})"
                    R"(,"finish_reason":"tool_calls")",
                    kTool, quoted(fmt::format(R"({{"n":{}}})", asked.n)));
  } else {
    choice = fmt::format(R"("message":{{"role":"assistant","content":{}}},"finish_reason":"stop")",
                         quoted(text(asked)));
  }
  bool chat = asked.shape == Shape::chat;
  return fmt::format(
      R"({{"id":"{}-{}","object":"{}","created":{},"model":{},"choices":[{{"index":0,)"
      R"("logprobs":null,{}}}],"usage":{}}})",
      chat ? "chatcmpl" : "cmpl", asked.n, chat ? "chat.completion" : "text_completion", kCreated,
      quoted(asked.model), choice, usage(asked));
}

std::string sse(const std::string& data) { return "data: " + data + "\n\n"; }

std::string chunk_event(const Asked& asked, const std::string& choices, const std::string& more) {
  bool chat = asked.shape == Shape::chat;
  return sse(fmt::format(
      R"({{"id":"{}-{}","object":"{}","created":{},"model":{},"choices":[{}]{}}})",
      chat ? "chatcmpl" : "cmpl", asked.n, chat ? "chat.completion.chunk" : "text_completion",
      kCreated, quoted(asked.model), choices, more));
}

std::string tgi_event(const Asked& asked, std::size_t index) {
  bool last = index + 1 == asked.events;
  std::string end = "null,\"details\":null";
  if (last) {
    end = fmt::format(
        R"({},"details":{{"finish_reason":"length","generated_tokens":{},"seed":null}})",
        quoted(text(asked)), asked.events);
  }
  return fmt::format(
      "data:{{\"index\":{},\"token\":{{\"id\":{},\"text\":{},\"logprob\":-0.5,"
      "\"special\":false}},\"generated_text\":{}}}\n\n",
      index + 1, index + 1, quoted(piece(asked, index)), end);
}

// The event at `index` of a stream of `events` pieces; the last one also says why it ended.
std::string event(const Asked& asked, std::size_t index) {
  if (asked.shape == Shape::tgi) return tgi_event(asked, index);
  bool chat = asked.shape == Shape::chat;
  std::string out;
  std::string open = R"({"index":0,"delta":)";
  if (chat && index == 0) {
    out +=
        chunk_event(asked, open + R"({"role":"assistant","content":""},"finish_reason":null})", "");
  }
  std::string now = quoted(piece(asked, index));
  if (!chat) {
    out +=
        chunk_event(asked, fmt::format(R"({{"index":0,"text":{},"finish_reason":null}})", now), "");
  } else if (asked.tools) {
    std::string arguments = index == 0 ? fmt::format(R"({{"n":{})", asked.n) : "";
    if (index + 1 == asked.events) arguments += "}";
    std::string call = index == 0
                           ? fmt::format("{}{}}}", kTool, quoted(arguments))
                           : fmt::format(R"("function":{{"arguments":{}}})", quoted(arguments));
    out += chunk_event(
        asked,
        fmt::format(R"({}{{"tool_calls":[{{"index":0,{}}}]}},"finish_reason":null}})", open, call),
        "");
  } else {
    out += chunk_event(asked,
                       fmt::format(R"({}{{"content":{}}},"finish_reason":null}})", open, now), "");
  }
  if (index + 1 < asked.events) return out;
  std::string why = asked.tools ? "tool_calls" : "stop";
  out += chunk_event(asked,
                     chat ? fmt::format(R"({}{{}},"finish_reason":"{}"}})", open, why)
                          : R"({"index":0,"text":"","finish_reason":"stop"})",
                     "");
  if (asked.usage) out += chunk_event(asked, "", ",\"usage\":" + usage(asked));
  return out + "data: [DONE]\n\n";
}

std::string chunked(std::string_view bytes) {
  return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

Reply once(std::string bytes, milliseconds delay, After after = After::keep) {
  return [step = Step{std::move(bytes), delay, true, after}]() mutable { return std::move(step); };
}

// stop_at: after so many events it goes no further, and does `after`.
Reply stream(Asked asked, const Settings& settings, std::size_t stop_at = SIZE_MAX,
             After after = After::keep) {
  return [asked = std::move(asked), delay = settings.delay, interval = settings.interval, stop_at,
          after, index = std::size_t{0}]() mutable {
    Step step{"", index == 0 ? delay : interval, false, After::keep};
    if (index == 0) step.bytes = kStreamHead;
    step.bytes += chunked(event(asked, index++));
    if (index >= stop_at) {
      step.last = true;
      step.after = after;
    } else if (index >= asked.events) {
      step.bytes += "0\r\n\r\n";
      step.last = true;
    }
    return step;
  };
}

Reply split_bytes(const Asked& asked, milliseconds delay) {
  std::string all;
  for (std::size_t i = 0; i < asked.events; ++i) all += event(asked, i);
  return [all = std::move(all), delay, index = std::size_t{0}]() mutable {
    Step step{"", index == 0 ? delay : milliseconds(0), false, After::keep};
    if (index == 0) step.bytes = kStreamHead;
    step.bytes += chunked(std::string_view(all).substr(index++, 1));
    step.last = index == all.size();
    if (step.last) step.bytes += "0\r\n\r\n";
    return step;
  };
}

// A vector that depends on the text alone; not unit length, as many servers do.
std::vector<float> vector_of(std::string_view input) {
  std::vector<float> out(8);
  std::uint32_t state = 2'166'136'261U;
  for (char c : input) state = (state ^ static_cast<unsigned char>(c)) * 16'777'619U;
  for (float& value : out) {
    state = state * 1'664'525U + 1'013'904'223U;
    value = static_cast<float>(state >> 8) / 8'388'608.0F - 1.0F;
  }
  return out;
}

std::string base64(std::span<const float> values) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static_assert(std::endian::native == std::endian::little);
  std::string_view bytes(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      bool filled = i + j <= bytes.size();
      out += filled ? kDigits[(group >> (18 - 6 * j)) & 63U] : '=';
    }
  }
  return out;
}

std::string embeddings(const json::Value& body) {
  std::vector<std::string> inputs;
  const json::Value* input = body.find("input");
  if (input != nullptr && input->array() != nullptr && !input->array()->empty() &&
      !input->array()->front().is_number()) {
    for (const json::Value& item : *input->array()) {
      inputs.push_back(item.is_string() ? *item.string() : json::write(item));
    }
  } else if (input != nullptr) {
    inputs.push_back(input->is_string() ? *input->string() : json::write(*input));
  }
  bool packed = body.text("encoding_format") == "base64";
  std::string items;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    std::vector<float> values = vector_of(inputs[i]);
    items +=
        fmt::format(R"({}{{"object":"embedding","index":{},"embedding":{}}})", i ? "," : "", i,
                    packed ? quoted(base64(values)) : fmt::format("[{}]", fmt::join(values, ",")));
  }
  return fmt::format(R"({{"object":"list","data":[{}],"model":{},"usage":{{"prompt_tokens":{},)"
                     R"("total_tokens":{}}}}})",
                     items, quoted(body.text("model")), inputs.size() * 4, inputs.size() * 4);
}

// The replies of requests that ask for trouble; nullopt for all others.
std::optional<Reply> trouble(const Request& request, const Asked& asked, bool streams,
                             const Settings& settings) {
  auto has = [&](std::string_view mark) { return request.body.find(mark) != std::string::npos; };
  std::string json_type = "Content-Type: application/json\r\n";
  std::string error(kError);
  if (has("[[429]]")) {
    return once(whole(429, error, json_type + "Retry-After: 7\r\nX-RateLimit-Remaining: 0\r\n"),
                settings.delay);
  }
  if (has("[[500]]")) return once(whole(500, error, json_type), settings.delay);
  Asked longer = asked;
  longer.events = std::max<std::size_t>(asked.events, 3);
  if (has("[[stall]]")) {
    return streams ? stream(longer, settings, 1, After::stall)
                   : once("", settings.delay, After::stall);
  }
  if (has("[[cut]]") && streams) return stream(longer, settings, 2, After::close);
  std::string body = whole_body(asked);
  if (has("[[cut]]")) {
    std::string bytes = whole(200, body, json_type);
    return once(bytes.substr(0, bytes.size() - body.size() / 2), settings.delay, After::close);
  }
  if (has("[[wrong-length]]")) {
    std::string type = "Content-Type: text/event-stream\r\n";
    if (streams) body = event({asked.shape, asked.n, 1, 0, asked.model, false, false}, 0);
    return once(fmt::format("HTTP/1.1 200 OK\r\n{}Content-Length: {}\r\n\r\n{}",
                            streams ? type : json_type, body.size() + 50, body),
                settings.delay, After::close);
  }
  if (has("[[error200]]")) {
    if (!streams) return once(whole(200, error, json_type), settings.delay);
    return once(
        std::string(kStreamHead) + chunked(event(longer, 0)) + chunked(sse(error)) + "0\r\n\r\n",
        settings.delay);
  }
  if (has("[[split-bytes]]") && streams) return split_bytes(longer, settings.delay);
  return std::nullopt;
}

}  // namespace

std::string whole(int status, const std::string& body, const std::string& headers) {
  return fmt::format("HTTP/1.1 {} Echo\r\nX-Request-Id: echo\r\n{}Content-Length: {}\r\n\r\n{}",
                     status, headers, body.size(), body);
}

Reply reply_to(const Request& request, const Settings& given, std::uint64_t n) {
  std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  std::string json_type = "Content-Type: application/json\r\n";
  auto body = json::parse(request.body, {64, json::Duplicates::keep_last});
  if (!body || !body->is_object()) {
    return once(
        whole(400, R"({"error":{"message":"no JSON object","type":"invalid_request_error"}})",
              json_type),
        milliseconds(0));
  }
  auto has = [&](std::string_view mark) { return request.body.find(mark) != std::string::npos; };
  Settings settings = given;
  Asked asked;
  asked.n = n;
  asked.model = body->text("model").empty() ? "echo-model" : body->text("model");
  asked.tools = has("[[tools]]");
  if (asked.tools) settings.events = std::max<std::size_t>(settings.events, 2);
  if (has("[[slow]]")) settings = {milliseconds(300), milliseconds(50), 20, given.answer_bytes};
  asked.events = std::max<std::size_t>(settings.events, 1);
  asked.piece_bytes = settings.answer_bytes / asked.events;
  const json::Value* flag = body->find("stream");
  bool streams = flag != nullptr && flag->boolean() != nullptr && *flag->boolean();
  const json::Value* options = body->find("stream_options");
  const json::Value* shows = options != nullptr ? options->find("include_usage") : nullptr;
  asked.usage = shows != nullptr && shows->boolean() != nullptr && *shows->boolean();

  if (path == "/v1/embeddings")
    return once(whole(200, embeddings(*body), json_type), settings.delay);
  if (path == "/v1/completions") {
    asked.shape = Shape::completion;
  } else if (path == "/generate" || path == "/" || path == "/generate_stream") {
    asked.shape = Shape::tgi;
    streams = path == "/generate_stream" || (path == "/" && streams);
  } else if (path != "/v1/chat/completions") {
    return once(whole(404, R"({"error":{"message":"no such path","type":"not_found"}})", json_type),
                milliseconds(0));
  }
  if (auto failing = trouble(request, asked, streams, settings)) return std::move(*failing);
  if (streams) return stream(std::move(asked), settings);
  return once(whole(200, whole_body(asked), json_type), settings.delay);
}

}  // namespace refrain::echo
