// The text is the identity: fields are written in one fixed order, the digest is taken of those
// bytes, and reading them back is strict, so that two texts of one fingerprint cannot exist. A
// field that is added later gets a new line at the end and a new format version of the manifest.
#include "kv/fingerprint.h"

#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace refrain::kv {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::size_t kTextMax = 4096;        // of one field
constexpr std::uint32_t kRowMax = 1U << 30U;  // bytes of one token's row
constexpr std::uint32_t kPackedNumbers = 32;  // in one block of q8_0 and q4_0

// Visits every field in the order of the text. Fields: std::string, std::uint32_t, Dtype, bool.
template <class Print, class Visit>
void visit(Print& print, Visit&& field) {
  field("model", print.model);
  field("weights", print.weights);
  field("weights_type", print.weights_type);
  field("architecture", print.architecture);
  field("tokenizer", print.tokenizer);
  field("adapters", print.adapters);
  field("attention", print.attention);
  field("rope", print.rope);
  field("rope_base", print.rope_base);
  field("rope_scaling", print.rope_scaling);
  field("rope_dim", print.rope_dim);
  field("layers", print.layers);
  field("kv_heads", print.kv_heads);
  field("key_dim", print.key_dim);
  field("value_dim", print.value_dim);
  field("key_type", print.key_type);
  field("value_type", print.value_type);
  field("keys_rotated", print.keys_rotated);
  field("layout", print.layout);
  field("engine", print.engine);
}

std::string shown(const std::string& value) {
  std::string line = value.substr(0, kTextMax);
  for (char& sign : line) {
    if (static_cast<unsigned char>(sign) < 0x20) sign = ' ';
  }
  return line;
}
std::string shown(std::uint32_t value) { return fmt::to_string(value); }
std::string shown(Dtype value) { return std::string(name(value)); }
std::string shown(bool value) { return value ? "1" : "0"; }

bool read(std::string_view text, std::string& out) {
  out = text;
  return text.size() <= kTextMax && shown(out) == text;
}
bool read(std::string_view text, std::uint32_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && shown(out) == text;
}
bool read(std::string_view text, Dtype& out) {
  const std::optional<Dtype> type = parse_dtype(text);
  if (type) out = *type;
  return type.has_value();
}
bool read(std::string_view text, bool& out) {
  out = text == "1";
  return text == "1" || text == "0";
}

std::optional<std::uint32_t> row(std::uint32_t heads, std::uint32_t dim, Dtype type) {
  const std::uint64_t numbers = std::uint64_t{heads} * dim;
  const std::uint32_t each = bytes_of(type);
  if (numbers > kRowMax) return std::nullopt;
  if (each != 0) {
    const std::uint64_t bytes = numbers * each;
    return bytes > kRowMax ? std::nullopt : std::optional(static_cast<std::uint32_t>(bytes));
  }
  if (numbers % kPackedNumbers != 0) return std::nullopt;
  const std::uint32_t block = type == Dtype::q8_0 ? 34 : 18;  // a half scale and the numbers
  const std::uint64_t bytes = numbers / kPackedNumbers * block;
  return bytes > kRowMax ? std::nullopt : std::optional(static_cast<std::uint32_t>(bytes));
}

}  // namespace

std::string text(const Fingerprint& fingerprint) {
  std::string out;
  visit(fingerprint, [&](std::string_view name, const auto& value) {
    out += fmt::format("{}={}\n", name, shown(value));
  });
  return out;
}

Result<Fingerprint> parse_fingerprint(std::string_view text) {
  Fingerprint out;
  std::string problem;
  visit(out, [&](std::string_view name, auto& value) {
    if (!problem.empty()) return;
    const std::string_view line = text.substr(0, text.find('\n'));
    const std::size_t equals = line.find('=');
    const bool named = equals != line.npos && line.substr(0, equals) == name;
    if (line.size() == text.size() || !named || !read(line.substr(equals + 1), value)) {
      problem = fmt::format("fingerprint: the line '{}' is not {}", line.substr(0, 80), name);
      return;
    }
    text.remove_prefix(line.size() + 1);
  });
  if (problem.empty() && !text.empty())
    problem = "fingerprint: there is more behind the last field";
  if (!problem.empty()) return fail(Code::corrupt, std::move(problem));
  return out;
}

base::Digest digest(const Fingerprint& fingerprint) { return base::digest(text(fingerprint)); }

std::string difference(const Fingerprint& found, const Fingerprint& wanted) {
  std::string left = text(found), right = text(wanted);
  std::string_view a = left, b = right;
  while (!a.empty() && !b.empty()) {
    const std::string_view line = a.substr(0, a.find('\n')), other = b.substr(0, b.find('\n'));
    if (line != other) {
      const std::size_t equals = line.find('=');
      return fmt::format("{} is '{}', wanted '{}'", line.substr(0, equals), line.substr(equals + 1),
                         other.substr(equals + 1));
    }
    a.remove_prefix(line.size() + 1);
    b.remove_prefix(other.size() + 1);
  }
  return "";
}

Result<RowBytes> row_bytes(const Fingerprint& print) {
  const auto key = row(print.kv_heads, print.key_dim, print.key_type);
  const auto value = row(print.kv_heads, print.value_dim, print.value_type);
  if (!key || !value || *key == 0 || *value == 0) {
    return fail(
        Code::invalid,
        fmt::format("{} heads of {} and {} numbers in {} and {} make no rows", print.kv_heads,
                    print.key_dim, print.value_dim, name(print.key_type), name(print.value_type)));
  }
  return RowBytes{*key, *value};
}

}  // namespace refrain::kv
