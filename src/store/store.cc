#include "store/store.h"

#include <algorithm>
#include <future>
#include <utility>

#include <fmt/format.h>

#include "store/memory_store.h"
#include "store/mysql_store.h"
#include "store/place.h"
#include "store/redis_store.h"
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

void Store::on_arrived(Arrivals listener) {
  auto shared = std::make_shared<const Arrivals>(std::move(listener));
  arrivals_.with([&](auto& listeners) { listeners.push_back(std::move(shared)); });
}

void Store::tell_arrived(std::span<const Record> records) const {
  if (records.empty()) return;
  for (const auto& listener : arrivals_.with([](const auto& all) { return all; })) {
    (*listener)(records);
  }
}

void Store::on_lost(std::function<void()> listener) {
  auto shared = std::make_shared<const std::function<void()>>(std::move(listener));
  losses_.with([&](auto& listeners) { listeners.push_back(std::move(shared)); });
}

void Store::tell_lost() const {
  for (const auto& listener : losses_.with([](const auto& all) { return all; })) (*listener)();
}

Result<std::vector<EntryId>> commit(const Call& call, Store& store, Batch batch) {
  auto promise = std::make_shared<std::promise<Result<std::vector<EntryId>>>>();
  std::future<Result<std::vector<EntryId>>> future = promise->get_future();
  store.write(std::move(batch),
              [promise](Result<std::vector<EntryId>> ids) { promise->set_value(std::move(ids)); });
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
    return base::fail(base::Code::invalid,
                      fmt::format("store: bytes_max is {}, {} is the least", bytes_max, kBytesMin));
  }
  const std::string_view good = "abcdefghijklmnopqrstuvwxyz0123456789_";
  if (remote.prefix.empty() || remote.prefix.size() > 32 ||
      remote.prefix.find_first_not_of(good) != std::string::npos) {
    return base::fail(base::Code::invalid,
                      fmt::format("store: the prefix '{}' is not 1 to 32 of a to z, 0 to 9 and _",
                                  remote.prefix));
  }
  if (queue_max == 0 || readers_max == 0 || batch_bytes_max == 0) {
    return base::fail(base::Code::invalid,
                      "store: queue_max, readers_max and batch_bytes_max must not be 0");
  }
  return {};
}

Result<std::unique_ptr<Store>> open(const Options& options, const base::Clock& clock) {
  TRY_DO(options.check());
  if (!options.remote.url.empty()) {
    TRY(place, place_of(options.remote.url));
    return place.kind == Place::Kind::mysql ? open_mysql(options, place, clock)
                                            : open_redis(options, place, clock);
  }
  if (options.folder == ":memory:") return std::make_unique<MemoryStore>(options, clock);
  return open_sqlite(options, clock);
}

}  // namespace refrain::store
