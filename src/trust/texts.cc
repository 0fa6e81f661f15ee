#include "trust/texts.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace refrain::trust {
namespace {

constexpr std::uint64_t kRowBytes = 96;  // list node and hash node

std::size_t slot(key::EntryId low, key::EntryId high, std::size_t slots) noexcept {
  // Fibonacci hashing: ids are small and near each other.
  const std::uint64_t mixed = (low * 0x9e3779b97f4a7c15ULL) ^ (high * 0xc2b2ae3d27d4eb4fULL);
  return static_cast<std::size_t>(mixed >> 20U) & (slots - 1);
}

}  // namespace

std::shared_ptr<const Text> read_text(std::string_view question, std::string_view answer,
                                      base::WallTime stored,
                                      std::optional<base::WallTime> expires) {
  auto text = std::make_shared<Text>();
  text->stored = stored;
  text->expires = expires;
  text->asked = question;
  text->question = policy::profile(question);
  text->answer = policy::statement(answer);
  return text;
}

std::uint64_t footprint(const Text& text) {
  return policy::footprint(text.question) + policy::footprint(text.answer) +
         text.asked.capacity() + kRowBytes;
}

Texts::Texts(const Options& options) : options_(options) {
  CHECK(options.pairs_max > 0 && (options.pairs_max & (options.pairs_max - 1)) == 0,
        "pairs_max is no power of two");
  pairs_.with([&](std::vector<Pair>& pairs) { pairs.resize(options.pairs_max); });
}

std::vector<Texts::Known> Texts::find(std::span<const key::EntryId> ids) {
  std::vector<Known> out(ids.size());
  std::size_t known = 0;
  table_.with([&](Table& table) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto found = table.by_id.find(ids[i]);
      if (found == table.by_id.end()) continue;
      table.order.splice(table.order.begin(), table.order, found->second);
      out[i] = found->second->text;
      ++known;
    }
  });
  found_.add(known);
  missed_.add(ids.size() - known);
  return out;
}

void Texts::put(key::EntryId id, Known text) {
  const std::uint64_t bytes = footprint(*text);
  if (bytes > options_.bytes_max) return;
  std::vector<Known> gone;  // freed without the lock
  table_.with([&](Table& table) {
    if (table.by_id.contains(id)) return;
    table.order.push_front({id, std::move(text), bytes});
    table.by_id[id] = table.order.begin();
    table.bytes += bytes;
    while (table.bytes > options_.bytes_max) {
      table.bytes -= table.order.back().bytes;
      table.by_id.erase(table.order.back().id);
      gone.push_back(std::move(table.order.back().text));
      table.order.pop_back();
    }
  });
}

void Texts::erase(std::span<const key::EntryId> ids) {
  table_.with([&](Table& table) {
    for (const key::EntryId id : ids) {
      const auto found = table.by_id.find(id);
      if (found == table.by_id.end()) continue;
      table.bytes -= found->second->bytes;
      table.order.erase(found->second);
      table.by_id.erase(found);
    }
  });
}

double Texts::agreement(key::EntryId a, const Text& of_a, key::EntryId b, const Text& of_b) {
  const auto [low, high] = std::minmax(a, b);
  const std::size_t at = slot(low, high, options_.pairs_max);
  const Pair known = pairs_.with([&](const std::vector<Pair>& pairs) { return pairs[at]; });
  if (known.low == low && known.high == high) {
    pairs_found_.add();
    return known.agreement;
  }
  pairs_missed_.add();
  const double fresh = policy::agreement(of_a.answer, of_b.answer);
  pairs_.with([&](std::vector<Pair>& pairs) { pairs[at] = {low, high, fresh}; });
  return fresh;
}

Texts::Stats Texts::stats() const {
  Stats out;
  table_.with([&](const Table& table) {
    out.texts = table.by_id.size();
    out.bytes = table.bytes;
  });
  out.bytes_max = options_.bytes_max;
  out.found = found_.value();
  out.missed = missed_.value();
  out.pairs_found = pairs_found_.value();
  out.pairs_missed = pairs_missed_.value();
  return out;
}

}  // namespace refrain::trust
