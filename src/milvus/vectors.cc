// An index on another machine, kept so that its faults cost nothing but hits.
//
// A change (add, replace, erase) goes into a queue and, if it adds, into a small index of this
// process; one writer sends the queue in batches. A search asks both and merges: an id with a
// change that is not acknowledged is answered by this process alone. So what was kept a
// microsecond ago is found, and what was erased is not, while Milvus is a second behind or away.
//
// Numbers tell changes of one id apart: an acknowledgement of an older one leaves the newer one
// waiting. Of one batch only the last change of an id is sent; ids of adds and erases are then
// different, and their two calls may be repeated after a fault, as both can be done twice.
//
// What can be lost: changes beyond waiting_max, or the whole collection, when somebody drops it.
// Then `wants_truth_` asks for the records, and follow() compares ids range by range, adds what is
// missing and removes what is not in the records. It does so once after each start too, for changes
// that waited when the process ended. An entry that was erased while follow() read it may be added
// again: a search that finds it finds no record and skips it, and the next start removes it.
//
// A server that does not answer would cost each look-up its whole deadline. After a few such
// searches in a row none is sent for a second.
#include "milvus/vectors.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "index/unit_rows.h"

namespace refrain::milvus {
namespace {

using base::Code;
using base::fail;
using base::Result;
using index::Neighbour;

constexpr std::size_t kSpareMax = 1000;  // neighbours asked for beyond k

bool is_silence(Code code) { return code == Code::deadline || code == Code::unavailable; }

}  // namespace

Vectors::Vectors(Options options, std::unique_ptr<Client> client,
                 std::unique_ptr<index::Spaces> unsent, base::Clock& clock)
    : options_(std::move(options)),
      client_(std::move(client)),
      clock_(clock),
      unsent_(std::move(unsent)),
      writer_({.name = "milvus", .threads = 1, .queue_max = 4}) {}

Vectors::~Vectors() { stop(); }

void Vectors::stop() {
  stopping_.request_stop();
  writer_.stop();
}

Result<std::unique_ptr<Vectors>> Vectors::open(Options options, std::unique_ptr<Client> client,
                                               base::Clock& clock) {
  TRY(unsent, index::Spaces::open({.dim = options.dim, .embedder = options.embedder}));
  return std::unique_ptr<Vectors>(
      new Vectors(std::move(options), std::move(client), std::move(unsent), clock));
}

base::Call Vectors::call_of_writer() const {
  return {clock_.now() + options_.call_max, stopping_.get_token(), 0};
}

void Vectors::note_error(const base::Error& error) const {
  if (stopping_.stop_requested()) return;
  errors_.add();
  reachable_ = !is_silence(error.code);
  if (error.code == Code::not_found) {
    open_ = false;
    wants_truth_ = true;
  }
  fault_.warn("milvus failed; what it holds is not found meanwhile", {{"what", error.what}});
}

void Vectors::note(const Result<>& done) const {
  if (done) {
    reachable_ = true;
  } else {
    note_error(done.error());
  }
}

// ---- changes

Result<> Vectors::upsert(const key::Key& space, key::EntryId id, std::span<const float> vector) {
  TRY_DO(index::check_rows({&id, 1}, {vector.data(), 1, vector.size()}, options_.dim));
  if (id >> 63U != 0) {
    return fail(Code::invalid, fmt::format("milvus has no room for the id {}", id));
  }
  Change add;
  add.id = id;
  add.space = space;
  add.vector.assign(vector.begin(), vector.end());
  return change(std::move(add));
}

std::size_t Vectors::erase(std::span<const key::EntryId> ids) {
  std::size_t here = 0;
  for (const key::EntryId id : ids) {
    here += unsent_->erase({&id, 1});
    Change gone;
    gone.id = id;
    // Without room the entry's record is gone all the same: a search that finds it skips it.
    const Result<> queued = change(std::move(gone));
    (void)queued;
  }
  return here;
}

// An added vector is found here before the change is queued, since the writer may acknowledge it,
// and so take it out again, at once.
Result<> Vectors::change(Change change) {
  const key::EntryId id = change.id;
  const bool adds = !change.vector.empty();
  if (adds) TRY_DO(unsent_->upsert(change.space, id, change.vector));
  const bool room = state_.with([&](State& state) {
    if (state.queue.size() >= options_.waiting_max) return false;
    change.number = ++state.number;
    state.latest[id] = change.number;
    state.queue.push_back(std::move(change));
    return true;
  });
  if (room) {
    call_writer();
    return {};
  }
  if (adds) unsent_->erase({&id, 1});
  refused_.add();
  wants_truth_ = true;
  return fail(Code::busy, fmt::format("{} changes wait for milvus already", options_.waiting_max));
}

void Vectors::call_writer() {
  if (writing_.exchange(true)) return;
  Result<> queued = writer_.submit([this] {
    writing_ = false;  // before the queue is read: who comes later calls again
    while (!stopping_.stop_requested()) {
      Result<bool> more = send_some();
      if (!more || !*more) return;
    }
  });
  if (!queued) writing_ = false;
}

Result<bool> Vectors::send_some() {
  std::lock_guard one(sending_);
  std::vector<Change> batch;
  state_.with([&](State& state) {
    const std::size_t count = std::min(state.queue.size(), options_.batch_max);
    batch.assign(state.queue.begin(), state.queue.begin() + static_cast<std::ptrdiff_t>(count));
  });
  if (batch.empty()) return false;
  Result<> sent = send(batch);
  note(sent);
  if (!sent && sent.error().code == Code::invalid) {
    // Nothing that can be tried again: the collection is of another shape.
    acknowledge(batch);
    wants_truth_ = true;
    return std::unexpected(sent.error());
  }
  TRY_DO(sent);
  acknowledge(batch);
  return true;
}

Result<> Vectors::send(std::span<const Change> changes) {
  if (!open_) TRY_DO(open_collection());
  const base::Call call = call_of_writer();
  std::unordered_set<key::EntryId> seen;
  std::vector<Row> rows;
  std::vector<key::EntryId> gone;
  for (std::size_t at = changes.size(); at-- > 0;) {  // the last change of an id counts
    const Change& change = changes[at];
    if (!seen.insert(change.id).second) continue;
    if (change.vector.empty()) {
      gone.push_back(change.id);
    } else {
      rows.push_back({change.space, change.id, change.vector});
    }
  }
  TRY_DO(client_->upsert(call, rows));
  TRY_DO(client_->erase(call, gone));
  sent_.add(rows.size());
  erased_.add(gone.size());
  return {};
}

void Vectors::acknowledge(std::span<const Change> changes) {
  std::vector<key::EntryId> known;  // to the server as they are here
  state_.with([&](State& state) {
    for (const Change& change : changes) {
      state.queue.pop_front();
      const auto at = state.latest.find(change.id);
      if (at == state.latest.end() || at->second != change.number) continue;
      state.latest.erase(at);
      known.push_back(change.id);
    }
  });
  // A change of now may have put an id in again since: it is in the queue, and found by the server
  // after it was sent; for that moment it is a miss.
  unsent_->erase(known);
}

Result<> Vectors::open_collection() {
  TRY(found, client_->open_collection(call_of_writer()));
  if (found.made) wants_truth_ = true;
  open_ = true;
  base::log::info("milvus is there", {{"version", found.version}, {"made", found.made}});
  return {};
}

// ---- searches

Result<std::vector<Neighbour>> Vectors::find_near(const base::Call& call, const key::Key& space,
                                                  std::span<const float> query,
                                                  std::size_t k) const {
  TRY(own, unsent_->search(space, query, k));
  // Answered here, whatever the server says. What changes while the server searches counts too:
  // it may have searched before the change, and acknowledged it before its answer is read.
  std::unordered_set<key::EntryId> ours;
  for (const Neighbour& one : own) ours.insert(one.id);
  bool silent = false;
  const base::Instant now = clock_.now();
  state_.with([&](const State& state) {
    silent = !open_ || now < state.silent_until;
    for (const auto& [id, number] : state.latest) ours.insert(id);
  });
  searches_.add();
  if (silent) {
    skipped_.add();
    if (!own.empty()) return own;
    return fail(Code::unavailable,
                open_ ? "milvus did not answer lately" : "milvus was not reached yet");
  }
  // Those take places of the server's answer that others should have.
  const std::size_t wanted = k + std::min(ours.size(), kSpareMax);
  Result<std::vector<Neighbour>> theirs = client_->search(call, space, query, wanted);
  const bool answered = theirs.has_value() || !is_silence(theirs.error().code);
  state_.with([&](State& state) {
    state.misses = answered ? 0 : state.misses + 1;
    if (state.misses >= options_.misses_max) {
      state.misses = 0;
      state.silent_until = clock_.now() + options_.pause;
    }
    if (!theirs) return;
    for (const Neighbour& one : *theirs) {
      if (state.latest.contains(one.id)) ours.insert(one.id);
    }
  });
  if (!theirs) {
    note_error(theirs.error());
    if (!own.empty()) return own;
    return std::unexpected(theirs.error());
  }
  reachable_ = true;
  std::erase_if(*theirs, [&](const Neighbour& one) { return ours.contains(one.id); });
  theirs->insert(theirs->end(), own.begin(), own.end());
  std::ranges::sort(*theirs, [](const Neighbour& a, const Neighbour& b) {
    return a.score > b.score || (a.score == b.score && a.id < b.id);
  });
  theirs->resize(std::min(k, theirs->size()));
  return theirs;
}

// ---- the records

Result<> Vectors::collect_ids(key::EntryId above, key::EntryId upto,
                              std::vector<key::EntryId>& out) const {
  if (above >= upto) return {};
  TRY(ids, client_->ids(call_of_writer(), above, upto, Client::kIdsMax));
  if (ids.size() < Client::kIdsMax) {
    out.insert(out.end(), ids.begin(), ids.end());
    return {};
  }
  // More than a call may bring: by halves. The depth is at most that of the ids' 64 bits.
  const key::EntryId middle = above + (upto - above) / 2;
  TRY_DO(collect_ids(above, middle, out));
  return collect_ids(middle, upto, out);
}

// Makes the range hold the rows, which are all that the records have there.
Result<> Vectors::put_right(std::span<const index::Truth::Row> rows, const Range& range) {
  std::vector<key::EntryId> there;
  TRY_DO(collect_ids(range.above, range.upto, there));
  std::unordered_set<key::EntryId> strangers(there.begin(), there.end());
  std::vector<Row> missing;
  for (const index::Truth::Row& row : rows) {
    if (strangers.erase(row.id) == 0) missing.push_back({row.space, row.id, row.vector});
  }
  std::vector<key::EntryId> gone;
  std::ranges::copy_if(strangers, std::back_inserter(gone),
                       [&](key::EntryId id) { return id <= range.settled; });
  for (std::size_t at = 0; at < missing.size(); at += options_.batch_max) {
    const std::size_t count = std::min(options_.batch_max, missing.size() - at);
    std::lock_guard one(sending_);
    TRY_DO(client_->upsert(call_of_writer(), std::span(missing).subspan(at, count)));
  }
  for (std::size_t at = 0; at < gone.size(); at += options_.batch_max) {
    const std::size_t count = std::min(options_.batch_max, gone.size() - at);
    std::lock_guard one(sending_);
    TRY_DO(client_->erase(call_of_writer(), std::span(gone).subspan(at, count)));
  }
  return {};
}

Result<> Vectors::follow_pages(index::Truth& truth) {
  {
    std::lock_guard one(sending_);
    TRY_DO(open_collection());
  }
  wants_truth_ = false;  // what is lost from now on asks again
  key::EntryId done = 0;
  for (;;) {
    TRY(rows, truth.next());
    if (rows.empty()) break;
    TRY_DO(put_right(rows, {done, rows.back().id, truth.settled()}));
    done = rows.back().id;
  }
  TRY_DO(put_right({}, {done, truth.settled(), truth.settled()}));
  TRY(count, client_->count(call_of_writer()));
  counted_ = count;
  return {};
}

Result<> Vectors::follow(const base::Call&, index::Truth& truth) {
  Result<> done = follow_pages(truth);
  note(done);
  if (done) {
    followed_.add();
  } else {
    wants_truth_ = true;
  }
  return done;
}

std::size_t Vectors::upkeep() {
  const bool waits = state_.with([](const State& state) { return !state.queue.empty(); });
  if (waits) call_writer();
  return waits ? 1 : 0;
}

Result<> Vectors::flush() {
  for (;;) {
    TRY(more, send_some());
    if (!more) return {};
  }
}

index::SpaceIndex::Stats Vectors::stats() const {
  index::SpaceIndex::Stats out = unsent_->stats();
  out.entries += counted_;
  return out;
}

milvus::Stats Vectors::milvus_stats() const {
  milvus::Stats out;
  out.sent = sent_.value();
  out.erased = erased_.value();
  out.searches = searches_.value();
  out.errors = errors_.value();
  out.skipped = skipped_.value();
  out.refused = refused_.value();
  out.followed = followed_.value();
  out.waiting = state_.with([](const State& state) { return state.queue.size(); });
  out.reachable = reachable_;
  return out;
}

}  // namespace refrain::milvus
