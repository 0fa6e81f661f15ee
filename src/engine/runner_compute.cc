// The second half of a step: the batch, what was sampled, and what becomes of streams that end.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "engine/runner.h"
#include "engine/schedule.h"

namespace refrain::engine {

using base::Code;
using base::Result;
using llama::Context;

// Which tokens go into the next decode; their logits are wanted where a stream has no more.
std::vector<Runner::Part> Runner::fill_batch() {
  std::vector<Pending> pending;
  std::vector<Stream*> streams;
  std::size_t wanted = 0;
  for (const StreamPtr& stream : running_) {
    if (!stream->restores.empty() || stream->pending() == 0) continue;
    pending.push_back({stream->pending(), stream->arrived});
    streams.push_back(stream.get());
    wanted += stream->pending();
  }
  make_room(std::min(wanted, options_.batch_tokens));
  std::vector<Part> parts;
  batch_.clear();
  for (const Share& share : plan_batch(pending, {options_.batch_tokens, options_.chunk_tokens,
                                                 cells_.free()})) {
    Stream& stream = *streams[share.stream];
    for (std::size_t i = 0; i < share.tokens; ++i) {
      const std::size_t at = stream.done + i;
      const bool last = at + 1 == stream.tokens.size();
      batch_.push_back({stream.tokens[at], static_cast<std::int32_t>(at), stream.sequence,
                        last ? Context::Output::logits : Context::Output::none});
    }
    parts.push_back({&stream, share.tokens, batch_.size() - 1});
  }
  if (parts.empty() && !pending.empty()) relieve();
  return parts;
}

bool Runner::compute() {
  const std::vector<Part> parts = fill_batch();
  if (parts.empty()) return false;
  const auto start = std::chrono::steady_clock::now();
  const Result<> decoded = rooms_.context.decode(batch_);
  if (!decoded && decoded.error().code == Code::busy) {
    relieve();
    return true;
  }
  std::vector<Stream*> over;
  if (!decoded) {
    base::log::error("a step of the model failed", {{"cause", decoded.error().what}});
    for (const Part& part : parts) {
      fail(*part.stream, decoded.error());
      over.push_back(part.stream);
    }
    erase(over);
    return true;
  }
  for (const Part& part : parts) computed(part, over);
  const auto took = std::chrono::steady_clock::now() - start;
  rooms_.counters.step_seconds.observe(took);
  rooms_.counters.steps.add();
  const bool only_prompts =
      std::ranges::all_of(parts, [](const Part& part) { return part.tokens > 1; });
  if (only_prompts && batch_.size() >= 32) {
    const double each = std::chrono::duration<double, std::micro>(took).count() /
                        static_cast<double>(batch_.size());
    costs_.prefill_per_token += 0.2 * (each - costs_.prefill_per_token);
  }
  erase(over);
  for (StreamPtr& stream : forked_) running_.push_back(std::move(stream));
  forked_.clear();
  return true;
}

void Runner::computed(const Part& part, std::vector<Stream*>& over) {
  Stream& stream = *part.stream;
  const bool reading = stream.reading();
  (reading ? rooms_.counters.prefilled_tokens : rooms_.counters.decoded_tokens).add(part.tokens);
  if (stream.written == 0 && stream.reuse.rung.empty()) {
    stream.reuse.reused_tokens = stream.done;
    stream.reuse.prefilled_tokens = stream.prompt_tokens - stream.done;
    stream.reuse.rung = policy::name(stream.done > 0 ? policy::Rung::prefix : policy::Rung::none);
  }
  cells_.grow(stream.sequence, std::span(stream.tokens).subspan(stream.done, part.tokens));
  stream.done += part.tokens;
  if (stream.pending() > 0) return;
  if (stream.written == 0 && stream.tokens.size() == stream.prompt_tokens) prompt_read(stream);
  for (StreamPtr& sibling : std::exchange(stream.siblings, {})) {
    sibling->sequence = open_sequence(sibling->realm);
    rooms_.context.share(stream.sequence, sibling->sequence);
    cells_.share(stream.sequence, sibling->sequence, stream.done);
    sibling->done = stream.done;
    if (write(*sibling, part.last_place)) forked_.push_back(std::move(sibling));
  }
  if (!write(stream, part.last_place)) over.push_back(&stream);
}

void Runner::prompt_read(Stream& stream) {
  stream.reuse.entry = rooms_.entries.store({.request_id = stream.request_id,
                                             .realm = stream.realm,
                                             .prefix_tokens = stream.prompt_tokens});
  stream.reuse.kv_name = stream.reply->order().kv_name;
  stream.reply->begin(stream.reuse);
  stream.reply->count_prompt(stream.prompt_tokens, stream.reuse.reused_tokens);
  rooms_.counters.first_token_seconds.observe(rooms_.clock.now() - stream.received);
  stream.reuse.kv_name.empty() ? save(stream, stream.prompt_tokens) : save_named(stream);
}

// Samples the stream's next token. False: the stream has ended and must be taken off.
bool Runner::write(Stream& stream, std::size_t place) {
  Replying& reply = *stream.reply;
  if (stream.tokens_max == 0) {
    end(stream, "length");
    return false;
  }
  const Result<TokenId> token = stream.sampler->choose(rooms_.context, place);
  if (!token) {
    fail(stream, token.error());
    return false;
  }
  ++stream.written;
  if (rooms_.words.ends(*token) && !reply.order().ignore_end) {
    end(stream, "stop");
    return false;
  }
  std::optional<Chances> chances;
  if (const auto top = reply.order().top_logprobs) {
    chances = chances_of(rooms_.context.logits(place), *token, *top);
  }
  const Result<Replying::Next> next = reply.add(stream.choice, *token, chances);
  if (!next) {
    fail(stream, next.error());
    return false;
  }
  stream.tokens.push_back(*token);
  const bool stops = *next == Replying::Next::stops;
  const bool full = stream.written >= stream.tokens_max ||
                    stream.tokens.size() >= rooms_.context.cells();
  if (!stops && !full) return true;
  end(stream, stops ? "stop" : "length");
  return false;
}

// No cell is free and nothing kept is left: the youngest stream makes room for the others; one that
// is alone has used the whole context.
void Runner::relieve() {
  if (const std::optional<llama::SequenceId> oldest = cells_.oldest()) return evict(*oldest);
  const auto youngest = std::ranges::max_element(
      running_, {}, [](const StreamPtr& stream) { return stream->arrived; });
  if (youngest == running_.end()) return;
  Stream& stream = **youngest;
  if (running_.size() == 1) {
    if (stream.reading()) {
      fail(stream, {Code::busy, fmt::format("a prompt of {} tokens does not fit into {} cells",
                                            stream.prompt_tokens, rooms_.context.cells())});
    } else {
      end(stream, "length");
    }
    erase({&stream});
    return;
  }
  pause(stream);
  StreamPtr taken = std::move(*youngest);
  running_.erase(youngest);
  paused_.push_back(std::move(taken));
}

void Runner::pause(Stream& stream) {
  release(stream);
  stream.done = 0;
  stream.restores.clear();
  rooms_.counters.preempted.add();
}

// The reply of this choice is complete; what was computed stays for others.
void Runner::end(Stream& stream, std::string_view finish) {
  // Counted first: whoever has read the answer finds it counted.
  if (stream.reply->last_choice()) rooms_.counters.answered.add();
  stream.reply->end(stream.choice, finish);
  const llama::SequenceId sequence = std::exchange(stream.sequence, -1);
  if (!trust_.parts || options_.kept_max == 0) {
    rooms_.context.remove(sequence);
    cells_.drop(sequence);
    return;
  }
  stream.sequence = sequence;
  if (options_.save == SaveRule::prompts_and_answers) save(stream, stream.done);
  stream.sequence = -1;
  for (const llama::SequenceId needless : cells_.keep(sequence)) evict(needless);
  while (cells_.kept() > options_.kept_max) evict(*cells_.oldest());
}

void Runner::fail(Stream& stream, const base::Error& error) {
  stream.reply->fail(error);
  rooms_.counters.failed.add();
  release(stream);
}

void Runner::save(const Stream& stream, std::size_t tokens) {
  const bool wanted = saver_ && options_.save != SaveRule::nothing && !stream.realm.empty() &&
                      policy::worth_saving(tokens, costs_, options_.reuse_rule);
  if (!wanted) return;
  saver_->want(stream.sequence, kept_prompt(stream, tokens));
}

NewPrompt Runner::kept_prompt(const Stream& stream, std::size_t tokens) const {
  const auto end = stream.tokens.begin() + static_cast<std::ptrdiff_t>(tokens);
  const auto cost = static_cast<std::int64_t>(costs_.prefill_per_token *
                                              static_cast<double>(tokens));
  return {.realm = stream.realm,
          .tokens = {stream.tokens.begin(), end},
          .cost = std::chrono::microseconds(cost)};
}

// Whoever gives a name is told when its KV is kept: the answer ends no sooner.
void Runner::save_named(const Stream& stream) {
  NewPrompt prompt = kept_prompt(stream, stream.prompt_tokens);
  prompt.name = stream.reuse.kv_name;
  prompt.text = stream.reply->order().prompts.front().text;
  stream.reply->hold();
  saver_->want(stream.sequence, std::move(prompt), stream.reply);
}

}  // namespace refrain::engine
