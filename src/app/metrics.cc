#include "app/metrics.h"

#include <fmt/format.h>

namespace refrain::app {
namespace {

void line(std::string& out, std::string_view kind, std::string_view name, std::string_view help,
          double value) {
  out += fmt::format("# HELP refrain_{} {}\n# TYPE refrain_{} {}\nrefrain_{} {}\n", name, help,
                     name, kind, name, value);
}

void counter(std::string& out, std::string_view name, std::string_view help, std::uint64_t value) {
  line(out, "counter", name, help, static_cast<double>(value));
}

void gauge(std::string& out, std::string_view name, std::string_view help, double value) {
  line(out, "gauge", name, help, value);
}

}  // namespace

void append(const net::Stats& stats, std::string& out) {
  gauge(out, "http_connections", "Open connections.", static_cast<double>(stats.connections_open));
  gauge(out, "http_requests_open", "Requests being answered.",
        static_cast<double>(stats.requests_open));
  counter(out, "http_connections_total", "Connections accepted.", stats.connections_accepted);
  counter(out, "http_requests_total", "Requests.", stats.requests);
  counter(out, "http_answered_at_once_total", "Requests answered by the thread that read them.",
          stats.answered_at_once);
  counter(out, "http_refused_busy_total", "503: too many open requests.", stats.refused_busy);
  counter(out, "http_refused_body_total", "413: body over its limit.", stats.refused_body);
  counter(out, "http_refused_header_total", "431: head over its limit.", stats.refused_header);
  counter(out, "http_refused_bad_total", "Requests that are no HTTP.", stats.refused_bad);
  counter(out, "http_timeouts_total", "Connections that were too slow.",
          stats.timeouts_header + stats.timeouts_body + stats.timeouts_write);
  counter(out, "http_clients_left_total", "Clients that left before their reply.",
          stats.clients_left);
  counter(out, "http_received_bytes_total", "Bytes in.", stats.bytes_in);
  counter(out, "http_sent_bytes_total", "Bytes out.", stats.bytes_out);
}

void append(const fetch::Stats& stats, std::string& out) {
  gauge(out, "fetch_open", "Transfers from upstreams.", static_cast<double>(stats.open));
  counter(out, "fetch_started_total", "Transfers begun.", stats.started);
  counter(out, "fetch_unavailable_total", "No connection.", stats.unavailable);
  counter(out, "fetch_deadline_total", "Too slow.", stats.deadline);
  counter(out, "fetch_cut_total", "Replies that were cut.", stats.cut);
  counter(out, "fetch_cancelled_total", "Transfers that nobody wanted any more.", stats.cancelled);
  counter(out, "fetch_refused_total", "Transfers over the limit.", stats.refused);
}

void append(const upstream::Stats& stats, std::string& out) {
  counter(out, "upstream_requests_total", "Requests to model APIs.", stats.requests);
  counter(out, "upstream_answered_total", "Answers.", stats.answered);
  counter(out, "upstream_refused_total", "Error replies, passed on.", stats.refused);
  counter(out, "upstream_failed_total", "Failures.", stats.failed);
  counter(out, "upstream_retries_total", "Retries.", stats.retries);
  counter(out, "upstream_retries_denied_total", "Retries over the budget.", stats.retries_denied);
}

void append(const embed::Stats& stats, std::string& out) {
  counter(out, "embed_texts_total", "Texts embedded.", stats.texts);
  counter(out, "embed_errors_total", "Embeddings that failed.", stats.errors);
  counter(out, "embed_deadlines_total", "Embeddings that were too late.", stats.deadlines);
  counter(out, "embed_refused_total", "Embeddings over the queue's limit.", stats.refused);
}

namespace {

void histogram(std::string& out, std::string_view name, std::string_view help,
               const base::Histogram::Snapshot& values) {
  out += fmt::format("# HELP refrain_{} {}\n# TYPE refrain_{} histogram\n", name, help, name);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i + 1 < values.counts.size(); ++i) {
    below += values.counts[i];
    out += fmt::format("refrain_{}_bucket{{le=\"{}\"}} {}\n", name,
                       base::Histogram::upper_bound(i), below);
  }
  out += fmt::format("refrain_{0}_bucket{{le=\"+Inf\"}} {1}\nrefrain_{0}_sum {2}\n"
                     "refrain_{0}_count {1}\n",
                     name, values.count, values.sum_seconds);
}

}  // namespace

void append(const engine::Stats& stats, std::string& out) {
  counter(out, "engine_requests_total", "Requests to the embedded model.", stats.requests);
  counter(out, "engine_answered_total", "Answers.", stats.answered);
  counter(out, "engine_failed_total", "Requests that could not be answered.", stats.failed);
  counter(out, "engine_busy_total", "Requests beyond the queue.", stats.busy);
  counter(out, "engine_cancelled_total", "Answers that all readers left.", stats.cancelled);
  counter(out, "engine_deadlines_total", "Answers that were too late.", stats.deadlines);
  counter(out, "engine_prefilled_tokens_total", "Prompt tokens computed.", stats.prefilled_tokens);
  counter(out, "engine_decoded_tokens_total", "Answer tokens computed.", stats.decoded_tokens);
  counter(out, "engine_shared_tokens_total", "Prompt tokens that lay in cells.",
          stats.shared_tokens);
  counter(out, "engine_restored_tokens_total", "Prompt tokens put back.", stats.restored_tokens);
  counter(out, "engine_disk_tokens_total", "Prompt tokens read from disk.", stats.disk_tokens);
  counter(out, "engine_restores_failed_total", "Restores that were computed instead.",
          stats.restores_failed);
  counter(out, "engine_preempted_total", "Answers paused for want of cells.", stats.preempted);
  counter(out, "engine_evicted_total", "Kept sequences that made room.", stats.evicted);
  counter(out, "engine_steps_total", "Batches computed.", stats.steps);
  counter(out, "engine_saved_blocks_total", "Blocks given to the block store.",
          stats.saved_blocks);
  counter(out, "engine_saves_abandoned_total", "Prompts that were not saved.",
          stats.saves_abandoned);
  gauge(out, "engine_waiting", "Prompts that wait.", static_cast<double>(stats.waiting));
  gauge(out, "engine_running", "Answers being written.", static_cast<double>(stats.running));
  gauge(out, "engine_cells", "Cells of the context.", static_cast<double>(stats.cells));
  gauge(out, "engine_cells_used", "Cells in use.", static_cast<double>(stats.cells_used));
  gauge(out, "engine_sequences_kept", "Finished sequences in the cells.",
        static_cast<double>(stats.kept));
  gauge(out, "engine_blocks", "Blocks of prompt KV.", static_cast<double>(stats.blocks.blocks));
  gauge(out, "engine_block_bytes", "Their bytes.", static_cast<double>(stats.blocks.bytes));
  histogram(out, "engine_step_seconds", "Of one batch.", stats.step_seconds);
  histogram(out, "engine_first_token_seconds", "From the request to its first token.",
            stats.first_token_seconds);
  histogram(out, "engine_restore_seconds", "Of one restored piece.", stats.restore_seconds);
}

}  // namespace refrain::app
