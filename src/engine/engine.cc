#include "engine/engine.h"

#include <algorithm>
#include <future>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "engine/preparing.h"
#include "engine/runner.h"

namespace refrain::engine {

using base::Code;
using base::Result;

namespace {

constexpr std::chrono::milliseconds kLook{50};  // how soon a stop is noticed

}  // namespace

// In the order of construction; destroyed from the last to the first.
struct Engine::Parts {
  Parts(Options settings, Rooms outside, std::shared_ptr<const llama::Model> loaded)
      : options(std::move(settings)),
        rooms(outside),
        model(std::move(loaded)),
        words(model),
        entries({options.entries_max, options.entries_ttl}, outside.clock) {}

  const Options options;
  const Rooms rooms;
  std::shared_ptr<const llama::Model> model;
  llama::Vocabulary words;
  std::unique_ptr<llama::ChatTemplate> chats;
  std::unique_ptr<llama::Context> context;
  llama::Trust trust;
  std::string name;
  std::size_t context_tokens = 0;
  Entries entries;
  Counters counters;
  Inbox inbox;
  std::unique_ptr<Preparing> preparing;
  std::unique_ptr<base::Pool> io, prepare, thread;
  std::unique_ptr<Runner> runner;

  Result<> open_model() {
    TRY(templates, llama::ChatTemplate::open(model));
    chats = std::move(templates);
    TRY(made, llama::Context::open(model, {.cells = options.cells,
                                           .sequences = options.parallel + options.kept_max,
                                           .batch_tokens = options.batch_tokens,
                                           .ubatch_tokens = options.ubatch_tokens,
                                           .threads = options.threads}));
    context = std::move(made);
    TRY(tried, llama::self_test(*context));
    trust = tried;
    const llama::Model::Facts& facts = model->facts();
    name = options.model_name.empty() ? facts.name : options.model_name;
    // Beyond what the model was trained for its answers are noise.
    context_tokens = std::min(context->cells(), facts.tokens_max);
    if (!trust.why_not.empty()) {
      base::log::warn("prompt KV is reused less for this model",
                      {{"model", name},
                       {"in_cells", trust.parts},
                       {"restored", trust.restores},
                       {"cause", trust.why_not}});
    }
    return {};
  }

  // The threads that compute belong to the one that asks for it. If two had asked, one here and one
  // later, there would be two sets, more threads than cores, and OpenMP then lets them sleep
  // between operations instead of waiting: prefill of a small model took longer by half.
  Result<> open_on_its_thread() {
    thread = std::make_unique<base::Pool>(
        base::Pool::Options{.name = "model", .threads = 1, .queue_max = 1});
    std::promise<Result<>> opened;
    TRY_DO(thread->submit([&] { opened.set_value(open_model()); }));
    return opened.get_future().get();
  }

  void open_threads(BlockStore* blocks) {
    preparing = std::make_unique<Preparing>(
        Preparing::Rooms{model, words, *chats, blocks, rooms.clock},
        Preparing::Limits{context_tokens, options.parallel, name});
    io = std::make_unique<base::Pool>(base::Pool::Options{
        .name = "kv-io", .threads = 1, .queue_max = options.queue_max + 1024});
    prepare = std::make_unique<base::Pool>(base::Pool::Options{
        .name = "prepare", .threads = 1, .queue_max = options.queue_max});
    runner = std::make_unique<Runner>(
        options, trust,
        Runner::Rooms{*context, words, blocks, entries, *io, inbox, counters, rooms.clock});
  }

  void hand_over(const base::Call& call, const chat::Request& request,
                 const std::shared_ptr<chat::Flight>& flight) {
    Result<std::vector<std::unique_ptr<Job>>> jobs = preparing->prepare(call, request, flight);
    if (!jobs) return fail(flight, jobs.error());
    const std::shared_ptr<Replying> reply = jobs->front()->reply;
    counters.waiting.add(static_cast<std::int64_t>(jobs->size()));
    const auto count = static_cast<std::int64_t>(jobs->size());
    const bool posted = inbox.post([this, list = std::move(*jobs)]() mutable {
      for (auto& job : list) runner->add(std::move(job));
    });
    if (posted) return;
    counters.waiting.add(-count);
    reply->fail({Code::cancelled, "the engine stops"});
  }

