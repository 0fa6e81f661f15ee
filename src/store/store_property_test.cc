// Random operations on both stores against a map that does the obvious thing. A failing seed is
// printed; run it again with --gtest_filter and the seed in kSeeds.
#include <map>
#include <random>

#include "store/memory_store.h"
#include "store/sqlite_store.h"
#include "tests/support/store_contract.h"

namespace refrain::store {
namespace {

constexpr std::uint64_t kSeeds[] = {1, 2, 3, 4, 5, 6};
constexpr int kSteps = 150;

class Twin {
 public:
  explicit Twin(std::uint64_t seed) : dice_(seed) { reopen(); }

  void run() {
    for (int i = 0; i < kSteps; ++i) {
      step();
      ASSERT_FALSE(testing::Test::HasFailure());
    }
  }

 private:
  using Model = std::map<EntryId, Record>;

  std::uint64_t roll(std::uint64_t bound) { return dice_() % bound; }
  // The memory store begins anew whenever the other is opened again.
  void reopen() {
    sqlite_.reset();
    auto made = open_sqlite({.folder = folder_.path(), .durability = Durability::process}, clock_);
    ASSERT_TRUE(made) << made.error().what;
    sqlite_ = std::move(*made);
    if (memory_ == nullptr) memory_ = std::make_unique<MemoryStore>(Options{}, clock_);
  }
  EntryId next_id() {  // both stores count alike if told to
    EntryId id = sqlite_->allot();
    while (memory_->last_id() < id) memory_->allot();
    return id;
  }
  Record random_record() {
    Record record = record_of(std::to_string(roll(30)), roll(3000));
    record.answer += std::to_string(dice_());
    if (roll(3) == 0) record.expires = at(now_ + static_cast<std::int64_t>(roll(500)));
    if (roll(3) == 0) record.vector.clear(), record.embedder.clear();
    if (roll(5) == 0) record.tenant = "zeta";
    record.stored = record.used = at(now_);
    record.id = next_id();
    return record;
  }
  EntryId some_id() {
    if (model_.empty() || roll(10) == 0) return 1 + roll(100);
    auto at = model_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(roll(model_.size())));
    return at->first;
  }
  bool alive(const Record& record) const { return !record.expires || *record.expires > at(now_); }

  void step() {
    now_ += static_cast<std::int64_t>(roll(50));
    clock_.set(now_);
    switch (roll(8)) {
      case 0:
      case 1:
      case 2: write(); break;
      case 3: check_find(); break;
      case 4: check_get(); break;
      case 5: check_scan(); break;
      case 6: touch(); break;
      default: roll(4) == 0 ? reopen() : upkeep(); break;
    }
    if (testing::Test::HasFailure()) return;
    EXPECT_EQ(sqlite_->stats().records, model_.size());
    EXPECT_EQ(memory_->stats().records, model_.size());
  }
  void write() {
    Batch batch;
    for (std::uint64_t i = roll(4); i > 0; --i) batch.puts.push_back(random_record());
    for (std::uint64_t i = roll(2); i > 0; --i) batch.erases.push_back(some_id());
    for (std::uint64_t i = roll(2); i > 0; --i) {
      batch.embeddings.push_back({some_id(), "other@1", {static_cast<float>(roll(9))}});
    }
    for (EntryId id : batch.erases) model_.erase(id);
    for (const Record& record : batch.puts) {
      std::erase_if(model_,
                    [&](const auto& entry) { return entry.second.canonical == record.canonical; });
      model_[record.id] = record;
    }
    for (const Embedding& embedding : batch.embeddings) {
      if (auto at = model_.find(embedding.id); at != model_.end()) {
        at->second.vector = embedding.vector;
        at->second.embedder = embedding.embedder;
      }
    }
    auto one = commit({}, *sqlite_, batch);
    auto two = commit({}, *memory_, std::move(batch));
    ASSERT_TRUE(one && two);
    EXPECT_EQ(*one, *two);
  }
  void check_find() {
    Record like = record_of(std::to_string(roll(30)));
    std::optional<Record> expected;
    for (const auto& [id, record] : model_) {
      if (record.canonical == like.canonical && alive(record)) expected = record;
    }
    EXPECT_EQ(*sqlite_->find({}, like.exact, like.canonical), expected);
    EXPECT_EQ(*memory_->find({}, like.exact, like.canonical), expected);
  }
  void check_get() {
    EntryId ids[] = {some_id(), some_id()};
    auto one = sqlite_->get({}, ids), two = memory_->get({}, ids);
    ASSERT_TRUE(one && two);
    EXPECT_EQ(*one, *two);
    for (std::size_t i = 0; i < 2; ++i) {
      auto at = model_.find(ids[i]);
      bool there = at != model_.end() && alive(at->second);
      ASSERT_EQ((*one)[i].has_value(), there);
      if (there) {
        EXPECT_EQ(*(*one)[i], at->second);
      }
    }
  }
  void check_scan() {
    Scan scan{.after = roll(20), .limit = 1 + roll(20), .detail = static_cast<Detail>(roll(3))};
    scan.filter.everything = roll(3) > 0;
    if (roll(3) == 0) scan.filter.tenant = "zeta";
    if (roll(3) == 0) scan.filter.stored_before = at(now_ - static_cast<std::int64_t>(roll(300)));
    if (roll(3) == 0) scan.filter.text_prefix = std::to_string(roll(3));
    if (roll(5) == 0) scan.filter.ids = {some_id(), some_id(), some_id()};
    std::vector<EntryId> expected;
    for (const auto& [id, record] : model_) {
      if (id > scan.after && alive(record) && matches(scan.filter, record)) expected.push_back(id);
    }
    auto one = sqlite_->scan({}, scan), two = memory_->scan({}, scan);
    ASSERT_TRUE(one && two);
    EXPECT_EQ(one->records, two->records);
    EXPECT_EQ(one->next, two->next);
    EXPECT_EQ(one->next.has_value(), expected.size() > scan.limit);
    expected.resize(std::min(expected.size(), scan.limit));
    ASSERT_EQ(one->records.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(one->records[i].id, expected[i]);
    }
  }
  void touch() {
    Touch touch{some_id(), at(now_), 1 + roll(3)};
    sqlite_->touch(std::span(&touch, 1));
    memory_->touch(std::span(&touch, 1));
    if (auto at = model_.find(touch.id); at != model_.end()) {
      at->second.hits += touch.hits;
      at->second.used = std::max(at->second.used, touch.used);
    }
    upkeep();
  }
  void upkeep() {
    std::size_t gone = std::erase_if(model_, [&](const auto& e) { return !alive(e.second); });
    EXPECT_EQ(*sqlite_->upkeep({}), gone);
    EXPECT_EQ(*memory_->upkeep({}), gone);
  }

  std::mt19937_64 dice_;
  StoreFolder folder_;
  StoreClock clock_;
  std::int64_t now_ = 1000000;
  std::unique_ptr<Store> sqlite_;
  std::unique_ptr<MemoryStore> memory_;
  Model model_;
};

TEST(StoreProperty, BothStoresDoWhatAMapWould) {
  for (std::uint64_t seed : kSeeds) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Twin(seed).run();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace refrain::store
