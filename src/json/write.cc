// Most bytes of a request are prose: they are copied in runs, and the ends of a run are found
// eight bytes at a time (the "has a byte less than n" trick of Anderson's Bit Twiddling Hacks).
#include <cstring>

#include "json/value.h"

namespace refrain::json {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101U;
constexpr std::uint64_t kHighs = 0x8080808080808080U;

constexpr bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

// True if a byte of the word needs an escape; may be true for none (a borrow between bytes), never
// false for one.
constexpr bool word_needs_escape(std::uint64_t word) {
  auto zero = [](std::uint64_t w) { return (w - kOnes) & ~w & kHighs; };
  std::uint64_t control = (word - kOnes * 0x20) & ~word & kHighs;
  return (control | zero(word ^ (kOnes * '"')) | zero(word ^ (kOnes * '\\'))) != 0;
}

std::size_t run_end(std::string_view text, std::size_t at) {
  while (at + 8 <= text.size()) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    if (word_needs_escape(word)) break;
    at += 8;
  }
  while (at < text.size() && !needs_escape(text[at])) ++at;
  return at;
}

void escape(char c, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default:
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
  }
}

void write_array(const Array& array, std::string& out) {
  out += '[';
  for (const Value& value : array) {
    if (&value != array.data()) out += ',';
    write(value, out);
  }
  out += ']';
}

void write_object(const Object& object, std::string& out) {
  out += '{';
  for (const Member& member : object) {
    if (&member != object.data()) out += ',';
    quote(member.name, out);
    out += ':';
    write(member.value, out);
  }
  out += '}';
}

}  // namespace

void quote(std::string_view text, std::string& out) {
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = run_end(text, at);
    out.append(text, at, end - at);
    if (end == text.size()) break;
    escape(text[end], out);
    at = end + 1;
  }
  out += '"';
}

void write(const Value& value, std::string& out) {
  if (const std::string* text = value.string()) {
    quote(*text, out);
  } else if (const Number* number = value.number()) {
    out += number->text;
  } else if (const bool* boolean = value.boolean()) {
    out += *boolean ? "true" : "false";
  } else if (const Array* array = value.array()) {
    write_array(*array, out);
  } else if (const Object* object = value.object()) {
    write_object(*object, out);
  } else {
    out += "null";
  }
}

std::string write(const Value& value) {
  std::string out;
  write(value, out);
  return out;
}

}  // namespace refrain::json
