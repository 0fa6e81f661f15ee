#include "embed/table_embedder.h"

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <mutex>

#include <fmt/format.h>

#include "base/hash.h"
#include "embed/unit.h"
#include "json/value.h"

namespace refrain::embed {

using base::Code;
using base::fail;

namespace {

constexpr double kDelayMax = 60'000;

base::Result<std::chrono::milliseconds> delay_of(const json::Value& row) {
  const json::Value* delay = row.find("delay_ms");
  if (!delay) return std::chrono::milliseconds(0);
  std::optional<double> value = delay->as_double();
  if (!value || *value < 0 || *value > kDelayMax) {
    return fail(Code::invalid, fmt::format("'delay_ms' must be a number from 0 to {}", kDelayMax));
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(*value));
}

// Blocks the caller as an embedder at work would, and no longer than the caller would wait for one.
base::Result<> wait(const base::Call& call, std::chrono::milliseconds delay) {
  std::mutex lock;
  std::condition_variable_any never;
  std::unique_lock guard(lock);
  base::Instant done = base::SystemClock().now() + delay;
  never.wait_until(guard, call.stop, std::min(done, call.deadline), [] { return false; });
  if (call.stop.stop_requested()) return fail(Code::cancelled, "embedding was cancelled");
  if (call.deadline >= done) return {};
  return fail(Code::deadline, fmt::format("the deadline passed within the table's delay of {} ms",
                                          delay.count()));
}

}  // namespace

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
  TRY(delay, delay_of(row));
  rows_[*text->string()] = {std::move(vector), delay};
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

base::Result<Matrix> TableEmbedder::embed(const base::Call& call,
                                          std::span<const std::string_view> texts) {
  calls_.add();
  Matrix out;
  out.rows = texts.size();
  out.cols = info_.dim;
  std::chrono::milliseconds delay{};
  for (std::string_view text : texts) {
    auto found = rows_.find(std::string(text));
    if (found == rows_.end()) {
      errors_.add();
      return fail(Code::invalid,
                  fmt::format("the table has no vector for this text of {} bytes", text.size()));
    }
    const Row& row = found->second;
    out.data.insert(out.data.end(), row.vector.begin(), row.vector.end());
    delay += row.delay;
  }
  if (delay.count() > 0) {
    base::Result<> waited = wait(call, delay);
    if (!waited && waited.error().code == Code::deadline) deadlines_.add();
    if (!waited) return std::unexpected(std::move(waited).error());
  }
  texts_.add(texts.size());
  return out;
}

Stats TableEmbedder::stats() const {
  Stats stats;
  stats.texts = texts_.value();
  stats.calls = calls_.value();
  stats.errors = errors_.value();
  stats.deadlines = deadlines_.value();
  return stats;
}

}  // namespace refrain::embed
