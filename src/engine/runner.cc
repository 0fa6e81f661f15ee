// One thread owns the context, so nothing here has a lock. Each step: throw out who left, let in
// who fits, put back some restored rows, compute one batch, sample, copy one block for the store.
// Every part of a step is bounded, so a running stream waits for one chunk of somebody else's
// prompt at most (schedule.cc), and for one piece of somebody's restore.
//
// A stream is a list of tokens and a count of how many have their cells. Reading a prompt, writing
// an answer, and reading again what was pushed out of the cells are the same thing: tokens without
// cells are computed, and when none is left the next one is sampled.
//
// Cells are promised to nobody. When they run out, kept sequences go first, then the youngest
// stream is paused: its cells go, its tokens stay, and it reads them again when there is room.
#include "engine/runner.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"

namespace refrain::engine {

using base::Code;
using base::Result;
using policy::ReuseStep;

namespace {

constexpr std::chrono::milliseconds kForever = std::chrono::hours(1);
// How long a prompt that cannot be let in may go unasked whether it is still wanted.
constexpr std::chrono::milliseconds kSweep(20);

double microseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
      .count();
}

// Rows of tokens [from, to) out of parts that follow each other from `first` on.
std::vector<llama::RowsPart> cut(const std::vector<llama::RowsPart>& parts, std::size_t from,
                                 std::size_t to) {
  std::vector<llama::RowsPart> out;
  for (const llama::RowsPart& part : parts) {
    const std::size_t begin = static_cast<std::size_t>(part.rows->first) + part.from;
    const std::size_t low = std::max(begin, from);
    const std::size_t high = std::min(begin + part.tokens, to);
    if (low < high) out.push_back({part.rows, part.from + (low - begin), high - low});
  }
  return out;
}

}  // namespace

Runner::Runner(const Options& options, const llama::Trust& trust, const Rooms& rooms)
    : options_(options),
      trust_(trust),
      rooms_(rooms),
      cells_(rooms.context.cells(), rooms.context.options().sequences) {
  if (trust.prefill_us > 0) costs_.prefill_per_token = trust.prefill_us;
  if (rooms.blocks && trust.restores) {
    saver_.emplace(Saver::Rooms{rooms.context, cells_, *rooms.blocks, rooms.io, rooms.inbox,
                                rooms.counters});
  }
}

Runner::~Runner() = default;

void Runner::run() {
  bool busy = false;
  while (!rooms_.inbox.stopped()) {
    const bool somebody = !waiting_.empty() || !paused_.empty();
    const auto wait = busy ? std::chrono::milliseconds(0) : somebody ? kSweep : kForever;
    for (Inbox::Message& message : rooms_.inbox.take(wait)) message();
    step();
    busy = !running_.empty() || saving_;
  }
  for (Inbox::Message& message : rooms_.inbox.take(std::chrono::milliseconds(0))) message();
  fail_all();
}

void Runner::step() {
  sweep();
  admit();
  restore();
  compute();
  saving_ = saver_ && saver_->step();
  measure();
}

void Runner::add(std::unique_ptr<Job> job) {
  job->arrived = ++arrivals_;
  waiting_.push_back(std::move(job));
}

void Runner::loaded(std::unique_ptr<Job> job) {
  --loading_;
  if (job->disk_tokens > 0) {
    const double each = job->disk_us / static_cast<double>(job->disk_tokens);
    costs_.disk_per_token += 0.2 * (each + costs_.memory_per_token - costs_.disk_per_token);
    rooms_.counters.disk_tokens.add(job->disk_tokens);
  }
  // It keeps its place among those that came at the same time or later.
  const auto place = std::ranges::find_if(
      waiting_, [&](const auto& other) { return other->arrived > job->arrived; });
  waiting_.insert(place, std::move(job));
}

void Runner::forget(const std::string& realm) {
  std::vector<llama::SequenceId> kept;
  while (const auto oldest = cells_.oldest()) {
    if (!realm.empty() && cells_.realm(*oldest) != realm) {
      cells_.touch(*oldest);
      if (std::ranges::find(kept, *oldest) != kept.end()) break;
      kept.push_back(*oldest);
      continue;
    }
    evict(*oldest);
  }
}

