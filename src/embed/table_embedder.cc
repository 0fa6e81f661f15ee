#include "embed/table_embedder.h"

#include <fstream>

#include <fmt/format.h>

#include "base/hash.h"
#include "embed/unit.h"
#include "json/value.h"

namespace refrain::embed {

using base::Code;
using base::fail;

base::Result<> TableEmbedder::add(std::string_view line) {
  TRY(row, json::parse(line));
  const json::Value* text = row.find("text");
  const json::Value* numbers = row.find("vector");
  if (!text || !text->is_string() || !numbers || !numbers->is_array()) {
    return fail(Code::invalid, "an object with 'text' and 'vector' is wanted");
  }
  std::vector<float> vector;
  for (const json::Value& number : *numbers->array()) {
    std::optional<double> value = number.as_double();
    if (!value) return fail(Code::invalid, "'vector' must hold numbers only");
    vector.push_back(static_cast<float>(*value));
  }
  if (!make_unit(vector)) return fail(Code::invalid, "'vector' has no direction");
  if (info_.dim == 0) info_.dim = vector.size();
  if (vector.size() != info_.dim) {
    return fail(Code::invalid, fmt::format("'vector' has {} numbers, the first one has {}",
                                           vector.size(), info_.dim));
  }
  rows_[*text->string()] = std::move(vector);
  return {};
}

base::Result<std::unique_ptr<TableEmbedder>> TableEmbedder::open(const std::string& file) {
  std::ifstream in(file);
  if (!in) return fail(Code::io, fmt::format("table {}: cannot be opened", file));
  std::unique_ptr<TableEmbedder> table(new TableEmbedder());
  std::size_t number = 0;
  std::string all;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (base::Result<> added = table->add(line); !added) {
      return fail(added.error().code,
                  fmt::format("table {} line {}: {}", file, number, added.error().what));
    }
    all += line;
  }
  if (table->rows_.empty()) return fail(Code::invalid, fmt::format("table {}: no lines", file));
  table->info_.revision = base::hex(base::hash64(all));
  return table;
}

base::Result<Matrix> TableEmbedder::embed(const base::Call&,
                                          std::span<const std::string_view> texts) {
  calls_.add();
  Matrix out;
  out.rows = texts.size();
  out.cols = info_.dim;
  for (std::string_view text : texts) {
    auto found = rows_.find(std::string(text));
    if (found == rows_.end()) {
      errors_.add();
      return fail(Code::invalid,
                  fmt::format("the table has no vector for this text of {} bytes", text.size()));
    }
    out.data.insert(out.data.end(), found->second.begin(), found->second.end());
  }
  texts_.add(texts.size());
  return out;
}

Stats TableEmbedder::stats() const {
  Stats stats;
  stats.texts = texts_.value();
  stats.calls = calls_.value();
  stats.errors = errors_.value();
  return stats;
}

}  // namespace refrain::embed