  void fail(const std::shared_ptr<chat::Flight>& flight, base::Error error) {
    (error.code == Code::busy ? counters.busy : counters.failed).add();
    flight->finish({chat::End::Kind::failed, {}, std::move(error)});
  }
};

Engine::Engine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Engine::~Engine() { stop(); }

Result<std::unique_ptr<Engine>> Engine::open(std::shared_ptr<const llama::Model> model,
                                             Options options, Rooms rooms) {
  TRY_DO(options.check());
  auto parts = std::make_unique<Parts>(std::move(options), rooms, std::move(model));
  TRY_DO(parts->open_on_its_thread());
  parts->open_threads(parts->trust.restores ? rooms.blocks : nullptr);
  std::unique_ptr<Engine> engine(new Engine(std::move(parts)));
  TRY_DO(engine->parts_->thread->submit(
      [runner = engine->parts_->runner.get()] { runner->run(); }));
  return engine;
}

void Engine::start(const base::Call& call, const chat::Request& request,
                   std::shared_ptr<chat::Flight> flight) {
  Parts& parts = *parts_;
  parts.counters.requests.add();
  const auto queued = static_cast<std::int64_t>(parts.prepare->stats().queued);
  if (queued + parts.counters.waiting.value() >=
      static_cast<std::int64_t>(parts.options.queue_max)) {
    return parts.fail(flight, {Code::busy, fmt::format("{} prompts wait already, the limit",
                                                       parts.options.queue_max)});
  }
  auto work = [&parts, call, request, flight] { parts.hand_over(call, request, flight); };
  if (Result<> submitted = parts.prepare->submit(std::move(work)); !submitted) {
    parts.fail(flight, submitted.error());
  }
}

// Cells first: what is saved from then on was computed afterwards.
Result<std::size_t> Engine::clear(const std::string& realm) {
  Inbox& inbox = parts_->inbox;
  const auto done = std::make_shared<std::promise<void>>();
  const std::future<void> forgotten = done->get_future();
  inbox.post([runner = parts_->runner.get(), realm, done] {
    runner->forget(realm);
    done->set_value();
  });
  // A stopped model thread reads no messages.
  while (forgotten.wait_for(kLook) != std::future_status::ready && !inbox.stopped()) {
  }
  if (parts_->rooms.blocks) TRY_DO(parts_->rooms.blocks->clear(realm));
  return parts_->entries.clear(realm);
}

std::optional<Entry> Engine::entry(const std::string& id, const std::string& realm) {
  return parts_->entries.get(id, realm);
}

const llama::Trust& Engine::trust() const noexcept { return parts_->trust; }
const llama::Model::Facts& Engine::facts() const noexcept { return parts_->model->facts(); }
const llama::RowLayout& Engine::layout() const noexcept { return parts_->context->layout(); }
const std::string& Engine::model_name() const noexcept { return parts_->name; }
std::size_t Engine::context_tokens() const noexcept { return parts_->context_tokens; }

Stats Engine::stats() const {
  const Counters& from = parts_->counters;
  Stats stats;
  stats.requests = from.requests.value();
  stats.answered = from.answered.value();
  stats.failed = from.failed.value();
  stats.busy = from.busy.value();
  stats.cancelled = from.cancelled.value();
  stats.deadlines = from.deadlines.value();
  stats.prefilled_tokens = from.prefilled_tokens.value();
  stats.decoded_tokens = from.decoded_tokens.value();
  stats.shared_tokens = from.shared_tokens.value();
  stats.restored_tokens = from.restored_tokens.value();
  stats.disk_tokens = from.disk_tokens.value();
  stats.restores_failed = from.restores_failed.value();
  stats.preempted = from.preempted.value();
  stats.evicted = from.evicted.value();
  stats.steps = from.steps.value();
  stats.saved_blocks = from.saved_blocks.value();
  stats.saves_abandoned = from.saves_abandoned.value();
  stats.waiting = from.waiting.value();
  stats.running = from.running.value();
  stats.cells_used = from.cells_used.value();
  stats.kept = from.kept.value();
  stats.cells = parts_->context->cells();
  stats.step_seconds = from.step_seconds.snapshot();
  stats.first_token_seconds = from.first_token_seconds.snapshot();
  stats.restore_seconds = from.restore_seconds.snapshot();
  stats.save_seconds = from.save_seconds.snapshot();
  if (parts_->rooms.blocks) stats.blocks = parts_->rooms.blocks->stats();
  stats.entries = parts_->entries.stats();
  return stats;
}

void Engine::stop() {
  // The model thread first: what the others still post is refused, and fails where it is.
  parts_->inbox.stop();
  if (parts_->thread) parts_->thread->stop();
  if (parts_->prepare) parts_->prepare->stop();
  if (parts_->io) parts_->io->stop();
}

}  // namespace refrain::engine
