// Reading a request checks only what the cache itself has to know: who is asked (model), whether
// the answer is streamed, which words would be embedded, and whether those words can stand for the
// whole question. Everything else is the upstream's to judge. The body that goes on is therefore
// the client's own bytes; where usage has to be asked for, the option is spliced in before the
// closing brace, and only where the client sent stream_options of its own the body is written anew.
#include <algorithm>
#include <array>
#include <optional>

#include "wire/checks.h"
#include "wire/headers.h"
#include "wire/openai.h"

namespace refrain::wire::openai {
namespace {

using base::Result;

/// Parts whose meaning lies in the text or in the key; all others make a request exact only.
constexpr auto kPlainParts = std::to_array<std::string_view>({"text", "image_url", "refusal"});

std::string path_of(std::size_t message, std::string_view member = {}) {
  std::string path = "messages[" + std::to_string(message) + "]";
  if (!member.empty()) path += "." + std::string(member);
  return path;
}

/// Appends the text parts of a message's content.
void add_text(const json::Value& content, std::string& out) {
  if (const std::string* text = content.string()) out += *text;
  const json::Array* parts = content.array();
  if (parts == nullptr) return;
  bool first = true;
  for (const json::Value& part : *parts) {
    if (part.text("type") != "text") continue;
    if (!first) out += '\n';
    first = false;
    out += part.text("text");
  }
}

bool plain(const json::Value& content) {
  const json::Array* parts = content.array();
  return parts == nullptr || std::ranges::all_of(*parts, [](const json::Value& part) {
    return std::ranges::find(kPlainParts, part.text("type")) != kPlainParts.end();
  });
}

bool forces_tool(const json::Value& body) {
  const json::Value* choice = body.find("tool_choice");
  const json::Value* legacy = body.find("function_call");
  return body.text("tool_choice") == "required" || (choice != nullptr && choice->is_object()) ||
         (legacy != nullptr && legacy->is_object());
}

Result<> read_messages(chat::Request& request) {
  const json::Value* member = request.body.find("messages");
  if (member == nullptr || !member->is_array()) return wrong("messages", "an array", member);
  const json::Array& messages = *member->array();
  const json::Value* last_user = nullptr;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (!messages[i].is_object()) return wrong(path_of(i), "an object", &messages[i]);
    const json::Value* role = messages[i].find("role");
    if (role == nullptr || !role->is_string()) return wrong(path_of(i, "role"), "a string", role);
    const json::Value* content = messages[i].find("content");
    if (content != nullptr && !plain(*content)) request.exact_only = true;
    if (*role->string() == "user") last_user = &messages[i];
  }
  if (last_user != nullptr) {
    const json::Value* content = last_user->find("content");
    if (content != nullptr) add_text(*content, request.text);
  }
  if (last_user == nullptr || last_user != &messages.back()) request.exact_only = true;
  if (forces_tool(request.body)) request.exact_only = true;
  return {};
}

Result<> read_prompt(chat::Request& request) {
  const json::Value* prompt = request.body.find("prompt");
  if (prompt != nullptr && prompt->is_string()) {
    request.text = *prompt->string();
    return {};
  }
  request.exact_only = true;
  if (prompt != nullptr && !prompt->is_null() && !prompt->is_array()) {
    return wrong("prompt", "a string or an array", prompt);
  }
  return {};
}

Result<> read_input(chat::Request& request) {
  request.exact_only = true;
  const json::Value* input = request.body.find("input");
  if (input == nullptr || (!input->is_string() && !input->is_array())) {
    return wrong("input", "a string or an array", input);
  }
  if (input->is_string()) request.text = *input->string();
  return {};
}

Result<> read_dialect(chat::Request& request) {
  switch (request.dialect) {
    case chat::Dialect::openai_chat: return read_messages(request);
    case chat::Dialect::openai_completion: return read_prompt(request);
    case chat::Dialect::openai_embedding: return read_input(request);
    case chat::Dialect::tgi:
    case chat::Dialect::gkv: break;
  }
  return base::fail(base::Code::internal, "openai: dialect " +
                                              std::string(chat::name(request.dialect)) +
                                              " is read by another reader");
}

bool litellm_cache(const json::Value& body) {
  const json::Value* cache = body.find("cache");
  return cache != nullptr && cache->is_object();
}

}  // namespace

Result<chat::Request> read_request(chat::Dialect dialect, std::string_view body,
                                   const chat::Headers& headers) {
  chat::Request request;
  request.dialect = dialect;
  TRY(value, read_object(body));
  request.body = std::move(value);
  const json::Value* model = request.body.find("model");
  if (model != nullptr && !model->is_string() && !model->is_null()) {
    return wrong("model", "a string", model);
  }
  request.model = request.body.text("model");
  TRY(streams, read_flag(request.body, "stream"));
  request.wants_stream = streams;
  if (const json::Value* options = request.body.find("stream_options")) {
    const json::Value* usage = options->find("include_usage");
    request.wants_usage = usage != nullptr && usage->is_bool() && *usage->boolean();
  }
  TRY_DO(read_dialect(request));
  request.pass = travelling(headers);
  return request;
}

std::string_view param_of(const base::Error& error) noexcept {
  std::string_view what = error.what;
  if (!what.starts_with('\'')) return {};
  what.remove_prefix(1);
  std::size_t end = what.find('\'');
  return end == std::string_view::npos ? std::string_view{} : what.substr(0, end);
}

std::string upstream_body(const chat::Request& request, std::string_view raw, StreamUsage usage) {
  const json::Value* options = request.body.find("stream_options");
  // Options of a wrong type are the upstream's to refuse.
  bool open = options == nullptr || options->is_null() || options->is_object();
  bool asks =
      usage == StreamUsage::always && request.wants_stream && !request.wants_usage && open;
  bool strips = litellm_cache(request.body);
  if (!asks && !strips) return std::string(raw);
  std::size_t brace = raw.rfind('}');
  if (!strips && options == nullptr && brace != std::string_view::npos) {
    std::string out;
    constexpr std::string_view kOptions = ",\"stream_options\":{\"include_usage\":true}";
    out.reserve(raw.size() + kOptions.size());
    out += raw.substr(0, brace);
    out += kOptions;
    out += raw.substr(brace);
    return out;
  }
  json::Value body = request.body;
  if (strips) body.remove("cache");
  if (asks) {
    json::Value wanted = options != nullptr ? *options : json::Value();
    wanted.set("include_usage", true);
    body.set("stream_options", std::move(wanted));
  }
  return json::write(body);
}

}  // namespace refrain::wire::openai
