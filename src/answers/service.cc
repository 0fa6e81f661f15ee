// The life of a query: the front by its exact key, the store by the same, then meaning, by the mode
// that is set. `verified` is the cache's own decision; `threshold` is the reference's: the k
// nearest, a threshold by length, perhaps a reranker, and a choice among what is left.
//
// The question that was inserted travels in the answer's event: a hit shows it as it was stored,
// also after a restart, whatever form of key is set by then.
#include "answers/service.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace refrain::answers {
namespace {

constexpr std::size_t kTopMax = 100;
constexpr std::size_t kPage = 1000;
constexpr std::string_view kDoor = "modelcache", kQuestion = "question";

Match match_of(const cache::Hit& hit) {
  Match match{hit.entry->id, hit.similarity, "", chat::text(*hit.entry->answer)};
  for (const auto& event : hit.entry->answer->events) {
    for (const json::Member& member : event->head) {
      if (member.name == kQuestion) match.question = member.value;
    }
  }
  return match;
}

std::shared_ptr<const chat::Answer> answer_of(Entry& entry) {
  chat::Event event;
  event.choices.emplace_back();
  event.choices[0].role = "assistant";
  event.choices[0].content = std::move(entry.answer);
  event.choices[0].finish = "stop";
  event.head.push_back({std::string(kQuestion), std::move(entry.question.shown)});
  auto answer = std::make_shared<chat::Answer>();
  answer->events.push_back(std::make_shared<const chat::Event>(std::move(event)));
  return answer;
}

// Of equal questions the last one.
std::vector<Entry> without_repeats(std::vector<Entry> entries) {
  std::unordered_map<std::string_view, std::size_t> last;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    last[entries[i].question.place.identity.canonical] = i;
  }
  if (last.size() == entries.size()) return entries;
  std::vector<std::size_t> kept;
  for (const auto& [canonical, index] : last) kept.push_back(index);
  std::ranges::sort(kept);
  std::vector<Entry> out;
  for (std::size_t index : kept) out.push_back(std::move(entries[index]));
  return out;
}

store::Filter filter_of(const Collection& collection) {
  store::Filter filter;
  filter.tenant = collection.tenant;
  filter.model = collection.model;
  filter.dialect = collection.kind;
  return filter;
}

}  // namespace

base::Result<> Service::Options::check() const {
  TRY_DO(bare.check());
  if (top_k == 0 || top_k > kTopMax) {
    return base::fail(base::Code::invalid, fmt::format("top_k {} is not 1 to {}", top_k, kTopMax));
  }
  if (rule.mode != policy::Mode::threshold && choice != policy::Choice::first) {
    return base::fail(base::Code::invalid, "a choice other than first wants threshold mode");
  }
  return {};
}

Service::Service(Options options, Rooms rooms)
    : options_(std::move(options)), rooms_(std::move(rooms)) {}

std::unexpected<Failure> Service::failed(Stage stage, base::Error error) {
  errors_.add();
  return std::unexpected(Failure{stage, std::move(error)});
}

cache::Query Service::query_of(const Question& question) const {
  cache::Query query;
  query.places = {question.place};
  query.text = question.text;
  query.rule = options_.rule;
  // Whose error budget a hit is charged to. Nothing is explored: no model could answer instead.
  query.route = {std::string(kDoor), question.place.scope.tenant, question.model,
                 options_.rule.error_max, static_cast<double>(options_.rule.alone_floor)};
  return query;
}

std::optional<Matches> Service::find_now(const Question& question) {
  std::optional<cache::Hit> hit = rooms_.cache.find_front(query_of(question));
  if (!hit) return std::nullopt;
  queries_.add();
  hits_.add();
  exact_hits_.add();
  return Matches{match_of(*hit)};
}

Outcome<Matches> Service::find(const base::Call& call, const Question& question) {
  queries_.add();
  const cache::Query query = query_of(question);
  base::Result<std::optional<cache::Hit>> stored = rooms_.cache.read_store(call, query, 0);
  if (!stored) return failed(Stage::store, stored.error());
  if (*stored) {
    hits_.add();
    exact_hits_.add();
    return Matches{match_of(**stored)};
  }
  if (!rooms_.cache.semantic() || query.text.empty() || query.rule.mode == policy::Mode::off) {
    return Matches{};
  }
  const bool bare = query.rule.mode == policy::Mode::threshold;
  Outcome<Matches> found = bare ? find_near(call, query) : decide(call, query);
  if (found && !found->empty()) hits_.add();
  return found;
}

Outcome<Matches> Service::decide(const base::Call& call, const cache::Query& query) {
  const cache::SemanticFind found = rooms_.cache.find_semantic(call, query);
  if (found.error) return failed(Stage::embedder, *found.error);
  if (!found.vector.empty()) time(found.embed_ms, found.search_ms);
  if (!found.hit) return Matches{};
  return Matches{match_of(*found.hit)};
}

Outcome<Matches> Service::find_near(const base::Call& call, const cache::Query& query) {
  cache::NearFind found = rooms_.cache.find_near(call, query, options_.top_k);
  if (found.error) return failed(Stage::embedder, *found.error);
  if (found.embedded) time(found.embed_ms, found.search_ms);
  auto fit = fitting(call, query, std::move(found.near));
  if (!fit) return failed(fit.error().stage, fit.error().error);
  const bool draws = options_.choice == policy::Choice::random && fit->size() > 1;
  Matches matches;
  for (std::size_t i : policy::choose(options_.choice, fit->size(), draws ? rooms_.chance() : 0)) {
    rooms_.cache.served(*(*fit)[i].hit.entry);
    matches.push_back(match_of((*fit)[i].hit));
  }
  return matches;
}