void Runner::sweep() {
  const base::Instant now = rooms_.clock.now();
  std::erase_if(waiting_, [&](const std::unique_ptr<Job>& job) {
    const bool needless = unwanted(*job->reply, now);
    if (needless) rooms_.counters.waiting.add(-1);
    return needless;
  });
  std::erase_if(paused_,
                [&](const StreamPtr& stream) { return unwanted(*stream->reply, now); });
  std::vector<Stream*> over;
  for (const StreamPtr& stream : running_) {
    if (!unwanted(*stream->reply, now)) continue;
    release(*stream);
    over.push_back(stream.get());
  }
  erase(over);
}

// Ends a reply that nobody waits for any more, or that is too late.
bool Runner::unwanted(Replying& reply, base::Instant now) {
  if (reply.over()) return true;
  const std::optional<base::Error> why = reply.why_not(now);
  if (!why) return false;
  (why->code == Code::deadline ? rooms_.counters.deadlines : rooms_.counters.cancelled).add();
  reply.fail(*why);
  return true;
}

std::size_t Runner::answers() const {
  std::size_t count = 0;
  for (const StreamPtr& stream : running_) count += 1 + stream->siblings.size();
  return count;
}

std::optional<Cells::Found> Runner::find(const std::string& realm,
                                         const std::vector<TokenId>& tokens) const {
  if (!trust_.parts || tokens.size() < 2) return std::nullopt;
  // The last token is computed in any case: its logits are wanted.
  return cells_.find(realm, std::span(tokens).first(tokens.size() - 1));
}

void Runner::admit() {
  while (!paused_.empty() && resume(paused_.front()) == Verdict::admitted) paused_.pop_front();
  if (!paused_.empty()) return;  // what was paused comes back before anything new begins
  for (std::size_t i = 0; i < waiting_.size();) {
    std::unique_ptr<Job> job = std::move(waiting_[i]);
    const Verdict verdict = consider(job);
    if (job) {
      waiting_[i++] = std::move(job);
    } else {
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    // Whoever came first is let in first; only those that wait for others are passed over.
    if (verdict == Verdict::no_room) return;
  }
}

Runner::Verdict Runner::consider(std::unique_ptr<Job>& job) {
  if (answers() + job->samplers.size() > options_.parallel) return Verdict::no_room;
  const std::optional<Cells::Found> found = find(job->realm, job->prompt);
  const std::size_t in_cells = found ? found->tokens : 0;
  if (read_by_another(*job, in_cells)) return Verdict::passed_over;
  const policy::ReusePlan made = plan(*job, in_cells);
  if (found) cells_.touch(found->sequence);
  if (wants_rows(made) && job->rows_state == Job::Rows::not_asked) {
    load(std::move(job), in_cells);
    return Verdict::passed_over;
  }
  const std::size_t needed = job->prompt.size() - in_cells + job->samplers.size();
  const std::size_t reclaimable = cells_.reclaimable();
  if (cells_.free() + reclaimable - std::min(reclaimable, in_cells) < needed && !running_.empty()) {
    return Verdict::no_room;
  }
  StreamPtr stream = stream_of(*job, 0);
  for (std::size_t i = 1; i < job->samplers.size(); ++i) {
    stream->siblings.push_back(stream_of(*job, i));
  }
  stream->sequence = open_sequence(job->realm);
  share(*stream, found);
  schedule_restores(*stream, *job, made);
  running_.push_back(std::move(stream));
  rooms_.counters.waiting.add(-1);
  job = nullptr;
  return Verdict::admitted;
}

Runner::Verdict Runner::resume(StreamPtr& stream) {
  if (answers() + 1 + stream->siblings.size() > options_.parallel) return Verdict::no_room;
  const std::optional<Cells::Found> found = find(stream->realm, stream->tokens);
  const std::size_t missing = stream->tokens.size() - (found ? found->tokens : 0) + 1;
  if (cells_.free() + cells_.reclaimable() < missing && !running_.empty()) return Verdict::no_room;
  if (found) cells_.touch(found->sequence);
  stream->sequence = open_sequence(stream->realm);
  share(*stream, found);
  running_.push_back(std::move(stream));
  return Verdict::admitted;
}

policy::ReusePlan Runner::plan(const Job& job, std::size_t in_cells) const {
  policy::ReuseQuestion question;
  question.prompt_tokens = job.prompt.size();
  question.costs = costs_;
  question.rule = options_.reuse_rule;
  question.restores = trust_.restores;
  question.approximate = job.approximate;
  if (in_cells > 0) question.beginnings.push_back({policy::Source::cells, in_cells});
  if (job.match && job.rows_state == Job::Rows::not_asked) {
    std::size_t memory = 0, all = 0;
    for (const Piece& piece : job.match->pieces()) {
      if (piece.source == policy::Source::memory && memory == all) {
        memory = piece.span.first + piece.usable;
      }
      all = piece.span.first + piece.usable;
    }
    if (memory > 0) question.beginnings.push_back({policy::Source::memory, memory});
    if (all > memory) question.beginnings.push_back({policy::Source::disk, all});
  }
  if (job.rows_state == Job::Rows::there && !job.rows.empty() && job.rows_from <= in_cells) {
    const llama::RowsPart& last = job.rows.back();
    const std::size_t end = static_cast<std::size_t>(last.rows->first) + last.from + last.tokens;
    question.beginnings.push_back({policy::Source::memory, end});
  }
  return policy::plan_reuse(question);
}

bool Runner::wants_rows(const policy::ReusePlan& made) const {
  return std::ranges::any_of(
      made.steps, [](const ReuseStep& one) { return one.kind == ReuseStep::Kind::restore; });
}

// Reads the pieces from token `from` on, on the io thread; the prompt waits meanwhile.
void Runner::load(std::unique_ptr<Job> job, std::size_t from) {
  job->rows_state = Job::Rows::loading;
  job->rows_from = from;
  ++loading_;
  auto shared = std::make_shared<std::unique_ptr<Job>>(std::move(job));
  auto work = [this, shared, blocks = rooms_.blocks] {
    Job& one = **shared;
    const std::span<const Piece> pieces = one.match->pieces();
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (pieces[i].span.first + pieces[i].usable <= one.rows_from) continue;
      const auto start = std::chrono::steady_clock::now();
      Result<std::shared_ptr<const llama::Rows>> rows = blocks->load({}, *one.match, i);
      if (!rows) {
        rooms_.counters.restores_failed.add();
        base::log::warn("a block of prompt KV is not usable; computed instead",
                        {{"cause", rows.error().what}});
        break;
      }
      if (pieces[i].source == policy::Source::disk) {
        one.disk_tokens += pieces[i].span.tokens;
        one.disk_us += microseconds_since(start);
      }
      one.rows.push_back({std::move(*rows), 0, pieces[i].usable});
    }
    one.rows_state = Job::Rows::there;
    const std::shared_ptr<Replying> reply = one.reply;
    const bool posted = rooms_.inbox.post(
        [this, shared] { loaded(std::move(*shared)); });
    if (!posted) reply->fail({Code::cancelled, "the engine stops"});
  };
  if (rooms_.io.submit(std::move(work))) return;
  (*shared)->rows_state = Job::Rows::there;  // nothing was loaded: it is computed
  loaded(std::move(*shared));
}

