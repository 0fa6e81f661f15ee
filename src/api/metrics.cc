#include <array>
#include <string>

#include <fmt/format.h>

#include "api/metrics.h"
#include "api/native_json.h"

namespace refrain::api {
namespace {

using json::Value;

constexpr std::array<chat::Dialect, 5> kDialects = {
    chat::Dialect::openai_chat, chat::Dialect::openai_completion, chat::Dialect::openai_embedding,
    chat::Dialect::tgi, chat::Dialect::gkv};

Value number(std::uint64_t value) { return Value::of(value); }

std::uint64_t outcome(const std::array<std::uint64_t, serve::kOutcomes>& row,
                      serve::Outcome which) {
  return row[static_cast<std::size_t>(which)];
}

Value outcomes(const std::array<std::uint64_t, serve::kOutcomes>& row) {
  Value out;
  for (std::size_t i = 0; i < serve::kOutcomes; ++i) {
    out.set(serve::name(static_cast<serve::Outcome>(i)), number(row[i]));
  }
  return out;
}

Value latency(const base::Histogram::Snapshot& seconds) {
  Value out;
  out.set("count", number(seconds.count));
  out.set("p50_ms_max", Value::of(seconds.quantile(0.5) * 1000));
  out.set("p99_ms_max", Value::of(seconds.quantile(0.99) * 1000));
  return out;
}

// Embeddings are served beside completions; whoever watches wants one table of doors.
serve::Completions::Stats all_stats(const Context& context) {
  serve::Completions::Stats stats = context.completions.stats();
  auto row = context.embeddings.stats().outcomes;
  for (std::size_t i = 0; i < serve::kOutcomes; ++i) stats.outcomes[i] += row[i];
  stats.by_dialect[static_cast<std::size_t>(chat::Dialect::openai_embedding)] = row;
  return stats;
}

void line(std::string& out, std::string_view name, std::string_view labels, double value) {
  out += fmt::format("refrain_{}{} {}\n", name, labels, value);
}

void head(std::string& out, std::string_view name, std::string_view kind, std::string_view help) {
  out += fmt::format("# HELP refrain_{} {}\n# TYPE refrain_{} {}\n", name, help, name, kind);
}

void one(std::string& out, std::string_view name, std::string_view kind, std::string_view help,
         double value) {
  head(out, name, kind, help);
  line(out, name, "", value);
}

void histogram(std::string& out, std::string_view labels, const base::Histogram::Snapshot& seen) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + 1 < base::Histogram::kBuckets; ++i) {
    sum += seen.counts[i];
    out += fmt::format("refrain_request_seconds_bucket{{{},le=\"{}\"}} {}\n", labels,
                       base::Histogram::upper_bound(i), sum);
  }
  out += fmt::format("refrain_request_seconds_bucket{{{},le=\"+Inf\"}} {}\n", labels, seen.count);
  out += fmt::format("refrain_request_seconds_sum{{{}}} {}\n", labels, seen.sum_seconds);
  out += fmt::format("refrain_request_seconds_count{{{}}} {}\n", labels, seen.count);
}

void cache_metrics(const serve::Entries& entries, std::string& out) {
  cache::Stats stats = entries.cache_stats();
  auto as = [](std::uint64_t value) { return static_cast<double>(value); };
  one(out, "entries", "gauge", "Entries in the store.", as(stats.store.records));
  one(out, "store_bytes", "gauge", "Bytes of the store on disk.", as(stats.store.bytes));
  one(out, "store_bytes_max", "gauge", "Limit of the store (--disk-max).",
      as(stats.store.bytes_max));
  one(out, "store_commits_total", "counter", "Transactions.", as(stats.store.commits));
  one(out, "store_evicted_total", "counter", "Entries evicted for room.", as(stats.store.evicted));
  one(out, "store_expired_total", "counter", "Entries past their time.", as(stats.store.expired));
  one(out, "store_corrupt_total", "counter", "Entries dropped for a wrong checksum.",
      as(stats.store.corrupt));
  one(out, "store_failed_total", "counter", "Batches that could not be written.",
      as(stats.store.failed));
  one(out, "offers_total", "counter", "Answers offered to the cache.", as(stats.offers));
  one(out, "offers_lost_total", "counter", "Answers that were not stored.", as(stats.offers_lost));
  one(out, "limit_evicted_total", "counter", "Entries evicted by a scope's limit.",
      as(stats.evicted_by_limit));
  one(out, "semantic_errors_total", "counter", "Semantic look-ups that failed.",
      as(stats.semantic_errors));
  one(out, "index_vectors", "gauge", "Vectors in the index.", as(stats.index.entries));
  one(out, "index_bytes", "gauge", "Memory of the index.", as(stats.index.bytes));
  one(out, "index_spaces", "gauge", "Spaces of the index.", as(stats.index.spaces));
  one(out, "index_graphs", "gauge", "Spaces that have grown into graphs.", as(stats.index.graphs));
  one(out, "front_bytes", "gauge", "Bytes of the memory front.", as(stats.front.bytes));
  one(out, "front_bytes_max", "gauge", "Limit of the memory front (--memory-max).",
      as(stats.front.bytes_max));
  one(out, "front_entries", "gauge", "Entries of the memory front.", as(stats.front.entries));
}

}  // namespace

