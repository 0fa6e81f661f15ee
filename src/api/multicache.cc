#include "api/multicache.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace refrain::api {

namespace mm = wire::multicache;
namespace mc = wire::modelcache;
using answers::Stage;

namespace {

constexpr std::size_t kAlikeMax = 3;  // images that are tried after the one itself
constexpr std::string_view kKind = "multicache";

void reply(const Visit& visit, const ModelcacheDoor::Reply& reply) {
  reply_json(visit, reply.status, reply.body);
}

ModelcacheDoor::Reply of_fault(const mc::Fault& fault, mc::Kind kind) {
  return {.status = mc::http_status(fault.code), .body = mm::render_fault(fault, kind)};
}

bool refuses(const ModelcacheDoor::Options& options, const std::string& model) {
  return std::ranges::any_of(options.refused, [&](const std::string& refused) {
    return mc::folded(refused) == mc::folded(model);
  });
}

}  // namespace

MulticacheDoor::MulticacheDoor(ModelcacheDoor::Options options, answers::Service& service,
                               answers::Pictures& pictures, base::Clock& clock)
    : options_(std::move(options)),
      service_(service),
      pictures_(pictures),
      clock_(clock),
      workers_({.name = "pictures", .threads = options_.workers, .queue_max = options_.queue_max}) {
}

void MulticacheDoor::handle(const Visit& visit) {
  if (!visit.certain) {
    return reply(visit, of_fault({mc::code::kUnknown,
                                  "whose answers these would be is not known: "
                                  "an API key is wanted"},
                                 mc::Kind::query));
  }
  // Reading decodes base64 of megabytes: not on a network thread.
  base::Result<> queued = workers_.submit([this, visit] {
    const net::Request& http = visit.exchange->request();
    std::expected<Request, mc::Fault> request = mm::read_request(http.body);
    if (!request) return reply(visit, of_fault(request.error(), mc::Kind::query));
    answers::Collection collection{visit.tenant.id, request->model, std::string(kKind)};
    if (options_.folds_names) collection.model = mc::folded(collection.model);
    reply(visit, answer(std::move(*request), collection, http.received));
  });
  if (!queued) {
    reply(visit, of_fault({mc::code::kInternal, queued.error().what}, mc::Kind::query));
  }
}

MulticacheDoor::Reply MulticacheDoor::answer(Request request, const answers::Collection& collection,
                                             base::Instant received) {
  const bool query_like = request.kind == mc::Kind::query;
  if ((query_like || request.kind == mc::Kind::insert) && refuses(options_, request.model)) {
    return of_fault({query_like ? mc::code::kQueryRefused : mc::code::kInsertRefused,
                     fmt::format("model '{}' is refused by a setting", request.model)},
                    request.kind);
  }
  switch (request.kind) {
    case mc::Kind::query: return query(request.query, collection, received);
    case mc::Kind::insert: return insert(request, collection);
    case mc::Kind::remove: return remove(request, collection);
    case mc::Kind::register_model: break;
  }
  const auto state = service_.register_model(collection);
  if (!state) return of_fault({mc::code::kRegister, state.error().error.what}, request.kind);
  const bool created = *state == answers::Ledger::Registered::created;
  return {.body =
              mc::render_registered(created ? mc::Registered::created : mc::Registered::was_there)};
}

MulticacheDoor::Seen MulticacheDoor::look(const Asked& asked) const {
  Seen out;
  out.viewing.text = asked.text;
  out.viewing.shown = mm::shown(asked);
  if (asked.modality == mm::Modality::text) return out;
  if (!asked.image_raw.empty()) {
    out.picture = pictures_.look_at(asked.image_raw);
    out.viewing.image = "bytes:" + out.picture->content;
  } else if (!asked.image_url.empty()) {
    out.viewing.image = "url:" + asked.image_url;
  } else {
    out.viewing.image = "id:" + asked.image_id;
  }
  return out;
}

// The image itself, then those that look like it: one whose entries are gone must not hide another.
answers::Outcome<answers::Matches> MulticacheDoor::find(const base::Call& call,
                                                        const answers::Collection& collection,
                                                        Seen seen) {
  std::vector<std::string> images = {seen.viewing.image};
  if (seen.picture) {
    for (const std::string& content : pictures_.alike(collection, *seen.picture, kAlikeMax)) {
      images.push_back("bytes:" + content);
    }
  }
  for (std::string& image : images) {
    seen.viewing.image = std::move(image);
    const answers::Question question = answers::question_of(collection, seen.viewing);
    if (auto now = service_.find_now(question)) return std::move(*now);
    auto found = service_.find(call, question);
    if (!found || !found->empty()) return found;
  }
  return answers::Matches{};
}

MulticacheDoor::Reply MulticacheDoor::query(const Asked& asked,
                                            const answers::Collection& collection,
                                            base::Instant received) {
  const base::Call call{received + options_.query_deadline, {}, 0};
  auto found = find(call, collection, look(asked));
  if (!found) {
    const bool embedder = found.error().stage == Stage::embedder;
    return of_fault(
        {embedder ? mc::code::kQueryEmbedder : mc::code::kQueryStore, found.error().error.what},
        mc::Kind::query);
  }
  mc::Reply out;
  out.hit = !found->empty();
  out.as_list = service_.as_list();
  out.seconds = base::milliseconds_between(received, clock_.now()) / 1000;
  for (answers::Match& match : *found) {
    out.questions.push_back(std::move(match.question));
    out.answers.push_back(std::move(match.answer));
  }
  return {.body = mc::render_query(out)};
}

MulticacheDoor::Reply MulticacheDoor::insert(Request& request,
                                             const answers::Collection& collection) {
  std::vector<answers::Entry> entries;
  std::vector<answers::Picture> pictures;
  for (mm::NewAnswer& given : request.answers) {
    Seen seen = look(given.query);
    answers::Entry entry{answers::question_of(collection, seen.viewing), std::move(given.answer)};
    if (seen.picture && seen.picture->looks) {
      entry.tags = {answers::tag_of(*seen.picture)};
      pictures.push_back(std::move(*seen.picture));
    }
    entries.push_back(std::move(entry));
  }
  const auto ids = service_.insert(inserting(), collection, std::move(entries));
  if (!ids) {
    const bool embedder = ids.error().stage == Stage::embedder;
    return of_fault(
        {embedder ? mc::code::kInsertEmbedder : mc::code::kInsertStore, ids.error().error.what},
        mc::Kind::insert);
  }
  for (const answers::Picture& picture : pictures) pictures_.add(collection, picture);
  return {.body = mc::render_inserted()};
}

MulticacheDoor::Reply MulticacheDoor::remove(Request& request,
                                             const answers::Collection& collection) {
  const bool all = request.remove_type == "truncate_by_model";
  const auto count = all ? service_.truncate(inserting(), collection)
                         : service_.erase(inserting(), collection, std::move(request.ids));
  if (!count) return of_fault({mc::code::kRemoveStore, count.error().error.what}, request.kind);
  if (all) pictures_.forget(collection);
  return {.body = all ? mc::render_truncated(*count) : mc::render_deleted(*count)};
}

}  // namespace refrain::api
