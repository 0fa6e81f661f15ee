// Canonical bytes: a value has one form, and a form has one value.
//
// Every part begins with a tag and says its length before its content, so nothing in a text can
// look like the end of it: ["a","b"] is "[" 2 "s" 1 a "s" 1 b, and no string makes it ["a\",\"b"].
//   n f t            null, false, true
//   s len bytes      string
//   # sign exponent len digits    number: (-1)^sign * digits * 10^exponent, no outer zeros
//   N len bytes      number with an exponent of 18 digits or more, as it was written
//   [ count values   array
//   { count (len name value)*     object, by bytes of the names
// Numbers are never computed, only their zeros are counted (json/decimal.h). One written as N may
// equal another in value; they then count as different, which costs a miss and nothing else.
#include "key/canonical.h"

#include <algorithm>

#include "json/decimal.h"
#include "key/identity.h"

namespace refrain::key {
namespace {

// Up to here a list sorts on the stack.
constexpr std::size_t kInlineMax = 16;

bool before(const json::Member* a, const json::Member* b) { return a->name < b->name; }

void number(const json::Number& value, std::string& out) {
  json::Decimal exact = json::decimal(value.text);
  if (!exact.bounded) {
    out += 'N';
    part::length(value.text.size(), out);
    out += value.text;
    return;
  }
  out += '#';
  out += exact.negative ? '-' : '+';
  // Zigzag: small exponents of either sign are short.
  auto bits = static_cast<std::uint64_t>(exact.exponent);
  part::length(bits << 1 ^ (exact.exponent < 0 ? ~std::uint64_t{0} : 0), out);
  part::length(exact.head.size() + exact.tail.size(), out);
  out += exact.head;
  out += exact.tail;
}

void members(const json::Member** first, const json::Member** last, std::string& out) {
  std::sort(first, last, before);
  for (; first != last; ++first) {
    part::name((*first)->name, out);
    canonical((*first)->value, out);
  }
}

void object(const json::Object& value, std::string& out) {
  part::object(value.size(), out);
  if (value.size() <= kInlineMax) {
    const json::Member* order[kInlineMax];
    std::size_t count = 0;
    for (const json::Member& member : value) order[count++] = &member;
    members(order, order + count, out);
    return;
  }
  std::vector<const json::Member*> order;
  order.reserve(value.size());
  for (const json::Member& member : value) order.push_back(&member);
  members(order.data(), order.data() + order.size(), out);
}

}  // namespace

namespace part {

void length(std::uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

void text(std::string_view value, std::string& out) {
  out += 's';
  name(value, out);
}

void array(std::size_t count, std::string& out) {
  out += '[';
  length(count, out);
}

void object(std::size_t count, std::string& out) {
  out += '{';
  length(count, out);
}

void name(std::string_view value, std::string& out) {
  length(value.size(), out);
  out += value;
}

}  // namespace part

void sort_by_name(std::vector<MemberView>& members) {
  std::sort(members.begin(), members.end(),
            [](const MemberView& a, const MemberView& b) { return a.name < b.name; });
}

void canonical(const json::Value& value, std::string& out) {
  if (const std::string* text = value.string()) {
    part::text(*text, out);
  } else if (const json::Number* digits = value.number()) {
    number(*digits, out);
  } else if (const bool* boolean = value.boolean()) {
    out += *boolean ? 't' : 'f';
  } else if (const json::Array* array = value.array()) {
    part::array(array->size(), out);
    for (const json::Value& item : *array) canonical(item, out);
  } else if (const json::Object* members = value.object()) {
    object(*members, out);
  } else {
    out += 'n';
  }
}

}  // namespace refrain::key