Outcome<std::vector<cache::Undecided>> Service::fitting(const base::Call& call,
                                                   const cache::Query& query,
                                                   std::vector<cache::Undecided> near) const {
  const std::size_t length = policy::characters(query.text);
  std::erase_if(near, [&](const cache::Undecided& candidate) {
    return !policy::accepts(options_.bare, candidate.hit.similarity, length);
  });
  if (rooms_.reranker == nullptr || near.empty()) return near;
  std::vector<std::string> overlooked;
  std::vector<Candidate> candidates;
  overlooked.reserve(near.size());
  for (const cache::Undecided& candidate : near) {
    overlooked.push_back(rooms_.embedder->overlooked(query.text, candidate.text));
    candidates.push_back({candidate.text, candidate.hit.similarity, overlooked.back()});
  }
  base::Result<std::vector<double>> scores = rooms_.reranker->score(call, query.text, candidates);
  if (!scores) return std::unexpected(Failure{Stage::other, scores.error()});
  std::vector<std::size_t> order(near.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) { return (*scores)[i]; });
  std::vector<cache::Undecided> out;
  for (std::size_t i : order) {
    if ((*scores)[i] >= options_.rerank_floor) out.push_back(std::move(near[i]));
  }
  return out;
}

void Service::time(double embed_ms, double search_ms) {
  embeds_.add();
  embed_us_.add(static_cast<std::uint64_t>(embed_ms * 1000));
  search_us_.add(static_cast<std::uint64_t>(search_ms * 1000));
}

Outcome<std::vector<key::EntryId>> Service::insert(const base::Call& call,
                                                   const Collection& collection,
                                                   std::vector<Entry> entries) {
  entries = without_repeats(std::move(entries));
  std::vector<std::string_view> texts;
  std::vector<std::size_t> whose;
  const bool semantic = rooms_.embedder != nullptr && options_.rule.mode != policy::Mode::off;
  for (std::size_t i = 0; semantic && i < entries.size(); ++i) {
    if (entries[i].question.text.empty()) continue;
    texts.push_back(entries[i].question.text);
    whose.push_back(i);
  }
  embed::Matrix vectors;
  if (!texts.empty()) {
    base::Result<embed::Matrix> made = rooms_.embedder->embed(call, texts);
    if (!made) return failed(Stage::embedder, made.error());
    vectors = std::move(*made);
  }
  std::vector<cache::Offer> offers(entries.size());
  for (std::size_t i = 0; i < whose.size(); ++i) {
    offers[whose[i]].text = entries[whose[i]].question.text;
    offers[whose[i]].vector.assign(vectors.row(i).begin(), vectors.row(i).end());
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    offers[i].answer = answer_of(entries[i]);
    offers[i].places = {std::move(entries[i].question.place)};
    offers[i].model = collection.model;
    offers[i].dialect = collection.kind;
    offers[i].tags = std::move(entries[i].tags);
    offers[i].ttl = options_.ttl;
  }
  base::Result<std::vector<key::EntryId>> ids = rooms_.cache.insert(call, std::move(offers));
  if (!ids) return failed(Stage::store, ids.error());
  inserted_.add(ids->size());
  // The entries are there; a collection that is not listed is a smaller fault than a failed insert.
  if (auto listed = rooms_.ledger.register_model(collection); !listed) errors_.add();
  return *ids;
}

Outcome<std::size_t> Service::forget(const base::Call& call, store::Filter filter) {
  std::vector<key::EntryId> ids = rooms_.cache.unwritten(filter);
  store::Scan scan;
  scan.limit = kPage;
  scan.filter = std::move(filter);
  for (bool more = true; more;) {
    base::Result<store::Page> page = rooms_.cache.list(call, scan);
    if (!page) return failed(Stage::store, page.error());
    for (const store::Record& record : page->records) ids.push_back(record.id);
    more = page->next.has_value();
    scan.after = page->next.value_or(0);
  }
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  if (ids.empty()) return std::size_t{0};
  if (base::Result<> gone = rooms_.cache.forget(call, ids); !gone) {
    return failed(Stage::store, gone.error());
  }
  removed_.add(ids.size());
  return ids.size();
}

Outcome<std::size_t> Service::truncate(const base::Call& call, const Collection& collection) {
  Outcome<std::size_t> count = forget(call, filter_of(collection));
  if (!count) return count;
  if (base::Result<> gone = rooms_.ledger.forget(collection); !gone) {
    return failed(Stage::store, gone.error());
  }
  return count;
}

Outcome<std::size_t> Service::erase(const base::Call& call, const Collection& collection,
                                    std::vector<key::EntryId> ids) {
  if (ids.empty()) return std::size_t{0};
  store::Filter filter = filter_of(collection);
  filter.ids = std::move(ids);
  return forget(call, std::move(filter));
}

Outcome<Ledger::Registered> Service::register_model(const Collection& collection) {
  base::Result<Ledger::Registered> state = rooms_.ledger.register_model(collection);
  if (!state) return failed(Stage::store, state.error());
  return *state;
}

Report Service::report() const {
  Report out;
  out.queries = queries_.value();
  out.hits = hits_.value();
  out.exact_hits = exact_hits_.value();
  out.embeds = out.searches = embeds_.value();
  out.embed_ms = static_cast<double>(embed_us_.value()) / 1000;
  out.search_ms = static_cast<double>(search_us_.value()) / 1000;
  out.inserted = inserted_.value();
  out.removed = removed_.value();
  out.errors = errors_.value();
  return out;
}

}  // namespace refrain::answers
