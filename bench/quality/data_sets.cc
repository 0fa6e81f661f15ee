#include "quality/data_sets.h"

#include <fmt/format.h>
#include <zlib.h>

#include <memory>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "json/value.h"

namespace refrain::quality {
namespace {

/// zlib reads a plain file as it is.
base::Result<std::string> read_file(const std::string& file) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> in(gzopen(file.c_str(), "rb"), gzclose);
  if (!in) return base::fail(base::Code::io, "cannot open " + file);
  std::string text;
  char block[1U << 16U];
  int got = 0;
  while ((got = gzread(in.get(), block, sizeof block)) > 0) {
    text.append(block, static_cast<std::size_t>(got));
  }
  if (got < 0) return base::fail(base::Code::io, "cannot read " + file);
  return text;
}

base::Result<std::vector<json::Value>> read_rows(const std::string& file) {
  TRY(text, read_file(file));
  std::vector<json::Value> rows;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) {
      base::Result<json::Value> row = json::parse(std::string_view(text).substr(at, end - at));
      if (!row) {
        return base::fail(base::Code::corrupt,
                          fmt::format("{} row {}: {}", file, rows.size() + 1, row.error().what));
      }
      rows.push_back(std::move(*row));
    }
    at = end + 1;
  }
  return rows;
}

class Components {
 public:
  std::size_t of(const std::string& text) {
    const auto [found, added] = at_.try_emplace(text, parent_.size());
    if (added) parent_.push_back(found->second);
    return root(found->second);
  }
  void join(const std::string& a, const std::string& b) {
    const std::size_t one = of(a);
    const std::size_t other = of(b);
    parent_[std::max(one, other)] = std::min(one, other);
  }

 private:
  std::size_t root(std::size_t at) {
    while (parent_[at] != at) at = parent_[at] = parent_[parent_[at]];
    return at;
  }
  std::unordered_map<std::string, std::size_t> at_;
  std::vector<std::size_t> parent_;
};

}  // namespace

base::Result<PairSet> load_pairs(const std::string& file, std::string name) {
  TRY(rows, read_rows(file));
  PairSet set{std::move(name), {}};
  Components components;
  for (std::size_t at = 0; at < rows.size(); ++at) {
    const json::Value& row = rows[at];
    const json::Value* label = row.find("label");
    const std::optional<std::int64_t> same = label ? label->as_int() : std::nullopt;
    if (row.text("a").empty() || row.text("b").empty() || !same) {
      return base::fail(base::Code::corrupt,
                        fmt::format("{} row {}: a, b and label are asked for", file, at + 1));
    }
    std::string kind(row.text("kind"));
    if (kind.empty()) kind = row.text("src");
    if (kind.empty()) kind = row.text("split");
    set.pairs.push_back(
        {std::string(row.text("a")), std::string(row.text("b")), *same == 1, std::move(kind), 0});
    components.join(set.pairs.back().a, set.pairs.back().b);
  }
  for (Pair& pair : set.pairs) pair.group = components.of(pair.a);
  return set;
}

base::Result<Intents> load_intents(const std::string& file, std::string name) {
  TRY(rows, read_rows(file));
  Intents set{std::move(name), {}, {}};
  std::unordered_map<std::string, std::size_t> known;
  for (std::size_t at = 0; at < rows.size(); ++at) {
    std::string intent(rows[at].text("intent"));
    if (rows[at].text("text").empty() || intent.empty()) {
      return base::fail(base::Code::corrupt,
                        fmt::format("{} row {}: text and intent are asked for", file, at + 1));
    }
    const auto [found, added] = known.try_emplace(std::move(intent), set.classes.size());
    if (added) set.classes.push_back(found->first);
    set.utterances.push_back({std::string(rows[at].text("text")), found->second});
  }
  return set;
}

}  // namespace refrain::quality
