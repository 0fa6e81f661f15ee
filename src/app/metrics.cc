#include "app/metrics.h"

#include "api/metrics_text.h"

namespace refrain::app {
using api::counter;
using api::gauge;
using api::heading;
using api::sample;

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
  gauge(out, "web_sockets", "Open WebSockets.", static_cast<double>(stats.web_open));
  counter(out, "web_messages_received_total", "Messages in.", stats.web_messages_in);
  counter(out, "web_messages_sent_total", "Messages out.", stats.web_messages_out);
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

void append(const values::Stats& stats, std::string& out) {
  auto bytes = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    gauge(out, name, help, static_cast<double>(value));
  };
  bytes("values_keys", "Keys of the RESP door.", stats.keys);
  bytes("values_memory_bytes", "Of values in memory.", stats.memory_bytes);
  bytes("values_disk_bytes", "Of values on the disk.", stats.disk_bytes);
  bytes("values_log_bytes", "Of the log of values.", stats.log_bytes);
  bytes("values_log_live_bytes", "Of it, still wanted.", stats.log_live_bytes);
  counter(out, "values_hits_total", "Values found.", stats.hits);
  counter(out, "values_misses_total", "Values not found.", stats.misses);
  counter(out, "values_cold_total", "Values found on the disk only.", stats.cold);
  counter(out, "values_puts_total", "Values stored.", stats.puts);
  counter(out, "values_erased_total", "Values removed.", stats.erased);
  counter(out, "values_expired_total", "Values whose life ended.", stats.expired);
  const std::string policy = "policy=\"" + stats.policy + "\"";
  heading(out, "values_evicted_memory_total", "counter", "Values that left memory.");
  sample(out, "values_evicted_memory_total", policy, static_cast<double>(stats.evicted_memory));
  heading(out, "values_evicted_disk_total", "counter", "Values that left for room.");
  sample(out, "values_evicted_disk_total", policy, static_cast<double>(stats.evicted_disk));
  counter(out, "values_corrupt_total", "Values with a wrong checksum.", stats.corrupt);
  counter(out, "values_errors_total", "Values that could not be read.", stats.errors);
  counter(out, "values_recopied_bytes_total", "Of the log, copied forward.", stats.recopied_bytes);
}

void append(const milvus::Stats& stats, std::string& out) {
  gauge(out, "milvus_reachable", "1 if its latest call was answered.", stats.reachable ? 1 : 0);
  gauge(out, "milvus_waiting", "Changes that it has not acknowledged.",
        static_cast<double>(stats.waiting));
  counter(out, "milvus_searches_total", "Searches.", stats.searches);
  counter(out, "milvus_skipped_total", "Searches not sent, since it did not answer lately.",
          stats.skipped);
  counter(out, "milvus_errors_total", "Calls that failed.", stats.errors);
  counter(out, "milvus_sent_total", "Vectors that it has acknowledged.", stats.sent);
  counter(out, "milvus_erased_total", "Erasures that it has acknowledged.", stats.erased);
  counter(out, "milvus_refused_total", "Changes for which there was no room.", stats.refused);
  counter(out, "milvus_followed_total", "Times that it was compared with the records.",
          stats.followed);
}

void append(const api::RespStats& stats, const net::Stats& lines, std::string& out) {
  gauge(out, "resp_connections", "Open RESP connections.", static_cast<double>(lines.lines_open));
  counter(out, "resp_commands_total", "Commands.", stats.commands);
  counter(out, "resp_errors_total", "Commands answered by an error.", stats.errors);
  counter(out, "resp_refused_auth_total", "Credentials that nobody has.", stats.refused_auth);
  counter(out, "resp_protocol_errors_total", "Connections that spoke nonsense.",
          stats.protocol_errors);
  counter(out, "resp_streamed_in_total", "Large values received.", stats.streamed_in);
  counter(out, "resp_streamed_out_total", "Large values sent.", stats.streamed_out);
  counter(out, "resp_cut_total", "Replies cut because a value was damaged.", stats.cut);
  counter(out, "resp_timeouts_total", "Connections that were too slow.", lines.line_timeouts);
  counter(out, "resp_received_bytes_total", "Bytes in.", lines.line_bytes_in);
  counter(out, "resp_sent_bytes_total", "Bytes out.", lines.line_bytes_out);
}

void append(const kv::Stats& stats, std::string& out) {
  gauge(out, "kv_blocks", "KV blocks kept.", static_cast<double>(stats.blocks));
  gauge(out, "kv_objects", "Named KV objects.", static_cast<double>(stats.objects));
  gauge(out, "kv_disk_bytes", "Bytes of KV files.", static_cast<double>(stats.disk_bytes));
  gauge(out, "kv_disk_bytes_max", "Limit of KV files (--kv-disk-max).",
        static_cast<double>(stats.disk_bytes_max));
  gauge(out, "kv_memory_bytes", "Bytes of KV in memory.", static_cast<double>(stats.memory_bytes));
  gauge(out, "kv_memory_bytes_max", "Limit of KV in memory (--kv-memory-max).",
        static_cast<double>(stats.memory_bytes_max));
  counter(out, "kv_lookups_total", "Prompts looked up.", stats.lookups);
  counter(out, "kv_lookup_tokens_total", "Tokens of these prompts.", stats.lookup_tokens);
  counter(out, "kv_hit_tokens_total", "Tokens found.", stats.hit_tokens);
  counter(out, "kv_loads_memory_total", "Blocks read from memory.", stats.loads_memory);
  counter(out, "kv_loads_disk_total", "Blocks and sections read from disk.", stats.loads_disk);
  counter(out, "kv_load_bytes_total", "Bytes read from disk.", stats.load_bytes);
  counter(out, "kv_blocks_written_total", "Blocks written.", stats.blocks_written);
  counter(out, "kv_blocks_shared_total", "Blocks that were there already.", stats.blocks_shared);
  counter(out, "kv_written_bytes_total", "Bytes written.", stats.bytes_written);
  counter(out, "kv_published_total", "Prompts and objects published.", stats.published);
  counter(out, "kv_refused_quota_total", "Uploads over a tenant's quota.", stats.refused_quota);
  counter(out, "kv_refused_size_total", "Objects over --kv-object-max.", stats.refused_size);
  counter(out, "kv_failed_total", "Changes that could not be written.", stats.failed);
  counter(out, "kv_evicted_blocks_total", "Blocks evicted for room.", stats.evicted_blocks);
  counter(out, "kv_evicted_objects_total", "Objects evicted for room.", stats.evicted_objects);
  counter(out, "kv_evicted_memory_total", "Blocks put out of memory.", stats.evicted_memory);
  counter(out, "kv_expired_total", "Objects past their time.", stats.expired);
  counter(out, "kv_corrupt_total", "Blocks and objects that failed a check, dropped.",
          stats.corrupt);
  counter(out, "kv_orphans_total", "Files without a row, swept at start.", stats.orphans);
  counter(out, "kv_lost_total", "Rows without a file, dropped at start.", stats.lost);
}

namespace {

void histogram(std::string& out, std::string_view name, std::string_view help,
               const base::Histogram::Snapshot& seen) {
  api::heading(out, name, "histogram", help);
  api::histogram(out, name, "", seen);
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
