#include "wire/modelcache.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "wire/checks.h"
#include "wire/members.h"
#include "wire/text.h"

namespace refrain::wire::modelcache {
namespace {

using json::Value;
using Answer = std::expected<Request, Fault>;

std::unexpected<Fault> fault(int number, std::string what) {
  return std::unexpected(Fault{number, std::move(what)});
}
std::unexpected<Fault> parameter(std::string_view path, std::string_view wanted,
                                 const Value* value) {
  return fault(code::kParameter, wrong(path, wanted, value).error().what);
}

constexpr std::array<std::pair<std::string_view, Kind>, 4> kKinds = {
    {{"query", Kind::query},
     {"insert", Kind::insert},
     {"remove", Kind::remove},
     {"register", Kind::register_model}}};

std::expected<chat::Conversation, Fault> read_turns(const std::string& path, const Value* list) {
  if (list == nullptr || !list->is_array() || list->array()->empty() ||
      list->array()->size() > kTurnsMax) {
    return parameter(path, fmt::format("a list of 1 to {} messages", kTurnsMax), list);
  }
  chat::Conversation turns;
  turns.reserve(list->array()->size());
  for (const Value& item : *list->array()) {
    const std::string place = fmt::format("{}[{}]", path, turns.size());
    if (!item.is_object()) return parameter(place, "an object", &item);
    chat::Turn turn;
    for (const json::Member& member : *item.object()) {
      if (member.name != "role" && member.name != "content") {
        turn.more.push_back(member);
        continue;
      }
      if (!member.value.is_string()) {
        return parameter(place + "." + member.name, "a string", &member.value);
      }
      (member.name == "role" ? turn.role : turn.content) = *member.value.string();
    }
    if (item.find("content") == nullptr) return parameter(place + ".content", "a string", nullptr);
    turns.push_back(std::move(turn));
  }
  return turns;
}

Answer read_insert(const Value& body, Request request) {
  const Value* list = body.find("chat_info");
  if (list == nullptr || !list->is_array() || list->array()->empty() ||
      list->array()->size() > kInsertMax) {
    return parameter("chat_info", fmt::format("a list of 1 to {} entries", kInsertMax), list);
  }
  for (const Value& item : *list->array()) {
    const std::string place = fmt::format("chat_info[{}]", request.answers.size());
    if (!item.is_object()) return parameter(place, "an object", &item);
    auto turns = read_turns(place + ".query", item.find("query"));
    if (!turns) return std::unexpected(turns.error());
    const Value* answer = item.find("answer");
    if (answer == nullptr || !answer->is_string()) {
      return parameter(place + ".answer", "a string", answer);
    }
    request.answers.push_back({std::move(*turns), *answer->string()});
  }
  return request;
}

Answer read_remove(const Value& body, Request request) {
  request.remove_type = body.text("remove_type");
  if (request.remove_type == "truncate_by_model") return request;
  if (request.remove_type != "delete_by_id") {
    return fault(code::kRemoveArgument,
                 fmt::format("remove_type is '{}': truncate_by_model and delete_by_id are allowed",
                             request.remove_type));
  }
  const Value* list = body.find("id_list");
  if (list == nullptr || !list->is_array() || list->array()->empty() ||
      list->array()->size() > kIdsMax) {
    return fault(code::kRemoveArgument,
                 fmt::format("id_list must be a list of 1 to {} ids", kIdsMax));
  }
  for (const Value& item : *list->array()) {
    const std::optional<std::uint64_t> id = read_id(item);
    if (!id) {
      return fault(code::kRemoveArgument,
                   fmt::format("id_list[{}] is no id: a whole number, or a string of digits, or of "
                               "16 hexadecimal digits",
                               request.ids.size()));
    }
    request.ids.push_back(*id);
  }
  return request;
}

}  // namespace

std::optional<std::uint64_t> read_id(const Value& value) {
  if (const std::optional<std::int64_t> number = value.as_int()) {
    if (*number < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*number);
  }
  const std::string* text = value.string();
  if (text == nullptr || text->empty()) return std::nullopt;
  const int base = text->size() == 16 ? 16 : 10;
  std::uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(text->data(), text->data() + text->size(), number, base);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return number;
}

std::string folded(std::string_view model) {
  std::string out(model);
  std::ranges::replace_if(out, [](char c) { return c == '-' || c == '.'; }, '_');
  return out;
}

Answer read_value(const Value& body) {
  if (const std::string* inner = body.string()) {
    base::Result<Value> value = json::parse(*inner);
    if (!value) return fault(code::kBadJson, value.error().what);
    if (value->is_string()) return parameter("body", "an object", &*value);
    return read_value(*value);
  }
  if (!body.is_object()) return parameter("body", "an object", &body);
  Request request;
  const auto* kind =
      std::ranges::find(kKinds, body.text("type"), [](const auto& known) { return known.first; });
  if (kind == kKinds.end()) {
    return fault(code::kType,
                 "type exception: one of query, insert, remove and register is wanted");
  }
  request.kind = kind->second;
  const Value* scope = body.find("scope");
  if (scope == nullptr || !scope->is_object()) return parameter("scope", "an object", scope);
  const Value* model = scope->find("model");
  if (model == nullptr || !model->is_string() || model->string()->empty()) {
    return parameter("scope.model", "a string that is not empty", model);
  }
  request.model = *model->string();
  switch (request.kind) {
    case Kind::query: {
      auto turns = read_turns("query", body.find("query"));
      if (!turns) return std::unexpected(turns.error());
      request.query = std::move(*turns);
      return request;
    }
    case Kind::insert: return read_insert(body, std::move(request));
    case Kind::remove: return read_remove(body, std::move(request));
    case Kind::register_model: return request;
  }
  return request;
}

Answer read_request(std::string_view body) {
  base::Result<Value> value = json::parse(body);
  if (!value) return fault(code::kBadJson, value.error().what);
  return read_value(*value);
}

Frame read_frame(std::string_view text) {
  Frame frame;
  base::Result<Value> value = json::parse(text);
  if (!value) {
    frame.fault = Fault{code::kBadJson, value.error().what};
    return frame;
  }
  if (!value->is_object()) {
    frame.fault = Fault{code::kBadJson, wrong("frame", "an object", &*value).error().what};
    return frame;
  }
  if (Value* id = value->find("requestId"); id != nullptr && (id->is_string() || id->is_number())) {
    frame.id = std::move(*id);
  } else {
    frame.fault = Fault{code::kBadJson, wrong("requestId", "a string or number", id).error().what};
    return frame;
  }
  Value* payload = value->find("payload");
  if (payload == nullptr || !(payload->is_object() || payload->is_string())) {
    frame.fault = Fault{code::kBadJson, wrong("payload", "an object", payload).error().what};
    return frame;
  }
  frame.payload = std::move(*payload);
  return frame;
}

namespace {

// Code and sentence, which every body begins with.
Members begin(std::string& out, int number, std::string_view what) {
  Members members(out);
  members.raw("errorCode", std::to_string(number));
  members.text("errorDesc", readable(what));
  return members;
}

std::string write_status(std::string_view response) {
  std::string out;
  Members members = begin(out, 0, "");
  if (!response.empty()) members.raw("response", response);
  members.text("writeStatus", "success");
  members.close();
  return out;
}

}  // namespace

std::string render_query(const Reply& reply) {
  std::string out;
  Members members = begin(out, 0, "");
  members.raw("cacheHit", reply.hit ? "true" : "false");
  members.text("delta_time", fmt::format("{:.2f}s", reply.seconds));
  if (reply.hit && reply.as_list) {
    members.value("hit_query", json::Array(reply.questions.begin(), reply.questions.end()));
    members.value("answer", json::Array(reply.answers.begin(), reply.answers.end()));
  } else {
    members.value("hit_query", reply.hit ? reply.questions.front() : Value(""));
    members.text("answer", reply.hit ? reply.answers.front() : std::string_view{});
  }
  members.close();
  return out;
}

std::string render_inserted() { return write_status(""); }

std::string render_truncated(std::size_t count) {
  return write_status(fmt::format(
      R"({{"status":"success","VectorDB":"rebuild","ScalarDB":"delete_count: {}"}})", count));
}

std::string render_deleted(std::size_t count) {
  return write_status(fmt::format(
      R"({{"status":"success","milvus":"delete_count: {0}","mysql":"delete_count: {0}"}})", count));
}

std::string render_registered(Registered state) {
  return write_status(state == Registered::created ? R"("create_success")" : R"("already_exists")");
}

std::string render_fault(const Fault& fault) {
  std::string out;
  Members members = begin(out, fault.code, fault.what);
  switch (fault.code) {
    case code::kInsertRefused: members.text("writeStatus", ""); break;
    case code::kRemoveArgument:
      members.text("response", "");
      members.text("removeStatus", "exception");
      break;
    case code::kInsertEmbedder:
    case code::kInsertStore:
    case code::kInsertOther: members.text("writeStatus", "exception"); break;
    case code::kRemoveStore:
    case code::kRegister:
      members.text("response", "");
      members.text("writeStatus", "exception");
      break;
    default:
      members.raw("cacheHit", "false");
      members.raw("delta_time", "0");
      members.text("hit_query", "");
      members.text("answer", "");
  }
  members.close();
  return out;
}

int http_status(int code) noexcept {
  const bool true_status =
      code == code::kBadJson || code == code::kUnknown || code == code::kInternal;
  return true_status ? code : 200;
}

std::string render_frame(const Value& id, std::string_view body) {
  std::string out;
  Members members(out);
  members.value("requestId", id);
  members.raw("result", body);
  members.close();
  return out;
}

}  // namespace refrain::wire::modelcache
