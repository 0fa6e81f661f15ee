#include "engine/cells.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace refrain::engine {

using llama::SequenceId;
using llama::TokenId;

Cells::Cells(std::size_t cells, std::size_t sequences)
    : sequences_(sequences), holders_(cells), free_(cells) {
  std::iota(free_.rbegin(), free_.rend(), 0U);
}

std::optional<SequenceId> Cells::open(std::string_view realm) {
  const auto found = std::ranges::find(sequences_, Use::free, &Sequence::use);
  if (found == sequences_.end()) return std::nullopt;
  *found = {Use::running, std::string(realm), {}, {}, ++ticks_, ++ticks_};
  return static_cast<SequenceId>(found - sequences_.begin());
}

std::optional<Cells::Found> Cells::find(std::string_view realm,
                                        std::span<const TokenId> tokens) const {
  if (realm.empty()) return std::nullopt;
  std::optional<Found> best;
  for (std::size_t i = 0; i < sequences_.size(); ++i) {
    const Sequence& sequence = sequences_[i];
    if (sequence.use == Use::free || sequence.realm != realm) continue;
    const auto differs = std::ranges::mismatch(sequence.tokens, tokens);
    const auto equal = static_cast<std::size_t>(differs.in2 - tokens.begin());
    if (equal > 0 && (!best || equal > best->tokens)) {
      best = Found{static_cast<SequenceId>(i), equal};
    }
  }
  return best;
}

void Cells::share(SequenceId from, SequenceId to, std::size_t tokens) {
  Sequence& source = at(from);
  Sequence& target = at(to);
  CHECK(target.tokens.empty() && tokens <= source.tokens.size(), "an empty target, enough tokens");
  const auto count = static_cast<std::ptrdiff_t>(tokens);
  target.tokens.assign(source.tokens.begin(), source.tokens.begin() + count);
  target.cells.assign(source.cells.begin(), source.cells.begin() + count);
  for (const std::uint32_t cell : target.cells) ++holders_[cell];
}

void Cells::grow(SequenceId id, std::span<const TokenId> tokens) {
  CHECK(tokens.size() <= free_.size(), "free cells for every token");
  Sequence& sequence = at(id);
  for (const TokenId token : tokens) {
    const std::uint32_t cell = free_.back();
    free_.pop_back();
    holders_[cell] = 1;
    ++used_;
    sequence.tokens.push_back(token);
    sequence.cells.push_back(cell);
  }
}

void Cells::release(std::uint32_t cell) {
  if (--holders_[cell] > 0) return;
  free_.push_back(cell);
  --used_;
}

void Cells::shrink(SequenceId id, std::size_t tokens) {
  Sequence& sequence = at(id);
  for (std::size_t i = tokens; i < sequence.cells.size(); ++i) release(sequence.cells[i]);
  sequence.tokens.resize(std::min(tokens, sequence.tokens.size()));
  sequence.cells.resize(sequence.tokens.size());
}

bool Cells::begins(const Sequence& shorter, const Sequence& longer) {
  return shorter.realm == longer.realm && shorter.tokens.size() <= longer.tokens.size() &&
         std::equal(shorter.tokens.begin(), shorter.tokens.end(), longer.tokens.begin());
}

std::vector<SequenceId> Cells::keep(SequenceId id) {
  Sequence& sequence = at(id);
  sequence.use = Use::kept;
  sequence.used = ++ticks_;
  std::vector<SequenceId> needless;
  if (sequence.realm.empty() || sequence.tokens.empty()) return {id};
  for (std::size_t i = 0; i < sequences_.size(); ++i) {
    Sequence& other = sequences_[i];
    if (other.use != Use::kept || &other == &sequence) continue;
    if (begins(sequence, other)) {
      other.used = ++ticks_;
      return {id};
    }
    if (begins(other, sequence)) needless.push_back(static_cast<SequenceId>(i));
  }
  return needless;
}

void Cells::drop(SequenceId id) {
  shrink(id, 0);
  const std::uint64_t epoch = at(id).epoch;
  at(id) = {};
  at(id).epoch = epoch + 1;
}

void Cells::touch(SequenceId id) { at(id).used = ++ticks_; }

std::optional<SequenceId> Cells::oldest() const {
  std::optional<SequenceId> best;
  for (std::size_t i = 0; i < sequences_.size(); ++i) {
    if (sequences_[i].use != Use::kept) continue;
    if (!best || sequences_[i].used < at(*best).used) best = static_cast<SequenceId>(i);
  }
  return best;
}

std::span<const TokenId> Cells::tokens(SequenceId id) const { return at(id).tokens; }

std::size_t Cells::kept() const noexcept {
  return static_cast<std::size_t>(std::ranges::count(sequences_, Use::kept, &Sequence::use));
}

std::size_t Cells::reclaimable() const {
  std::vector<std::uint32_t> kept(holders_.size());
  for (const Sequence& sequence : sequences_) {
    if (sequence.use != Use::kept) continue;
    for (const std::uint32_t cell : sequence.cells) ++kept[cell];
  }
  std::size_t count = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) count += kept[i] > 0 && kept[i] == holders_[i];
  return count;
}

}  // namespace refrain::engine
