#include "engine/saver.h"

#include <utility>

#include "base/log.h"

namespace refrain::engine {
namespace {

base::log::Occasionally complaints;

void complain(std::string_view what, const base::Error& error) {
  complaints.warn("prompt KV is not saved", {{"step", what}, {"cause", error.what}});
}

}  // namespace

void Saver::want(llama::SequenceId sequence, NewPrompt prompt) {
  if (prompt.realm.empty()) return;  // nobody may find it
  if (saves_.size() + beginning_ >= kSavesMax) {
    rooms_.counters.saves_abandoned.add();
    return;
  }
  Save save{sequence, rooms_.cells.epoch(sequence), nullptr, 0, prompt.tokens.size()};
  auto begin = [this, rooms = rooms_, save, prompt = std::move(prompt)]() mutable {
    base::Result<std::unique_ptr<Draft>> draft = rooms.blocks.begin(std::move(prompt));
    if (draft) {
      save.draft = std::move(*draft);
    } else {
      complain("begin", draft.error());
    }
    rooms.inbox.post([this, save = std::move(save)]() mutable {
      --beginning_;
      if (!save.draft) {
        rooms_.counters.saves_abandoned.add();
      } else if (!save.draft->wanted().empty()) {
        saves_.push_back(std::move(save));
      }
    });
  };
  if (rooms_.io.submit(std::move(begin))) {
    ++beginning_;
  } else {
    rooms_.counters.saves_abandoned.add();
  }
}

bool Saver::void_now(const Save& save) const {
  return rooms_.cells.epoch(save.sequence) != save.epoch ||
         rooms_.cells.tokens(save.sequence).size() < save.tokens;
}

void Saver::write(Save& save) {
  const Span span = save.draft->wanted()[save.next++];
  const auto start = std::chrono::steady_clock::now();
  base::Result<llama::Rows> rows = rooms_.context.take_rows(
      save.sequence, {static_cast<std::int32_t>(span.first),
                      static_cast<std::int32_t>(span.first + span.tokens)});
  rooms_.counters.save_seconds.observe(std::chrono::steady_clock::now() - start);
  if (!rows) {
    complain("take", rows.error());
    save.draft = nullptr;
    return;
  }
  auto kept = std::make_shared<const llama::Rows>(std::move(*rows));
  ++*writing_;
  auto put = [draft = save.draft, kept = std::move(kept), writing = writing_,
              &counters = rooms_.counters, &inbox = rooms_.inbox] {
    if (base::Result<> written = draft->write(kept); written) {
      counters.saved_blocks.add();
    } else {
      complain("write", written.error());
    }
    --*writing;
    inbox.post([] {});  // the model thread may have waited for this place
  };
  if (!rooms_.io.submit(std::move(put))) {
    --*writing_;
    save.draft = nullptr;
  }
}

void Saver::finish(Save save) {
  auto publish = [draft = std::move(save.draft), &counters = rooms_.counters] {
    base::Result<> published = draft->publish({});
    if (published) return;
    counters.saves_abandoned.add();
    complain("publish", published.error());
  };
  if (!rooms_.io.submit(std::move(publish))) rooms_.counters.saves_abandoned.add();
}

bool Saver::step() {
  while (!saves_.empty() && (void_now(saves_.front()) || !saves_.front().draft)) {
    rooms_.counters.saves_abandoned.add();
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
