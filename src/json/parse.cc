// Boost's SAX parser checks the grammar, UTF-8 and surrogates; what it reports is built here into
// our own tree, as its own tree would turn numbers into doubles (docs/decisions/0003-json.md).
//
// Values and names wait on two stacks until the container they belong to ends. The parser says then
// how many there are, so that every vector is made once, in its final size:
//   {"a":[1,2]}   values: 1 2 -> [1,2] -> {"a":[1,2]}     names: a -> (taken)
// Numbers come with their text. The whole input is there at once, so a number never comes in parts.
#include <algorithm>
#include <iterator>
#include <limits>

#include <fmt/format.h>
#include <boost/json/basic_parser_impl.hpp>

#include "json/value.h"

namespace refrain::json {
namespace {

using boost::json::error_code;
using View = boost::json::string_view;

// Up to here comparing all pairs is faster than sorting.
constexpr std::size_t kPairsMax = 16;
// Enough for most requests; more only costs growth.
constexpr std::size_t kStackStart = 32;

class Builder {
 public:
  // Asked for by the parser; our bound is the length of the text itself.
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  explicit Builder(Duplicates duplicates) : duplicates_(duplicates) {
    values_.reserve(kStackStart);
    names_.reserve(kStackStart);
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t count, error_code& error);
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t count, error_code&);
  bool on_key_part(View part, std::size_t, error_code&) { return keep(part); }
  bool on_key(View last, std::size_t, error_code&) {
    names_.push_back(join(last));
    return true;
  }
  bool on_string_part(View part, std::size_t, error_code&) { return keep(part); }
  bool on_string(View last, std::size_t, error_code&) {
    values_.emplace_back(join(last));
    return true;
  }
  bool on_number_part(View part, error_code&) { return keep(part); }
  bool on_int64(std::int64_t, View last, error_code&) { return number(last); }
  bool on_uint64(std::uint64_t, View last, error_code&) { return number(last); }
  bool on_double(double, View last, error_code&) { return number(last); }
  bool on_bool(bool value, error_code&) {
    values_.emplace_back(value);
    return true;
  }
  bool on_null(error_code&) {
    values_.emplace_back();
    return true;
  }
  bool on_comment_part(View, error_code&) { return true; }
  bool on_comment(View, error_code&) { return true; }

  Value take() { return std::move(values_.back()); }
  // The name that came twice, after an error of our own.
  const std::string& repeated() const { return repeated_; }

 private:
  bool keep(View part) {
    pending_.append(part.data(), part.size());
    return true;
  }
  std::string join(View last) {
    if (pending_.empty()) return std::string(last.data(), last.size());
    pending_.append(last.data(), last.size());
    return std::exchange(pending_, {});
  }
  bool number(View last) {
    values_.emplace_back(Number{join(last)});
    return true;
  }

  const Duplicates duplicates_;
  std::vector<Value> values_;
  std::vector<std::string> names_;
  std::string pending_;
  std::string repeated_;
};

// Positions of members that a later one of the same name replaces, in ascending order.
std::vector<std::size_t> replaced(const Object& members) {
  std::vector<std::size_t> found;
  if (members.size() <= kPairsMax) {
    for (std::size_t i = 0; i + 1 < members.size(); ++i) {
      bool again = std::any_of(members.begin() + static_cast<std::ptrdiff_t>(i) + 1, members.end(),
                               [&](const Member& m) { return m.name == members[i].name; });
      if (again) found.push_back(i);
    }
    return found;
  }
  std::vector<std::size_t> order(members.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    int compared = members[a].name.compare(members[b].name);
    return compared != 0 ? compared < 0 : a < b;
  });
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    if (members[order[i]].name == members[order[i + 1]].name) found.push_back(order[i]);
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool Builder::on_array_end(std::size_t count, error_code&) {
  auto first = values_.end() - static_cast<std::ptrdiff_t>(count);
  Array array(std::make_move_iterator(first), std::make_move_iterator(values_.end()));
  values_.erase(first, values_.end());
  values_.emplace_back(std::move(array));
  return true;
}

bool Builder::on_object_end(std::size_t count, error_code& error) {
  Object members;
  members.reserve(count);
  std::size_t first_value = values_.size() - count;
  std::size_t first_name = names_.size() - count;
  for (std::size_t i = 0; i < count; ++i) {
    members.push_back({std::move(names_[first_name + i]), std::move(values_[first_value + i])});
  }
  names_.resize(first_name);
  values_.resize(first_value);
  std::vector<std::size_t> dropped = replaced(members);
  if (!dropped.empty() && duplicates_ == Duplicates::refuse) {
    repeated_ = members[dropped.front()].name;
    error = boost::json::error::key_too_large;  // max_key_size is endless: no one else says it
    return false;
  }
  for (auto it = dropped.rbegin(); it != dropped.rend(); ++it) {
    members.erase(members.begin() + static_cast<std::ptrdiff_t>(*it));
  }
  values_.emplace_back(std::move(members));
  return true;
}

std::string_view reason(const error_code& code) {
  using boost::json::error;
  if (code == error::syntax) return "syntax error";
  if (code == error::extra_data) return "something after the end";
  if (code == error::incomplete) return "the text ends too early";
  if (code == error::exponent_overflow) return "exponent of a number beyond 32 bits";
  if (code == error::illegal_leading_surrogate) return "lone surrogate";
  if (code == error::illegal_trailing_surrogate) return "lone surrogate";
  if (code == error::expected_hex_digit) return "no hexadecimal digit";
  if (code == error::expected_utf16_escape) return "lone surrogate";
  return "not readable";
}

// A name in an error sentence is cut: it came from outside and may be long.
std::string shown(const std::string& name) {
  constexpr std::size_t kShownMax = 40;
  std::string text;
  std::size_t end = std::min(name.size(), kShownMax);
  while (end < name.size() && end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) {
    --end;
  }
  quote(std::string_view(name).substr(0, end), text);
  return text;
}

}  // namespace

base::Result<Value> parse(std::string_view text, const Limits& limits) {
  boost::json::parse_options options;
  options.max_depth = limits.depth_max;
  boost::json::basic_parser<Builder> parser(options, limits.duplicates);
  error_code error;
  std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = boost::json::error::extra_data;
  if (!error) return parser.handler().take();
  if (error == boost::json::error::too_deep) {
    return base::fail(base::Code::too_large, fmt::format("JSON: deeper than {} levels at byte {}",
                                                         limits.depth_max, read));
  }
  if (error == boost::json::error::key_too_large) {
    return base::fail(base::Code::invalid,
                      fmt::format("JSON: the name {} twice in the object that ends at byte {}",
                                  shown(parser.handler().repeated()), read));
  }
  bool foreign = read < text.size() && static_cast<unsigned char>(text[read]) >= 0x80;
  std::string_view why = error == boost::json::error::syntax && foreign
                             ? "no UTF-8, or a character outside of a string,"
                             : reason(error);
  return base::fail(base::Code::invalid, fmt::format("JSON: {} at byte {}", why, read));
}

}  // namespace refrain::json
