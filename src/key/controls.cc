// Many gateways gave the same few wishes different names; all of them end in the same few fields.
//
// The order of authority, weakest first: headers and body members of other gateways, Cache-Control,
// x-refrain-*. Wishes of the first two add up (one no-store is enough); what x-refrain-* says
// replaces what was said before. Words mean what RFC 9111 says, also where a vendor's documents are
// at odds with themselves: no-cache does not read but may store, no-store does neither.
// A wish that the tenant does not grant is ignored, and the reasons say so.
#include "key/controls.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace refrain::key {
namespace {

using base::Code;
using base::Result;
using std::chrono::seconds;

constexpr std::size_t kTagsMax = 16;
constexpr std::size_t kTagBytesMax = 64;
constexpr std::size_t kUserBytesMax = 256;
constexpr std::size_t kNameBytesMax = 255;  // of a KV object
// RFC 9111 section 1.2.2: a larger number of seconds counts as this one.
constexpr std::int64_t kSecondsMax = 2147483648;

std::string_view trim(std::string_view text) {
  std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_on(std::string_view value) {
  std::string word = lower(value);
  return word == "true" || word == "on" || word == "1" || word == "yes";
}

bool is_off(std::string_view value) {
  std::string word = lower(value);
  return word == "false" || word == "off" || word == "0" || word == "no";
}

// Calls work(part) for each part between commas that is not empty.
template <class Work>
void each_part(std::string_view list, Work work) {
  while (!list.empty()) {
    std::size_t comma = std::min(list.find(','), list.size());
    if (std::string_view part = trim(list.substr(0, comma)); !part.empty()) work(part);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
}

// "90", "90s", "15m", "2h", "7d". nullopt: not a duration.
std::optional<seconds> duration(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  std::int64_t unit = 1;
  if (!text.empty()) {
    constexpr std::array<std::pair<char, std::int64_t>, 4> kUnits = {
        {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}}};
    for (auto [letter, length] : kUnits) {
      if (text.back() != letter) continue;
      unit = length;
      text.remove_suffix(1);
      break;
    }
  }
  std::size_t digits = text.find_first_not_of("0123456789");
  if (text.empty() || digits != std::string_view::npos) return std::nullopt;
  std::int64_t count = kSecondsMax;
  std::from_chars(text.data(), text.data() + text.size(), count);  // too large: stays at the most
  return seconds(std::min(count, kSecondsMax / unit) * unit);
}

std::optional<seconds> duration(const json::Value* value) {
  if (value == nullptr) return std::nullopt;
  if (const std::string* text = value->string()) return duration(*text);
  std::optional<std::int64_t> number = value->as_int();
  if (!number || *number < 0) return std::nullopt;
  return seconds(std::min(*number, kSecondsMax));
}

class Reader {
 public:
  explicit Reader(const Allowed& allowed) : allowed_(allowed) {}

  void body(const json::Value& body);
  void foreign(std::string_view name, std::string_view value);
  Result<> own(std::string_view name, std::string_view value);
  Controls take();

 private:
  void directives(std::string_view source, std::string_view list);
  void directive(std::string_view source, std::string_view part);
  void litellm(const json::Value& cache);
  bool granted(bool permission, std::string_view source);
  void bypass(std::string_view source);
  void refresh(std::string_view source);
  void no_store(std::string_view source);
  void max_age(std::string_view source, std::optional<seconds> age);
  void ttl(std::string_view source, std::optional<seconds> wanted);
  void space(std::string_view source, std::string_view name);
  void exact(std::string_view source);
  Result<> own_cache(std::string_view value);
  Result<> own_scope(std::string_view value);
  Result<> own_tags(std::string_view value);

  const Allowed& allowed_;
  Controls out_;
};

// How a source names itself in reasons: headers as "name: value".
std::string shown(std::string_view name, std::string_view value) {
  constexpr std::size_t kShownMax = 64;
  return fmt::format("{}: {}", name, value.substr(0, kShownMax));
}

bool Reader::granted(bool permission, std::string_view source) {
  out_.reasons.push_back(permission ? std::string(source)
                                    : fmt::format("{} (ignored: not allowed)", source));
  return permission;
}

void Reader::bypass(std::string_view source) {
  if (granted(allowed_.bypass, source)) out_.read = out_.store = false;
}

void Reader::refresh(std::string_view source) {
  if (!granted(allowed_.bypass, source)) return;
  out_.read = false;
  out_.refresh = true;
}

void Reader::no_store(std::string_view source) {
  if (granted(allowed_.bypass, source)) out_.store = false;
}

// max-age=0 is a refresh by another name, hence the same permission.
void Reader::max_age(std::string_view source, std::optional<seconds> age) {
  if (!age || !granted(allowed_.bypass, source)) return;
  out_.max_age = out_.max_age ? std::min(*out_.max_age, *age) : *age;
}

void Reader::ttl(std::string_view source, std::optional<seconds> wanted) {
  if (wanted && granted(allowed_.ttl, source)) out_.ttl = std::min(*wanted, allowed_.ttl_max);
}

// A namespace of another gateway: a user of its own kind, so that it meets no real one.
void Reader::space(std::string_view source, std::string_view name) {
  if (name.empty() || name.size() > kUserBytesMax) return;
  bool may = std::find(allowed_.scopes.begin(), allowed_.scopes.end(), ScopeKind::user) !=
             allowed_.scopes.end();
  if (!granted(may, source)) return;
  out_.scope = ScopeKind::user;
  out_.user = fmt::format("namespace:{}", name);
}

void Reader::exact(std::string_view source) {
  out_.reasons.emplace_back(source);
  out_.exact_only = true;
}

void Reader::directive(std::string_view source, std::string_view part) {
  std::size_t equals = std::min(part.find('='), part.size());
  std::string word = lower(trim(part.substr(0, equals)));
  std::string_view value = trim(part.substr(std::min(equals + 1, part.size())));
  if (word == "no-store" || word == "bypass") {
    bypass(source);
  } else if (word == "no-cache") {
    refresh(source);
  } else if (word == "max-age") {
    max_age(source, duration(value));
  } else if (word == "ttl") {
    ttl(source, duration(value));
  } else if (word == "only-if-cached") {
    out_.reasons.emplace_back(source);
    out_.only_if_cached = true;
  }
}

void Reader::directives(std::string_view source, std::string_view list) {
  each_part(list, [&](std::string_view part) { directive(shown(source, part), part); });
}

void Reader::litellm(const json::Value& cache) {
  auto is_true = [&](std::string_view name) {
    const json::Value* value = cache.find(name);
    return value != nullptr && value->boolean() != nullptr && *value->boolean();
  };
  if (is_true("no-cache")) refresh("body cache.no-cache");
  if (is_true("no-store")) bypass("body cache.no-store");
  ttl("body cache.ttl", duration(cache.find("ttl")));
  max_age("body cache.s-maxage", duration(cache.find("s-maxage")));
  space("body cache.namespace", cache.text("namespace"));
}

void Reader::body(const json::Value& body) {
  out_.user = body.text("user");
  if (out_.user.empty()) out_.user = body.text("safety_identifier");
  if (const json::Value* cache = body.find("cache")) litellm(*cache);
}

void Reader::foreign(std::string_view name, std::string_view value) {
  std::string source = shown(name, value);
  if (name == "cache-control" || name == "x-vsr-cache-control") {
    directives(name, value);
  } else if (name == "x-portkey-cache-force-refresh" || name == "x-openrouter-cache-clear") {
    if (is_on(value)) refresh(source);
  } else if (name == "x-portkey-cache-namespace") {
    space(source, value);
  } else if (name == "x-bf-cache-no-store") {
    if (is_on(value)) no_store(source);  // Bifrost goes on reading
  } else if (name == "x-bf-cache-ttl" || name == "x-openrouter-cache-ttl" ||
             name == "cf-aig-cache-ttl") {
    ttl(source, duration(value));
  } else if (name == "x-bf-cache-type") {
    if (lower(value) == "direct") exact(source);
  } else if (name == "x-cache-mode") {
    if (lower(value) == "exact") exact(source);
  } else if (name == "helicone-cache-enabled" || name == "x-openrouter-cache") {
    if (is_off(value)) bypass(source);
  } else if (name == "cf-aig-skip-cache" || name == "x-higress-skip-ai-cache") {
    if (is_on(value)) bypass(source);
  }
}

std::unexpected<base::Error> meaningless(std::string_view name, std::string_view value,
                                         std::string_view allowed) {
  constexpr std::size_t kShownMax = 64;
  return base::fail(Code::invalid, fmt::format("{}: '{}' means nothing; allowed: {}", name,
                                               value.substr(0, kShownMax), allowed));
}

Result<> Reader::own_cache(std::string_view value) {
  struct Mode {
    std::string_view word;
    bool read, store, refresh;
  };
  constexpr std::array<Mode, 5> kModes = {{{"on", true, true, false},
                                           {"off", false, false, false},
                                           {"refresh", false, true, true},
                                           {"read-only", true, false, false},
                                           {"write-only", false, true, false}}};
  std::string word = lower(value);
  for (const Mode& mode : kModes) {
    if (mode.word != word) continue;
    // "on" takes back what other headers said, which needs no permission.
    if (granted(allowed_.bypass || word == "on", shown("x-refrain-cache", value))) {
      out_.read = mode.read;
      out_.store = mode.store;
      out_.refresh = mode.refresh;
    }
    return {};
  }
  return meaningless("x-refrain-cache", value, "on, off, refresh, read-only, write-only");
}

Result<> Reader::own_scope(std::string_view value) {
  std::optional<ScopeKind> kind = parse_scope(lower(value));
  if (!kind) return meaningless("x-refrain-scope", value, "user, tenant, global");
  bool may =
      std::find(allowed_.scopes.begin(), allowed_.scopes.end(), *kind) != allowed_.scopes.end();
  if (granted(may, shown("x-refrain-scope", value))) out_.scope = *kind;
  return {};
}

Result<> Reader::own_tags(std::string_view value) {
  std::vector<std::string> tags;
  bool fits = true;
  each_part(value, [&](std::string_view tag) {
    bool plain = std::all_of(tag.begin(), tag.end(), [](char c) { return c > ' ' && c < 0x7f; });
    fits = fits && plain && tag.size() <= kTagBytesMax;
    tags.emplace_back(tag);
  });
  if (!fits || tags.empty() || tags.size() + out_.tags.size() > kTagsMax) {
    return meaningless("x-refrain-tags", value,
                       fmt::format("1 to {} words of visible ASCII, at most {} bytes each, between "
                                   "commas",
                                   kTagsMax, kTagBytesMax));
  }
  if (granted(allowed_.tags, shown("x-refrain-tags", value))) {
    out_.tags.insert(out_.tags.end(), tags.begin(), tags.end());
  }
  return {};
}

Result<> Reader::own(std::string_view name, std::string_view value) {
  if (name == "x-refrain-cache") return own_cache(value);
  if (name == "x-refrain-scope") return own_scope(value);
  if (name == "x-refrain-tags") return own_tags(value);
  if (name == "x-refrain-tier") {
    std::string word = lower(value);
    if (word != "exact" && word != "any") return meaningless(name, value, "exact, any");
    out_.reasons.push_back(shown(name, value));
    out_.exact_only = word == "exact";
  } else if (name == "x-refrain-ttl") {
    std::optional<seconds> wanted = duration(value);
    if (!wanted || wanted->count() == 0) {
      return meaningless(name, value, "seconds, or a number with s, m, h or d, above 0");
    }
    ttl(shown(name, value), wanted);
  } else if (name == "x-refrain-user") {
    if (value.empty() || value.size() > kUserBytesMax) {
      return meaningless(name, value, fmt::format("1 to {} bytes", kUserBytesMax));
    }
    out_.reasons.push_back(shown(name, "(given)"));
    out_.user = value;
  } else if (name == "x-refrain-kv-name") {
    if (value.empty() || value.size() > kNameBytesMax) {
      return meaningless(name, value, fmt::format("1 to {} bytes", kNameBytesMax));
    }
    out_.reasons.push_back(shown(name, value));
    out_.kv_name = value;
  }
  return {};
}

Controls Reader::take() {
  if (!out_.kv_name.empty()) {
    // An answer that is known computes no KV.
    out_.read = false;
    out_.refresh = out_.store;
  }
  if (out_.ttl && out_.ttl->count() == 0) {
    // A foreign lifetime of nothing: what is stored would be gone at once.
    out_.ttl.reset();
    out_.store = false;
  }
  return std::move(out_);
}

}  // namespace

Result<Controls> controls(const chat::Headers& headers, const json::Value& body,
                          const Allowed& allowed) {
  Reader reader(allowed);
  reader.body(body);
  for (const auto& [name, value] : headers) {
    if (name != "cache-control") reader.foreign(name, trim(value));
  }
  for (const auto& [name, value] : headers) {
    if (name == "cache-control") reader.foreign(name, trim(value));
  }
  for (const auto& [name, value] : headers) {
    if (name.starts_with("x-refrain-")) TRY_DO(reader.own(name, trim(value)));
  }
  return reader.take();
}

}  // namespace refrain::key
