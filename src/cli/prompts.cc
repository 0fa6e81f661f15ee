#include "cli/prompts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "base/file.h"
#include "json/value.h"

namespace refrain::cli {
namespace {

using base::Code;
using base::fail;
using base::Result;
using Texts = std::vector<std::string>;

constexpr std::array<std::string_view, 8> kKeys = {
    "prompt", "input",    "question",  "RawQuestion", "ProcessedQuestion",
    "text",   "patterns", "utterances"};
constexpr std::array<std::string_view, 5> kLists = {"Questions", "questions", "data", "entries",
                                                    "intents"};

void take(const json::Value& item, Texts& out) {
  if (item.is_string()) {
    if (!item.string()->empty()) out.push_back(*item.string());
    return;
  }
  if (const json::Array* list = item.array()) {
    for (const json::Value& inner : *list) take(inner, out);
    return;
  }
  for (std::string_view key : kKeys) {
    const json::Value* value = item.find(key);
    if (!value || value->is_null()) continue;
    take(*value, out);
    return;
  }
}

Result<Texts> from_json(std::string_view text) {
  TRY(document, json::parse(text, {64, json::Duplicates::keep_last}));
  Texts out;
  for (std::string_view key : kLists) {
    if (const json::Value* list = document.find(key); list && list->is_array()) {
      take(*list, out);
      return out;
    }
  }
  take(document, out);
  return out;
}

Result<Texts> from_lines(std::string_view text) {
  Texts out;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    Result<json::Value> item = json::parse(line, {64, json::Duplicates::keep_last});
    if (!item) return fail(Code::invalid, fmt::format("line {}: {}", number, item.error().what));
    take(*item, out);
  }
  return out;
}

// One record of RFC 4180; text moves behind it. Errors: invalid (a quoted field without an end).
Result<std::vector<std::string>> csv_record(std::string_view& text) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  while (!text.empty()) {
    char c = text.front();
    text.remove_prefix(1);
    if (quoted) {
      if (c != '"') {
        fields.back() += c;
      } else if (!text.empty() && text.front() == '"') {
        fields.back() += '"';
        text.remove_prefix(1);
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      fields.emplace_back();
    } else if (c == '\n') {
      break;
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  if (quoted) return fail(Code::invalid, "a quoted field does not end");
  return fields;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

Result<Texts> from_csv(std::string_view text) {
  std::string_view whole = text;
  TRY(header, csv_record(text));
  std::optional<std::size_t> column;
  for (std::string_view wanted : {"prompt", "input", "question", "questions"}) {
    for (std::size_t i = 0; i < header.size() && !column; ++i) {
      if (lower(header[i]) == wanted) column = i;
    }
  }
  if (!column) {
    return fail(Code::invalid, fmt::format("no column prompt, input, question or questions; there "
                                           "are: {}",
                                           fmt::join(header, ", ")));
  }
  Texts out;
  while (!text.empty()) {
    auto line = 1 + std::ranges::count(whole.substr(0, whole.size() - text.size()), '\n');
    Result<std::vector<std::string>> record = csv_record(text);
    if (!record) return fail(Code::invalid, fmt::format("line {}: {}", line, record.error().what));
    if (*column < record->size() && !(*record)[*column].empty()) {
      out.push_back((*record)[*column]);
    }
  }
  return out;
}

}  // namespace

Result<Texts> read_prompts(const std::string& file) {
  TRY(bytes, base::read_file(file));
  std::string_view text = bytes;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Result<Texts> prompts = Texts{};
  if (file.ends_with(".jsonl")) {
    prompts = from_lines(text);
  } else if (file.ends_with(".json")) {
    prompts = from_json(text);
  } else if (file.ends_with(".csv")) {
    prompts = from_csv(text);
  } else {
    return fail(Code::invalid, fmt::format("{}: a file .jsonl, .json or .csv is wanted", file));
  }
  if (!prompts)
    return fail(prompts.error().code, fmt::format("{}: {}", file, prompts.error().what));
  if (prompts->empty()) return fail(Code::invalid, fmt::format("{}: no prompts found", file));
  return prompts;
}

}  // namespace refrain::cli