// Whether a running stream is reading a prompt that begins like this one, further than is there.
bool Runner::read_by_another(const Job& job, std::size_t in_cells) const {
  if (!trust_.parts || job.realm.empty()) return false;
  return std::ranges::any_of(running_, [&](const StreamPtr& stream) {
    if (!stream->reading() || stream->realm != job.realm) return false;
    const auto differs = std::ranges::mismatch(stream->tokens, job.prompt);
    const auto equal = static_cast<std::size_t>(differs.in2 - job.prompt.begin());
    return equal >= in_cells + options_.wait_tokens;
  });
}

llama::SequenceId Runner::open_sequence(const std::string& realm) {
  std::optional<llama::SequenceId> sequence = cells_.open(realm);
  while (!sequence) {
    // There are more sequences than answers at once, so one of them is kept.
    evict(*cells_.oldest());
    sequence = cells_.open(realm);
  }
  return *sequence;
}

void Runner::share(Stream& stream, const std::optional<Cells::Found>& found) {
  stream.done = 0;
  if (!found || cells_.tokens(found->sequence).size() < found->tokens) return;
  rooms_.context.share(found->sequence, stream.sequence,
                       {0, static_cast<std::int32_t>(found->tokens)});
  cells_.share(found->sequence, stream.sequence, found->tokens);
  stream.done = found->tokens;
  if (stream.written == 0) rooms_.counters.shared_tokens.add(found->tokens);
}

