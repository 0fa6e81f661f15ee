#include "wire/multicache.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/base64.h"
#include "wire/checks.h"

namespace refrain::wire::multicache {
namespace {

using json::Value;
using modelcache::Fault;
using modelcache::Kind;
namespace code = modelcache::code;
template <class T>
using Read = std::expected<T, Fault>;

constexpr std::size_t kTextsMax = 1000;

std::unexpected<Fault> wrong_member(std::string_view path, std::string_view wanted,
                                    const Value* value) {
  return std::unexpected(Fault{code::kInsertEmbedder, wrong(path, wanted, value).error().what});
}
std::unexpected<Fault> refused(std::string what) {
  return std::unexpected(Fault{code::kInsertEmbedder, std::move(what)});
}

Read<std::string> optional_text(const Value& query, std::string_view name) {
  const Value* value = query.find(name);
  if (value == nullptr || value->is_null()) return std::string();
  if (!value->is_string()) return wrong_member(name, "a string", value);
  return *value->string();
}

Read<std::string> read_texts(const Value* list) {
  if (list == nullptr || list->is_null()) return std::string();
  if (list->is_string()) return *list->string();
  if (!list->is_array() || list->array()->size() > kTextsMax) {
    return wrong_member("text", fmt::format("a list of at most {} strings", kTextsMax), list);
  }
  std::string out;
  for (const Value& item : *list->array()) {
    if (!item.is_string()) return wrong_member("text", "a list of strings", &item);
    if (&item != &list->array()->front()) out += "###";
    out += *item.string();
  }
  return out;
}

// base64, or a data URL that holds it.
Read<std::string> read_bytes(std::string_view raw) {
  constexpr std::string_view kMark = ";base64,";
  if (raw.starts_with("data:")) {
    const std::size_t mark = raw.find(kMark);
    if (mark == std::string_view::npos) return refused("imageRaw is a data URL without base64");
    raw.remove_prefix(mark + kMark.size());
  }
  if (std::optional<std::string> bytes = base::from_base64(raw)) return std::move(*bytes);
  return refused("imageRaw is no base64");
}

Read<Question> read_question(const Value* query) {
  if (query == nullptr || !query->is_object()) return wrong_member("query", "an object", query);
  Question out;
  auto text = read_texts(query->find("text"));
  auto raw = optional_text(*query, "imageRaw");
  auto url = optional_text(*query, "imageUrl");
  auto id = optional_text(*query, "imageId");
  auto type = optional_text(*query, "multiType");
  for (const auto* part : {&text, &raw, &url, &id, &type}) {
    if (!*part) return std::unexpected(part->error());
  }
  if (!raw->empty() && !url->empty()) return refused("imageRaw and imageUrl are both set");
  const bool has_image = !raw->empty() || !url->empty() || !id->empty();
  if (*type != "" && *type != "TEXT" && *type != "IMG_TEXT") {
    return refused(fmt::format("multiType is '{}': TEXT and IMG_TEXT are allowed", *type));
  }
  const bool with_image = *type == "IMG_TEXT" || (type->empty() && has_image);
  out.modality = with_image ? Modality::image_and_text : Modality::text;
  if (with_image && !has_image) return refused("IMG_TEXT without imageRaw, imageUrl or imageId");
  if (!with_image && text->empty()) return refused("a TEXT query without text");
  out.text = std::move(*text);
  out.image_url = std::move(*url);
  out.image_id = std::move(*id);
  if (with_image && !raw->empty()) {
    auto bytes = read_bytes(*raw);
    if (!bytes) return std::unexpected(bytes.error());
    out.image_raw = std::move(*bytes);
  }
  return out;
}

Read<Request> read_insert(const Value& body, Request request) {
  const Value* list = body.find("chat_info");
  if (list == nullptr || !list->is_array() || list->array()->empty() ||
      list->array()->size() > modelcache::kInsertMax) {
    return wrong_member("chat_info",
                        fmt::format("a list of 1 to {} entries", modelcache::kInsertMax), list);
  }
  for (const Value& item : *list->array()) {
    auto query = read_question(item.find("query"));
    if (!query) return std::unexpected(query.error());
    const Value* answer = item.find("answer");
    if (answer == nullptr || !answer->is_string()) {
      return wrong_member("answer", "a string", answer);
    }
    request.answers.push_back({std::move(*query), *answer->string()});
  }
  return request;
}

Read<Request> read_object(Value body) {
  // The kind has two names, and what both dialects share is read by one reader.
  if (const Value* kind = body.find("request_type")) body.set("type", Value(*kind));
  const std::string_view kind = body.text("type");
  if (kind == "query" || kind == "insert") {
    Value plain = body;
    plain.set("type", "register");
    auto scope = modelcache::read_value(plain);
    if (!scope) return refused(scope.error().what);
    Request request;
    request.model = std::move(scope->model);
    if (kind == "insert") {
      request.kind = Kind::insert;
      return read_insert(body, std::move(request));
    }
    auto query = read_question(body.find("query"));
    if (!query) return std::unexpected(query.error());
    request.query = std::move(*query);
    return request;
  }
  auto plain = modelcache::read_value(body);
  if (!plain) return std::unexpected(plain.error());
  Request request;
  request.kind = plain->kind;
  request.model = std::move(plain->model);
  request.remove_type = std::move(plain->remove_type);
  request.ids = std::move(plain->ids);
  return request;
}

}  // namespace

Read<Request> read_request(std::string_view body) {
  base::Result<Value> value = json::parse(body);
  if (value && value->is_string()) {
    const std::string inner = *value->string();
    value = json::parse(inner);
  }
  if (!value) return std::unexpected(Fault{code::kBadJson, value.error().what});
  if (!value->is_object()) return wrong_member("body", "an object", &*value);
  return read_object(std::move(*value));
}

Value shown(const Question& question) {
  return json::Object{{"image_url", question.image_url},
                      {"image_id", question.image_id},
                      {"question", question.text}};
}

std::string render_fault(const Fault& fault, Kind kind) {
  if (fault.code != code::kInsertEmbedder || kind == Kind::insert) {
    return modelcache::render_fault(fault);
  }
  // The body of a query, which code 301 has at the other door for an insert only.
  std::string out = modelcache::render_fault({code::kParameter, fault.what});
  const std::string from = std::to_string(code::kParameter);
  return out.replace(out.find(from), from.size(), std::to_string(fault.code));
}

}  // namespace refrain::wire::multicache
