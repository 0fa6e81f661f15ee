#include <array>
#include <string>

#include <fmt/format.h>

#include "api/metrics.h"
#include "api/metrics_text.h"
#include "api/native_json.h"
#include "api/trust_report.h"

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

// The policy is a label, so that two servers or two days with different ones can be told apart.
void front_metrics(const cache::Front::Stats& front, std::string& out) {
  const std::string policy = fmt::format("policy=\"{}\"", front.policy);
  auto one = [&](std::string_view name, std::string_view kind, std::string_view help,
                 std::uint64_t value) {
    heading(out, name, kind, help);
    sample(out, name, policy, static_cast<double>(value));
  };
  one("front_hits_total", "counter", "Look-ups that the memory front answered.", front.hits);
  one("front_misses_total", "counter", "Look-ups that it did not.", front.misses);
  one("front_evicted_total", "counter", "Entries that left for room.", front.evicted);
  one("front_refused_total", "counter", "Entries too large for a shard of it.", front.refused);
}

void cache_metrics(const serve::Entries& entries, std::string& out) {
  cache::Stats stats = entries.cache_stats();
  gauge(out, "entries", "Entries in the store.", static_cast<double>(stats.store.records));
  gauge(out, "store_bytes", "Bytes of the store on disk.", static_cast<double>(stats.store.bytes));
  gauge(out, "store_bytes_max", "Limit of the store (--disk-max).",
        static_cast<double>(stats.store.bytes_max));
  counter(out, "store_commits_total", "Transactions.", stats.store.commits);
  counter(out, "store_evicted_total", "Entries evicted for room.", stats.store.evicted);
  counter(out, "store_expired_total", "Entries past their time.", stats.store.expired);
  counter(out, "store_corrupt_total", "Entries dropped for a wrong checksum.", stats.store.corrupt);
  counter(out, "store_failed_total", "Batches that could not be written.", stats.store.failed);
  counter(out, "offers_total", "Answers offered to the cache.", stats.offers);
  counter(out, "offers_lost_total", "Answers that were not stored.", stats.offers_lost);
  counter(out, "limit_evicted_total", "Entries evicted by a scope's limit.",
          stats.evicted_by_limit);
  counter(out, "semantic_errors_total", "Semantic look-ups that failed.", stats.semantic_errors);
  gauge(out, "index_vectors", "Vectors in the index.", static_cast<double>(stats.index.entries));
  gauge(out, "index_bytes", "Memory of the index.", static_cast<double>(stats.index.bytes));
  gauge(out, "index_spaces", "Spaces of the index.", static_cast<double>(stats.index.spaces));
  gauge(out, "index_graphs", "Spaces that have grown into graphs.",
        static_cast<double>(stats.index.graphs));
  counter(out, "index_searches_total", "Searches of spaces in the index.", stats.index.searches);
  counter(out, "index_in_reach_total",
          "Vectors of the spaces that were searched: no search looks at others.",
          stats.index.in_reach);
  gauge(out, "front_bytes", "Bytes of the memory front.", static_cast<double>(stats.front.bytes));
  gauge(out, "front_bytes_max", "Limit of the memory front (--memory-max).",
        static_cast<double>(stats.front.bytes_max));
  gauge(out, "front_entries", "Entries of the memory front.",
        static_cast<double>(stats.front.entries));
  front_metrics(stats.front, out);
}

}  // namespace

std::string metrics(const Context& context) {
  serve::Completions::Stats stats = all_stats(context);
  std::string out;
  heading(out, "requests_total", "counter", "Requests by door and outcome.");
  for (chat::Dialect dialect : kDialects) {
    const auto& row = stats.by_dialect[static_cast<std::size_t>(dialect)];
    for (std::size_t i = 0; i < serve::kOutcomes; ++i) {
      sample(out, "requests_total",
           fmt::format("door=\"{}\",outcome=\"{}\"", chat::name(dialect),
                       serve::name(static_cast<serve::Outcome>(i))),
           static_cast<double>(row[i]));
    }
  }
  heading(out, "hits_total", "counter", "Hits by tier.");
  sample(out, "hits_total", "tier=\"exact\"", static_cast<double>(stats.exact_hits));
  sample(out, "hits_total", "tier=\"semantic\"", static_cast<double>(stats.semantic_hits));
  heading(out, "request_seconds", "histogram", "Time to the decision or to the end of the answer.");
  histogram(out, "request_seconds", "tier=\"exact\"", stats.exact_seconds);
  histogram(out, "request_seconds", "tier=\"semantic\"", stats.semantic_seconds);
  histogram(out, "request_seconds", "tier=\"generated\"", stats.generated_seconds);
  gauge(out, "flights", "Answers in the making.", static_cast<double>(stats.in_flight));
  counter(out, "answers_failed_total", "Answers that ended in an error.", stats.failed);
  counter(out, "answers_refused_total", "Errors of the upstream that were passed on.",
          stats.refused);
  counter(out, "answers_stored_total", "Answers that were kept.", stats.stored);
  counter(out, "answers_not_stored_total", "Answers that may not be kept.", stats.not_stored);
  counter(out, "lookup_deadlines_total", "Look-ups that took too long and counted as a miss.",
          stats.lookup_deadlines);
  counter(out, "tokens_saved_total", "Tokens of answers that were not generated again.",
          stats.tokens_saved);
  counter_seconds(out, "seconds_saved_total",
                  "What generating the answers of hits took once, less what the hits took.",
                  static_cast<double>(stats.milliseconds_saved) / 1000);
  serve::Embeddings::Stats embeddings = context.embeddings.stats();
  counter(out, "embedding_inputs_total", "Inputs of /v1/embeddings.", embeddings.inputs);
  counter(out, "embedding_inputs_cached_total", "Of these, from the cache.",
          embeddings.inputs_cached);
  cache_metrics(context.entries, out);
  trust_metrics(context.entries.cache_stats().trust, out);
  if (context.more_metrics) context.more_metrics(out);
  return out;
}

json::Value native::write_stats(const Context& context, std::string_view tenant) {
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
  out.set("decision", write_trust(cache.trust, tenant));
  return out;
}

}  // namespace refrain::api