Runner::StreamPtr Runner::stream_of(Job& job, std::size_t index) const {
  auto stream = std::make_unique<Stream>();
  stream->reply = job.reply;
  stream->realm = job.realm;
  stream->request_id = job.request_id;
  stream->choice = job.first_choice + index;
  stream->sampler = std::move(job.samplers[index]);
  stream->sampler->read_prompt(job.prompt);
  stream->tokens = job.prompt;
  stream->prompt_tokens = job.prompt.size();
  stream->tokens_max = job.tokens_max;
  stream->arrived = job.arrived;
  stream->received = job.received;
  return stream;
}

void Runner::schedule_restores(Stream& stream, const Job& job,
                               const policy::ReusePlan& made) const {
  stream.reuse.reasons = made.reasons;
  for (const ReuseStep& one : made.steps) {
    if (one.kind != ReuseStep::Kind::restore) continue;
    // The sequence that was to be shared may have been the last to go.
    if (stream.done < one.from) return;
    for (llama::RowsPart& part : cut(job.rows, one.from, one.to)) {
      stream.restores.push_back(std::move(part));
    }
  }
}

void Runner::restore() {
  std::size_t budget = options_.restore_tokens;
  for (const StreamPtr& stream : running_) {
    if (budget == 0) return;
    if (!stream->restores.empty()) budget -= restore(*stream, budget);
  }
}

// Puts back at most `budget` tokens; returns how many.
std::size_t Runner::restore(Stream& stream, std::size_t budget) {
  std::vector<llama::RowsPart> parts;
  std::size_t tokens = 0;
  while (!stream.restores.empty() && tokens < budget) {
    llama::RowsPart& next = stream.restores.front();
    const std::size_t some = std::min(next.tokens, budget - tokens);
    parts.push_back({next.rows, next.from, some});
    tokens += some;
    next.from += some;
    next.tokens -= some;
    if (next.tokens == 0) stream.restores.erase(stream.restores.begin());
  }
  const auto start = std::chrono::steady_clock::now();
  Result<> put = make_room(tokens)
                     ? rooms_.context.put_rows(stream.sequence, parts)
                     : Result<>(base::fail(Code::busy, "no free cells"));
  if (!put) {
    stream.restores.clear();  // the rest is computed
    rooms_.counters.restores_failed.add();
    base::log::warn("restore failed, computed instead", {{"cause", put.error().what}});
    return tokens;
  }
  const double took = microseconds_since(start);
  rooms_.counters.restore_seconds.observe(
      std::chrono::nanoseconds(static_cast<std::int64_t>(took * 1000)));
  costs_.memory_per_token += 0.2 * (took / static_cast<double>(tokens) - costs_.memory_per_token);
  const auto all = std::span(stream.tokens);
  cells_.grow(stream.sequence, all.subspan(stream.done, tokens));
  stream.done += tokens;
  rooms_.counters.restored_tokens.add(tokens);
  return tokens;
}

bool Runner::make_room(std::size_t cells) {
  while (cells_.free() < cells) {
    const std::optional<llama::SequenceId> oldest = cells_.oldest();
    if (!oldest) return false;
    evict(*oldest);
  }
  return true;
}

void Runner::evict(llama::SequenceId sequence) {
  rooms_.context.remove(sequence);
  cells_.drop(sequence);
  rooms_.counters.evicted.add();
}

void Runner::release(Stream& stream) {
  if (stream.sequence < 0) return;
  rooms_.context.remove(stream.sequence);
  cells_.drop(stream.sequence);
  stream.sequence = -1;
}

void Runner::erase(const std::vector<Stream*>& streams) {
  std::erase_if(running_, [&](const StreamPtr& stream) {
    return std::ranges::find(streams, stream.get()) != streams.end();
  });
}

void Runner::fail_all() {
  const base::Error stopping{Code::cancelled, "the engine stops"};
  if (saver_) saver_->stop(stopping);
  for (const auto& job : waiting_) job->reply->fail(stopping);
  for (const auto& stream : paused_) stream->reply->fail(stopping);
  for (const auto& stream : running_) stream->reply->fail(stopping);
  rooms_.counters.waiting.add(-static_cast<std::int64_t>(waiting_.size()));
  waiting_.clear();
  paused_.clear();
  running_.clear();
}

void Runner::measure() {
  rooms_.counters.running.set(static_cast<std::int64_t>(running_.size()));
  rooms_.counters.cells_used.set(static_cast<std::int64_t>(cells_.used()));
  rooms_.counters.kept.set(static_cast<std::int64_t>(cells_.kept()));
}

}  // namespace refrain::engine
