#include "store/store.h"

#include <algorithm>
#include <future>
#include <utility>

#include <fmt/format.h>

#include "store/memory_store.h"
#include "store/sqlite_store.h"

namespace refrain::store {
namespace {

constexpr std::uint64_t kBytesMin = 1 << 20;  // below, a few records fill the files' own overhead
constexpr std::chrono::hours kWaitMax{1};     // wait_until overflows with Instant::max()

bool is(const std::optional<std::string>& wanted, const std::string& value) {
  return !wanted || *wanted == value;
}

}  // namespace

bool matches(const Filter& filter, const Record& record) {
  bool narrowed = !filter.ids.empty() || filter.tenant || filter.user || filter.model ||
                  filter.tag || filter.dialect || filter.scope || filter.stored_before ||
                  filter.stored_after || filter.text_prefix;
  if (!narrowed) return filter.everything;
  if (!filter.ids.empty() && std::ranges::find(filter.ids, record.id) == filter.ids.end()) {
    return false;
  }
  if (filter.tag && std::ranges::find(record.tags, *filter.tag) == record.tags.end()) return false;
  if (filter.text_prefix && !record.text.starts_with(*filter.text_prefix)) return false;
  return is(filter.tenant, record.tenant) && is(filter.user, record.user) &&
         is(filter.model, record.model) && is(filter.dialect, record.dialect) &&
         (!filter.scope || *filter.scope == record.scope) &&
         (!filter.stored_before || record.stored < *filter.stored_before) &&
         (!filter.stored_after || record.stored >= *filter.stored_after);
}

void Store::on_erased(Listener listener) {
  auto shared = std::make_shared<const Listener>(std::move(listener));
  listeners_.with([&](auto& listeners) { listeners.push_back(std::move(shared)); });
}

void Store::announce(std::span<const EntryId> ids) const {
  if (ids.empty()) return;
  for (const auto& listener : listeners_.with([](const auto& all) { return all; })) {
    (*listener)(ids);
  }
}

Result<std::vector<EntryId>> commit(const Call& call, Store& store, Batch batch) {
  auto promise = std::make_shared<std::promise<Result<std::vector<EntryId>>>>();
  std::future<Result<std::vector<EntryId>>> future = promise->get_future();
  store.write(std::move(batch), [promise](Result<std::vector<EntryId>> ids) {
    promise->set_value(std::move(ids));
  });
  base::Instant limit = std::min(call.deadline, std::chrono::steady_clock::now() + kWaitMax);
  if (future.wait_until(limit) != std::future_status::ready) {
    return base::fail(base::Code::deadline,
                      "the store did not acknowledge the batch in time; it may still write it");
  }
  return future.get();
}

Result<std::vector<EntryId>> put(const Call& call, Store& store, std::vector<Record> records) {
  Batch batch;
  batch.puts = std::move(records);
  return commit(call, store, std::move(batch));
}

Result<> Options::check() const {
  if (folder.empty()) return base::fail(base::Code::invalid, "store: the folder is empty");
  if (bytes_max != 0 && bytes_max < kBytesMin) {
    return base::fail(base::Code::invalid, fmt::format("store: bytes_max is {}, {} is the least",
                                                       bytes_max, kBytesMin));
  }
  if (queue_max == 0 || readers_max == 0 || batch_bytes_max == 0) {
    return base::fail(base::Code::invalid,
                      "store: queue_max, readers_max and batch_bytes_max must not be 0");
  }
  return {};
}

Result<std::unique_ptr<Store>> open(const Options& options, const base::Clock& clock) {
  TRY_DO(options.check());
  if (options.folder == ":memory:") return std::make_unique<MemoryStore>(options, clock);
  TRY(store, SqliteStore::open(options, clock));
  return std::move(store);
}

}  // namespace refrain::store
