#pragma once

#include <vector>

#include <gtest/gtest.h>

#include "store/memory_store.h"

namespace refrain {

/// A store in memory that tells what a test says other servers did.
class TellingStore final : public store::Store {
 public:
  explicit TellingStore(const base::Clock& clock) : records_({}, clock) {
    records_.on_erased([this](std::span<const key::EntryId> ids) { announce(ids); });
  }
  /// Somebody else put them.
  void arrive(std::vector<store::Record> records) {
    auto ids = store::put({}, records_, records);
    ASSERT_TRUE(ids) << ids.error().what;
    for (std::size_t i = 0; i < records.size(); ++i) {
      records[i].id = (*ids)[i];
      records[i].canonical.clear();
      records[i].answer.clear();
    }
    tell_arrived(records);
  }
  /// Somebody else put them, and the notes of it are gone.
  void arrive_unheard(std::vector<store::Record> records) {
    ASSERT_TRUE(store::put({}, records_, std::move(records)));
    tell_lost();
  }

  base::Result<std::optional<store::Record>> find(const base::Call& call, const key::Key& exact,
                                                  std::string_view canonical) override {
    return records_.find(call, exact, canonical);
  }
  base::Result<std::vector<std::optional<store::Record>>> get(
      const base::Call& call, std::span<const key::EntryId> ids) override {
    return records_.get(call, ids);
  }
  void write(store::Batch batch, store::Done done) override {
    while (records_.last_id() < last_id()) records_.allot();
    records_.write(std::move(batch), std::move(done));
  }
  base::Result<store::Page> scan(const base::Call& call, const store::Scan& scan) override {
    return records_.scan(call, scan);
  }
  void touch(std::span<const store::Touch> touches) override { records_.touch(touches); }
  base::Result<std::size_t> upkeep(const base::Call& call) override {
    return records_.upkeep(call);
  }
  store::Stats stats() const noexcept override { return records_.stats(); }

 private:
  store::MemoryStore records_;
};

}  // namespace refrain
