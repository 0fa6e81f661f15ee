#pragma once

#include <string>
#include <string_view>

#include "json/value.h"

/// Private to wire: writing objects member by member, straight into the reply.
namespace refrain::wire {

/// Writes the members of one object; the braces too. name: plain ASCII that needs no escape.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) { out_ += '{'; }

  /// Writes the name; the caller then appends the value to what is returned.
  std::string& name(std::string_view name) {
    out_ += any_ ? ",\"" : "\"";
    any_ = true;
    out_ += name;
    out_ += "\":";
    return out_;
  }
  void raw(std::string_view key, std::string_view json) { name(key) += json; }
  void text(std::string_view key, std::string_view value) { json::quote(value, name(key)); }
  void value(std::string_view key, const json::Value& value) { json::write(value, name(key)); }

  /// Writes the members for which keep(name, value) holds.
  template <class Keep>
  void extras(const json::Object& object, Keep keep) {
    for (const json::Member& member : object) {
      if (!keep(std::string_view(member.name), member.value)) continue;
      out_ += any_ ? "," : "";
      any_ = true;
      json::quote(member.name, out_);
      out_ += ':';
      json::write(member.value, out_);
    }
  }

  void close() { out_ += '}'; }

 private:
  std::string& out_;
  bool any_ = false;
};

/// The member of that name, or null.
inline const json::Value* find(const json::Object& object, std::string_view name) {
  for (const json::Member& member : object) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

}  // namespace refrain::wire
