#include "api/native_engine.h"

#include <fmt/format.h>

namespace refrain::api::native {
namespace {

using json::Value;

Value number(std::uint64_t value) { return Value::of(value); }

Value entry_view(serve::PromptKv& kv, const key::Tenant& tenant, const std::string& id) {
  const std::optional<engine::Entry> entry = kv.entry(tenant, id);
  Value out;
  out.set("hit", entry.has_value());
  if (!entry) return out;
  out.set("id", entry->id);
  out.set("req_id", entry->request_id);
  out.set("prefix_pos", number(entry->prefix_tokens));
  out.set("timestamp", base::rfc3339(entry->stored));
  out.set("last_accessed", base::rfc3339(entry->used));
  out.set("access_count", number(entry->hits));
  return out;
}

Value statistics(const serve::PromptKv& kv) {
  const engine::Stats stats = kv.engine()->stats();
  Value out;
  out.set("entries", number(stats.entries.entries));
  out.set("hits", number(stats.entries.hits));
  out.set("misses", number(stats.entries.misses));
  out.set("stores", number(stats.entries.stores));
  out.set("evictions", number(stats.entries.evictions));
  out.set("prefilled_tokens", number(stats.prefilled_tokens));
  out.set("reused_tokens", number(stats.reused_tokens()));
  out.set("reused_in_cells", number(stats.shared_tokens));
  out.set("restored_tokens", number(stats.restored_tokens));
  out.set("decoded_tokens", number(stats.decoded_tokens));
  out.set("cells", number(stats.cells));
  out.set("cells_used", Value::of(stats.cells_used));
  out.set("sequences_kept", Value::of(stats.kept));
  out.set("running", Value::of(stats.running));
  out.set("waiting", Value::of(stats.waiting));
  out.set("blocks", number(stats.blocks.blocks));
  out.set("block_bytes", number(stats.blocks.bytes));
  return out;
}

}  // namespace

base::Result<Value> engine_request(serve::PromptKv& kv, const key::Tenant& tenant,
                                   std::string_view path) {
  if (!kv.there()) {
    return base::fail(base::Code::not_found,
                      "this server has no model of its own: start refrain with --model FILE.gguf");
  }
  constexpr std::string_view kEntries = "/entries/";
  if (path.starts_with(kEntries)) {
    return entry_view(kv, tenant, std::string(path.substr(kEntries.size())));
  }
  if (path == "/statistics") return statistics(kv);
  if (path == "/clear") {
    TRY(cleared, kv.clear(tenant));
    Value out;
    out.set("cleared", number(cleared));
    out.set("success", true);
    return out;
  }
  return base::fail(base::Code::not_found, fmt::format("no route /refrain/v1/engine{}", path));
}

Value engine_view(const serve::PromptKv& kv) {
  Value out;
  out.set("there", kv.there());
  if (!kv.there()) return out;
  const engine::Engine& engine = *kv.engine();
  out.set("model", engine.model_name());
  out.set("architecture", engine.facts().architecture);
  out.set("quantisation", engine.facts().quantisation);
  out.set("context_tokens", number(engine.context_tokens()));
  out.set("reuse_in_cells", engine.trust().parts);
  out.set("reuse_restored", engine.trust().restores);
  if (!engine.trust().why_not.empty()) out.set("reason", engine.trust().why_not);
  return out;
}

}  // namespace refrain::api::native
