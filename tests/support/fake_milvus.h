#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "index/kernel.h"
#include "milvus/client.h"

namespace refrain::test {

/// A collection in memory, with the faults that a test sets. Owned by the test through `State`, as
/// the index owns its client. Threads: any.
class FakeMilvus final : public milvus::Client {
 public:
  struct State {
    std::mutex lock;
    bool there = false;
    std::optional<base::Code> fault{};  // of every call
    std::map<key::EntryId, std::pair<key::Key, std::vector<float>>> rows{};
    std::size_t opened = 0, searches = 0, upserts = 0, largest = 0, id_calls = 0;
  };
  explicit FakeMilvus(std::shared_ptr<State> state, std::size_t ids_max = kIdsMax)
      : state_(std::move(state)), ids_max_(ids_max) {}

  base::Result<milvus::Found> open_collection(const base::Call& call) override {
    std::lock_guard guard(state_->lock);
    TRY_DO(faults(call));
    ++state_->opened;
    const bool made = !state_->there;
    state_->there = true;
    return milvus::Found{"fake", made};
  }
  base::Result<> upsert(const base::Call& call, std::span<const milvus::Row> rows) override {
    std::lock_guard guard(state_->lock);
    TRY_DO(usable(call));
    ++state_->upserts;
    state_->largest = std::max(state_->largest, rows.size());
    for (const milvus::Row& row : rows) {
      state_->rows[row.id] = {row.space, {row.vector.begin(), row.vector.end()}};
    }
    return {};
  }
  base::Result<> erase(const base::Call& call, std::span<const key::EntryId> ids) override {
    std::lock_guard guard(state_->lock);
    TRY_DO(usable(call));
    for (key::EntryId id : ids) state_->rows.erase(id);
    return {};
  }
  base::Result<std::vector<index::Neighbour>> search(const base::Call& call, const key::Key& space,
                                                     std::span<const float> query,
                                                     std::size_t k) override {
    std::lock_guard guard(state_->lock);
    ++state_->searches;
    TRY_DO(usable(call));
    std::vector<index::Neighbour> all;
    for (const auto& [id, row] : state_->rows) {
      if (row.first != space) continue;
      all.push_back({id, index::kernels.f32(query.data(), row.second.data(), query.size())});
    }
    std::ranges::sort(all, [](const auto& a, const auto& b) {
      return a.score > b.score || (a.score == b.score && a.id < b.id);
    });
    all.resize(std::min(k, all.size()));
    return all;
  }
  base::Result<std::vector<key::EntryId>> ids(const base::Call& call, key::EntryId above,
                                              key::EntryId upto, std::size_t limit) override {
    std::lock_guard guard(state_->lock);
    TRY_DO(usable(call));
    ++state_->id_calls;
    std::vector<key::EntryId> out;
    for (const auto& [id, row] : state_->rows) {
      if (id > above && id <= upto && out.size() < std::min(limit, ids_max_)) out.push_back(id);
    }
    // A server that was asked for no more than it may bring says so by a full answer.
    if (out.size() == ids_max_) out.resize(limit, out.back());
    return out;
  }
  base::Result<std::uint64_t> count(const base::Call& call) override {
    std::lock_guard guard(state_->lock);
    TRY_DO(usable(call));
    return state_->rows.size();
  }
  base::Result<> drop(const base::Call&) override {
    std::lock_guard guard(state_->lock);
    state_->rows.clear();
    state_->there = false;
    return {};
  }

 private:
  base::Result<> faults(const base::Call& call) const {
    if (call.stop.stop_requested()) return base::fail(base::Code::cancelled, "stopping");
    if (state_->fault) return base::fail(*state_->fault, "broken on purpose");
    return {};
  }
  base::Result<> usable(const base::Call& call) const {
    TRY_DO(faults(call));
    if (!state_->there) return base::fail(base::Code::not_found, "no such collection");
    return {};
  }

  const std::shared_ptr<State> state_;
  const std::size_t ids_max_;
};

}  // namespace refrain::test
