// Identity of a request: which two requests may have one answer.
//
// The body is not copied. A view of its members is made, those that do not change the answer are
// left out (docs/design/key.md has the table), the rest is sorted by name and written once:
//   K version, scope, dialect, model, members
// Where the text stands that would be embedded, its place in the bytes is noted. The second digest,
// the space, is taken of the same bytes with S for K and a T at each of those places: two requests
// with one space differ in nothing but that text. T begins no part of canonical bytes, so a text
// can never look like its own absence.
#include "key/identity.h"

#include <algorithm>
#include <array>

#include "key/canonical.h"

namespace refrain::key {
namespace {

using chat::Dialect;

constexpr char kVersion = 1;
constexpr std::int64_t kGkvNewTokensDefault = 100;  // reference-systems: what GKV sends upstream

constexpr std::array<std::string_view, 10> kOpenaiLeftOut = {"stream",
                                                             "stream_options",
                                                             "user",
                                                             "metadata",
                                                             "store",
                                                             "safety_identifier",
                                                             "prompt_cache_key",
                                                             "service_tier",
                                                             "cache",
                                                             "prompt_cache_retention"};
constexpr std::array<std::string_view, 1> kTgiLeftOut = {"stream"};
constexpr std::array<std::string_view, 3> kGkvLeftOut = {"stream", "user_id", "cache_strategy"};
// What a question is made of: no rule of a route can take it out of the key.
constexpr std::array<std::string_view, 4> kNeverIgnored = {"messages", "prompt", "inputs", "input"};

template <class Names>
bool among(std::string_view name, const Names& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_openai(Dialect dialect) { return dialect != Dialect::tgi && dialect != Dialect::gkv; }

bool left_out(Dialect dialect, std::string_view name) {
  if (is_openai(dialect)) return among(name, kOpenaiLeftOut);
  return dialect == Dialect::tgi ? among(name, kTgiLeftOut) : among(name, kGkvLeftOut);
}

// A place in the canonical bytes that the space leaves open.
struct Hole {
  std::size_t begin;
  std::size_t end;
};

class Writer {
 public:
  Writer(const chat::Request& request, const Rules& rules) : request_(request), rules_(rules) {}

  void write(const Scope& scope);
  std::string take() { return std::move(out_); }
  std::string space() const;

 private:
  std::vector<MemberView> kept() const;
  bool is_kept(const json::Member& member) const;
  void member(const MemberView& member);
  void question(const json::Value& value);
  void messages(const json::Array& list);
  void message(const json::Object& members, bool embedded);
  void content(const json::Value& value, bool embedded);
  void text_hole(std::string_view text);
  void tools(const json::Array& list);
  void parameters(const json::Object& members);

  const chat::Request& request_;
  const Rules& rules_;
  std::string out_;
  std::vector<Hole> holes_;
};

bool is_limit_default(const json::Member& member) {
  return member.name == "max_new_tokens" && member.value.as_int() == kGkvNewTokensDefault;
}

bool Writer::is_kept(const json::Member& member) const {
  const std::string& name = member.name;
  if (member.value.is_null() || left_out(request_.dialect, name)) return false;
  if (among(name, rules_.ignore) && !among(name, kNeverIgnored)) return false;
  // The model is in the head. If the body names another one, both count.
  if (name == "model") {
    return member.value.string() == nullptr || *member.value.string() != request_.model;
  }
  if (name == "n" && is_openai(request_.dialect)) return member.value.as_int() != 1;
  if (name == "parameters" && !is_openai(request_.dialect)) {
    const json::Object* members = member.value.object();
    return members == nullptr ||
           std::any_of(members->begin(), members->end(), [&](const json::Member& inner) {
             return !inner.value.is_null() &&
                    !(request_.dialect == Dialect::gkv && is_limit_default(inner));
           });
  }
  return true;
}

std::vector<MemberView> Writer::kept() const {
  std::vector<MemberView> members;
  const json::Object* body = request_.body.object();
  if (body == nullptr) return members;
  members.reserve(body->size());
  for (const json::Member& member : *body) {
    if (is_kept(member)) members.push_back({member.name, &member.value});
  }
  if (request_.dialect == Dialect::openai_chat) {
    // Two names of one limit. Both with different values stay two members: nobody knows which wins.
    constexpr std::string_view kOld = "max_tokens", kNew = "max_completion_tokens";
    auto named = [&](std::string_view name) {
      return std::find_if(members.begin(), members.end(),
                          [&](const MemberView& m) { return m.name == name; });
    };
    auto old_limit = named(kOld), new_limit = named(kNew);
    if (old_limit != members.end() && new_limit == members.end()) {
      old_limit->name = kNew;
    } else if (old_limit != members.end()) {
      std::string one, other;
      canonical(*old_limit->value, one);
      canonical(*new_limit->value, other);
      if (one == other) members.erase(old_limit);
    }
  }
  sort_by_name(members);
  return members;
}

void Writer::write(const Scope& scope) {
  std::vector<MemberView> members = kept();
  out_.reserve(512);
  out_ += 'K';
  out_ += kVersion;
  out_ += bytes(scope);
  part::text(chat::name(request_.dialect), out_);
  part::text(request_.model, out_);
  if (!request_.body.is_object()) {
    canonical(request_.body, out_);
    return;
  }
  part::object(members.size(), out_);
  for (const MemberView& view : members) {
    part::name(view.name, out_);
    member(view);
  }
}

void Writer::member(const MemberView& member) {
  const json::Value& value = *member.value;
  std::string_view name = member.name;
  Dialect dialect = request_.dialect;
  if (!is_openai(dialect)) {
    if (name == "inputs") return question(value);
    if (name == "parameters" && value.is_object()) return parameters(*value.object());
    return canonical(value, out_);
  }
  if (dialect == Dialect::openai_chat && name == "messages" && value.is_array()) {
    return messages(*value.array());
  }
  if (dialect == Dialect::openai_completion && name == "prompt") return question(value);
  if (dialect == Dialect::openai_embedding && name == "input") return question(value);
  if (name == "tools" && value.is_array()) return tools(*value.array());
  if (name == "stop" && value.is_string()) part::array(1, out_);  // "a" is ["a"]
  canonical(value, out_);
}

// A prompt, or a list of exactly one, which is the same. Several prompts, or tokens, are never
// embedded as one text, so they stay in the space. Embeddings have no space worth the name: two
// inputs with near vectors still have two answers.
void Writer::question(const json::Value& value) {
  const json::Value* only = &value;
  bool listed = is_openai(request_.dialect) && value.is_array() && value.array()->size() == 1 &&
                value.array()->front().is_string();
  if (listed) only = &value.array()->front();
  if (only->is_string() && request_.dialect != Dialect::openai_embedding) {
    text_hole(*only->string());
  } else {
    canonical(*only, out_);
  }
}

void Writer::messages(const json::Array& list) {
  std::size_t last_user = list.size();
  for (std::size_t i = list.size(); i-- > 0 && last_user == list.size();) {
    if (list[i].text("role") == "user") last_user = i;
  }
  part::array(list.size(), out_);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (const json::Object* members = list[i].object()) {
      message(*members, i == last_user);
    } else {
      canonical(list[i], out_);
    }
  }
}

void Writer::message(const json::Object& members, bool embedded) {
  std::vector<MemberView> views;
  views.reserve(members.size());
  for (const json::Member& member : members) {
    if (!member.value.is_null()) views.push_back({member.name, &member.value});
  }
  sort_by_name(views);
  part::object(views.size(), out_);
  for (const MemberView& view : views) {
    part::name(view.name, out_);
    if (view.name == "content") {
      content(*view.value, embedded);
    } else {
      canonical(*view.value, out_);
    }
  }
}

// "x" is written as [{"text":"x","type":"text"}]. In the embedded message the texts of text parts
// are holes; other parts, such as images, stay.
void Writer::content(const json::Value& value, bool embedded) {
  if (const std::string* whole = value.string()) {
    part::array(1, out_);
    part::object(2, out_);
    part::name("text", out_);
    if (embedded) {
      text_hole(*whole);
    } else {
      part::text(*whole, out_);
    }
    part::name("type", out_);
    part::text("text", out_);
    return;
  }
  const json::Array* parts = value.array();
  if (!embedded || parts == nullptr) return canonical(value, out_);
  part::array(parts->size(), out_);
  for (const json::Value& item : *parts) {
    const json::Value* text = item.find("text");
    if (item.text("type") != "text" || text == nullptr || !text->is_string()) {
      canonical(item, out_);
      continue;
    }
    std::vector<MemberView> views;
    for (const json::Member& member : *item.object()) {
      views.push_back({member.name, &member.value});
    }
    sort_by_name(views);
    part::object(views.size(), out_);
    for (const MemberView& view : views) {
      part::name(view.name, out_);
      if (view.value == text) {
        text_hole(*text->string());
      } else {
        canonical(*view.value, out_);
      }
    }
  }
}

void Writer::text_hole(std::string_view text) {
  std::size_t begin = out_.size();
  part::text(text, out_);
  holes_.push_back({begin, out_.size()});
}

// The order of tools says nothing to a model; sorted by their bytes it cannot split the key.
void Writer::tools(const json::Array& list) {
  std::vector<std::string> sorted(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) canonical(list[i], sorted[i]);
  std::sort(sorted.begin(), sorted.end());
  part::array(sorted.size(), out_);
  for (const std::string& tool : sorted) out_ += tool;
}

void Writer::parameters(const json::Object& members) {
  std::vector<MemberView> views;
  views.reserve(members.size());
  for (const json::Member& member : members) {
    bool is_default = request_.dialect == Dialect::gkv && is_limit_default(member);
    if (!member.value.is_null() && !is_default) views.push_back({member.name, &member.value});
  }
  sort_by_name(views);
  part::object(views.size(), out_);
  for (const MemberView& view : views) {
    part::name(view.name, out_);
    canonical(*view.value, out_);
  }
}

std::string Writer::space() const {
  std::string bytes;
  bytes.reserve(out_.size());
  std::size_t at = 0;
  for (const Hole& hole : holes_) {
    bytes.append(out_, at, hole.begin - at);
    bytes += 'T';
    at = hole.end;
  }
  bytes.append(out_, at);
  bytes.front() = 'S';
  return bytes;
}

}  // namespace

std::string_view name(ScopeKind kind) noexcept {
  switch (kind) {
    case ScopeKind::user: return "user";
    case ScopeKind::tenant: return "tenant";
    case ScopeKind::global: return "global";
  }
  return "tenant";
}

std::optional<ScopeKind> parse_scope(std::string_view text) noexcept {
  for (ScopeKind kind : {ScopeKind::user, ScopeKind::tenant, ScopeKind::global}) {
    if (name(kind) == text) return kind;
  }
  return std::nullopt;
}

std::string bytes(const Scope& scope) {
  std::string out;
  out += name(scope.kind).front();  // u, t, g
  part::text(scope.tenant, out);
  part::text(scope.user, out);
  return out;
}

Identity identify(const chat::Request& request, const Scope& scope, const Rules& rules) {
  Writer writer(request, rules);
  writer.write(scope);
  Identity identity;
  identity.space = base::digest(writer.space());
  identity.canonical = writer.take();
  identity.exact = base::digest(identity.canonical);
  return identity;
}

}  // namespace refrain::key
