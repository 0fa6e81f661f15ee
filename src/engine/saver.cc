#include "engine/saver.h"

#include <utility>

#include "base/log.h"

namespace refrain::engine {

using base::Code;
using base::Error;
using base::Result;

namespace {

base::log::Occasionally complaints;

void complain(std::string_view step, const Error& why) {
  complaints.warn("prompt KV is not saved", {{"step", step}, {"cause", why.what}});
}

}  // namespace

Saver::Ticket Saver::take_ticket(std::shared_ptr<Replying> reply) {
  if (!reply) return 0;
  replies_.emplace(++tickets_, std::move(reply));
  return tickets_;
}

void Saver::settle(Ticket ticket, const Result<>& published) {
  const auto reply = replies_.extract(ticket);
  if (!reply) return;
  published ? reply.mapped()->release() : reply.mapped()->fail(published.error());
}

void Saver::abandon(Ticket ticket, std::string_view step, const Error& why) {
  rooms_.counters.saves_abandoned.add();
  complain(step, why);
  settle(ticket, std::unexpected(why));
}

void Saver::stop(const Error& why) {
  for (const auto& [ticket, reply] : std::exchange(replies_, {})) reply->fail(why);
}

void Saver::want(llama::SequenceId sequence, NewPrompt prompt, std::shared_ptr<Replying> reply) {
  if (prompt.realm.empty()) return;  // nobody may find it
  const Ticket ticket = take_ticket(std::move(reply));
  if (saves_.size() + beginning_ >= kSavesMax) {
    return abandon(ticket, "wait", {Code::busy, "too many prompts wait for being saved"});
  }
  Save save{sequence, rooms_.cells.epoch(sequence), nullptr, 0, prompt.tokens.size(), ticket};
  auto begin = [this, rooms = rooms_, save, prompt = std::move(prompt)]() mutable {
    Result<std::unique_ptr<Draft>> draft = rooms.blocks.begin(std::move(prompt));
    rooms.inbox.post([this, save = std::move(save), draft = std::move(draft)]() mutable {
      --beginning_;
      begun(std::move(save), std::move(draft));
    });
  };
  if (Result<> queued = rooms_.io.submit(std::move(begin)); !queued) {
    return abandon(ticket, "wait", queued.error());
  }
  ++beginning_;
}

void Saver::begun(Save save, Result<std::unique_ptr<Draft>> draft) {
  if (!draft) return abandon(save.ticket, "begin", draft.error());
  save.draft = std::move(*draft);
  if (!save.draft->wanted().empty()) {
    saves_.push_back(std::move(save));
  } else if (save.ticket != 0) {
    finish(std::move(save));  // all blocks are there, the name is not
  }
}

bool Saver::void_now(const Save& save) const {
  return rooms_.cells.epoch(save.sequence) != save.epoch ||
         rooms_.cells.tokens(save.sequence).size() < save.tokens;
}

void Saver::write(Save& save) {
  const Span span = save.draft->wanted()[save.next++];
  const auto start = std::chrono::steady_clock::now();
  Result<llama::Rows> rows = rooms_.context.take_rows(
      save.sequence, {static_cast<std::int32_t>(span.first),
                      static_cast<std::int32_t>(span.first + span.tokens)});
  rooms_.counters.save_seconds.observe(std::chrono::steady_clock::now() - start);
  if (!rows) {
    abandon(save.ticket, "take", rows.error());
    save.draft = nullptr;
    return;
  }
  auto kept = std::make_shared<const llama::Rows>(std::move(*rows));
  ++*writing_;
  auto put = [this, draft = save.draft, ticket = save.ticket, kept = std::move(kept),
              writing = writing_, rooms = rooms_] {
    const Result<> written = draft->write(kept);
    if (written) rooms.counters.saved_blocks.add();
    --*writing;
    if (!written) complain("write", written.error());
    // The model thread may have waited for this place. That it will not be published is certain.
    rooms.inbox.post([this, ticket, written] {
      if (!written) settle(ticket, written);
    });
  };
  if (Result<> queued = rooms_.io.submit(std::move(put)); !queued) {
    --*writing_;
    abandon(save.ticket, "write", queued.error());
    save.draft = nullptr;
  }
}

void Saver::finish(Save save) {
  auto publish = [this, draft = std::move(save.draft), ticket = save.ticket, rooms = rooms_] {
    const Result<> published = draft->publish({});
    rooms.inbox.post([this, ticket, published] {
      published ? settle(ticket, published) : abandon(ticket, "publish", published.error());
    });
  };
  if (Result<> queued = rooms_.io.submit(std::move(publish)); !queued) {
    abandon(save.ticket, "publish", queued.error());
  }
}

bool Saver::step() {
  while (!saves_.empty() && (void_now(saves_.front()) || !saves_.front().draft)) {
    const Save& front = saves_.front();
    if (front.draft) {
      rooms_.counters.saves_abandoned.add();
      settle(front.ticket, base::fail(Code::busy, "its cells went to others before it was saved"));
    }
    saves_.pop_front();
  }
  if (saves_.empty() || *writing_ >= kWritesMax) return false;
  write(saves_.front());
  Save& save = saves_.front();
  if (save.draft && save.next == save.draft->wanted().size()) {
    finish(std::move(save));
    saves_.pop_front();
  }
  return !saves_.empty();
}

}  // namespace refrain::engine