std::string metrics(const Context& context) {
  serve::Completions::Stats stats = all_stats(context);
  std::string out;
  head(out, "requests_total", "counter", "Requests by door and outcome.");
  for (chat::Dialect dialect : kDialects) {
    const auto& row = stats.by_dialect[static_cast<std::size_t>(dialect)];
    for (std::size_t i = 0; i < serve::kOutcomes; ++i) {
      line(out, "requests_total",
           fmt::format("{{door=\"{}\",outcome=\"{}\"}}", chat::name(dialect),
                       serve::name(static_cast<serve::Outcome>(i))),
           static_cast<double>(row[i]));
    }
  }
  head(out, "hits_total", "counter", "Hits by tier.");
  line(out, "hits_total", "{tier=\"exact\"}", static_cast<double>(stats.exact_hits));
  line(out, "hits_total", "{tier=\"semantic\"}", static_cast<double>(stats.semantic_hits));
  head(out, "request_seconds", "histogram", "Time to the decision or to the end of the answer.");
  histogram(out, "tier=\"exact\"", stats.exact_seconds);
  histogram(out, "tier=\"semantic\"", stats.semantic_seconds);
  histogram(out, "tier=\"generated\"", stats.generated_seconds);
  one(out, "flights", "gauge", "Answers in the making.", static_cast<double>(stats.in_flight));
  one(out, "answers_failed_total", "counter", "Answers that ended in an error.",
      static_cast<double>(stats.failed));
  one(out, "answers_refused_total", "counter", "Errors of the upstream that were passed on.",
      static_cast<double>(stats.refused));
  one(out, "answers_stored_total", "counter", "Answers that were kept.",
      static_cast<double>(stats.stored));
  one(out, "answers_not_stored_total", "counter", "Answers that may not be kept.",
      static_cast<double>(stats.not_stored));
  one(out, "lookup_deadlines_total", "counter",
      "Look-ups that took too long and counted as a miss.",
      static_cast<double>(stats.lookup_deadlines));
  one(out, "tokens_saved_total", "counter", "Tokens of answers that were not generated again.",
      static_cast<double>(stats.tokens_saved));
  one(out, "seconds_saved_total", "counter",
      "What generating the answers of hits took once, less what the hits took.",
      static_cast<double>(stats.milliseconds_saved) / 1000);
  serve::Embeddings::Stats embeddings = context.embeddings.stats();
  one(out, "embedding_inputs_total", "counter", "Inputs of /v1/embeddings.",
      static_cast<double>(embeddings.inputs));
  one(out, "embedding_inputs_cached_total", "counter", "Of these, from the cache.",
      static_cast<double>(embeddings.inputs_cached));
  cache_metrics(context.entries, out);
  if (context.more_metrics) context.more_metrics(out);
  return out;
}

json::Value native::write_stats(const Context& context) {
  serve::Completions::Stats stats = all_stats(context);
  cache::Stats cache = context.entries.cache_stats();
  Value out;
  out.set("version", context.version);
  out.set("outcomes", outcomes(stats.outcomes));
  Value doors;
  for (chat::Dialect dialect : kDialects) {
    doors.set(chat::name(dialect), outcomes(stats.by_dialect[static_cast<std::size_t>(dialect)]));
  }
  out.set("doors", std::move(doors));
  const auto& gkv = stats.by_dialect[static_cast<std::size_t>(chat::Dialect::gkv)];
  Value legacy;
  std::uint64_t total = 0;
  for (std::uint64_t value : gkv) total += value;
  legacy.set("total_requests", number(total));
  legacy.set("user_hits", number(stats.user_hits));
  legacy.set("global_hits", number(stats.global_hits));
  legacy.set("misses", number(outcome(gkv, serve::Outcome::miss)));
  out.set("gkv", std::move(legacy));
  Value tiers;
  tiers.set("exact", latency(stats.exact_seconds));
  tiers.set("semantic", latency(stats.semantic_seconds));
  tiers.set("generated", latency(stats.generated_seconds));
  out.set("tiers", std::move(tiers));
  out.set("tokens_saved", number(stats.tokens_saved));
  out.set("milliseconds_saved", number(stats.milliseconds_saved));
  out.set("in_flight", number(stats.in_flight));
  out.set("failed", number(stats.failed));
  out.set("refused", number(stats.refused));
  out.set("entries", number(cache.store.records));
  out.set("store_bytes", number(cache.store.bytes));
  out.set("vectors", number(cache.index.entries));
  out.set("memory_entries", number(cache.front.entries));
  out.set("memory_bytes", number(cache.front.bytes));
  out.set("semantic_errors", number(cache.semantic_errors));
  out.set("offers_lost", number(cache.offers_lost));
  out.set("evicted_by_limit", number(cache.evicted_by_limit));
  return out;
}

}  // namespace refrain::api
