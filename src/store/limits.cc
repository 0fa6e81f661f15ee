#include "store/limits.h"

#include <algorithm>
#include <tuple>
#include <unordered_set>

#include <fmt/format.h>

namespace refrain::store {
namespace {

// Row headers, three keys, two index rows and the unused part of pages; docs/design/store.md.
constexpr std::uint64_t kRecordBytes = 250;

}  // namespace

std::uint64_t weight(const Record& record) {
  std::uint64_t tags = 0;
  for (const std::string& tag : record.tags) tags += tag.size() + 1;
  return kRecordBytes + record.canonical.size() + record.answer.size() + record.text.size() +
         record.vector.size() * sizeof(float) + record.embedder.size() + record.tenant.size() +
         record.user.size() + record.model.size() + record.dialect.size() + tags;
}

std::uint64_t batch_limit(const Options& options) noexcept {
  if (options.bytes_max == 0) return options.batch_bytes_max;
  return std::min(options.batch_bytes_max, options.bytes_max / 8);
}

Result<std::uint64_t> weigh(const Batch& batch, const Options& options, EntryId next_id) {
  std::uint64_t bytes = batch.erases.size() * sizeof(EntryId);
  std::unordered_set<EntryId> ids;
  for (const Record& record : batch.puts) {
    bytes += weight(record);
    if (record.id == 0) continue;
    if (record.id >= next_id) {
      return base::fail(base::Code::invalid,
                        fmt::format("entry {} was never allotted by this store", record.id));
    }
    if (!ids.insert(record.id).second) {
      return base::fail(base::Code::invalid,
                        fmt::format("entry {} is twice in one batch", record.id));
    }
  }
  for (const Embedding& embedding : batch.embeddings) {
    bytes += embedding.vector.size() * sizeof(float) + embedding.embedder.size();
    if (embedding.vector.empty()) {
      return base::fail(base::Code::invalid,
                        fmt::format("the embedding of entry {} is empty", embedding.id));
    }
  }
  if (bytes > batch_limit(options)) {
    return base::fail(base::Code::too_large,
                      fmt::format("a batch of {} bytes is over the store's limit of {} "
                                  "(batch_bytes_max, and an eighth of bytes_max)",
                                  bytes, batch_limit(options)));
  }
  return bytes;
}

double worth(const Options& options, const Facts& facts) {
  if (options.value) return options.value(facts);
  return static_cast<double>(facts.used.time_since_epoch().count());
}

Result<> check(const Call& call, const base::Clock& clock) {
  if (call.stop.stop_requested()) {
    return base::fail(base::Code::cancelled, "the request of the store was cancelled");
  }
  if (call.deadline != base::Instant::max() && clock.now() >= call.deadline) {
    return base::fail(base::Code::deadline, "the deadline passed before the store had answered");
  }
  return {};
}

std::vector<EntryId> least(std::span<Candidate> candidates, std::uint64_t bytes,
                           std::size_t count_max) {
  std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
    return std::tie(a.value, a.id) < std::tie(b.value, b.id);
  });
  std::vector<EntryId> out;
  std::uint64_t freed = 0;
  for (const Candidate& candidate : candidates) {
    if (freed >= bytes || out.size() >= count_max) break;
    freed += candidate.bytes;
    out.push_back(candidate.id);
  }
  return out;
}

}  // namespace refrain::store
