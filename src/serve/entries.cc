#include "serve/entries.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace refrain::serve {
namespace {

constexpr std::size_t kPage = 1000;

EntryView view_of(store::Record record) {
  EntryView view;
  view.question = record.text;
  if (base::Result<chat::Answer> answer = chat::decode(record.answer)) {
    view.answer = chat::text(*answer);
  }
  record.vector.clear();
  record.canonical.clear();
  view.record = std::move(record);
  return view;
}

}  // namespace

Entries::Entries(cache::Cache& cache, Completions& completions)
    : cache_(cache), completions_(completions) {}

void Entries::confine(const key::Tenant& tenant, store::Filter& filter) {
  if (!tenant.admin) filter.tenant = tenant.id;
}

base::Result<std::vector<key::EntryId>> Entries::insert(const base::Call& call,
                                                        const key::Tenant& tenant,
                                                        std::vector<NewEntry> entries) {
  std::vector<cache::Offer> offers;
  offers.reserve(entries.size());
  for (NewEntry& entry : entries) {
    const Route& route = completions_.route(entry.request.dialect);
    if (entry.scope && !may_name(tenant, *entry.scope)) {
      return base::fail(base::Code::invalid, fmt::format("scope '{}' is not allowed to this tenant",
                                                         key::name(*entry.scope)));
    }
    key::Controls controls;
    controls.scope = entry.scope;
    controls.user = entry.user;
    cache::Offer offer;
    offer.places = places_of(entry.request, tenant, controls, route.key_rules);
    if (offer.places.empty()) {
      return base::fail(base::Code::invalid, "scope 'user' needs a 'user'");
    }
    bool semantic = route.rule.mode != policy::Mode::off && !entry.request.exact_only;
    if (semantic) offer.text = entry.request.text;
    offer.answer = std::make_shared<const chat::Answer>(std::move(entry.answer));
    offer.model = entry.request.model;
    offer.dialect = chat::name(entry.request.dialect);
    offer.tags = std::move(entry.tags);
    offer.ttl = entry.ttl.value_or(route.ttl);
    offer.entries_max = route.entries_max;
    offers.push_back(std::move(offer));
  }
  return cache_.insert(call, std::move(offers));
}

base::Result<EntryPage> Entries::list(const base::Call& call, const key::Tenant& tenant,
                                      store::Scan scan) {
  confine(tenant, scan.filter);
  TRY(page, cache_.list(call, scan));
  EntryPage out;
  out.next = page.next;
  for (store::Record& record : page.records) {
    const bool wrong = cache_.trust().verdicts().quarantined(record.id);
    out.entries.push_back(view_of(std::move(record)));
    out.entries.back().quarantined = wrong;
  }
  return out;
}

base::Result<EntryView> Entries::show(const base::Call& call, const key::Tenant& tenant,
                                      key::EntryId id) {
  store::Scan scan;
  scan.filter.ids = {id};
  scan.limit = 1;
  scan.detail = store::Detail::whole;
  TRY(page, list(call, tenant, std::move(scan)));
  if (page.entries.empty()) {
    return base::fail(base::Code::not_found, fmt::format("no entry {}", base::hex(id)));
  }
  return std::move(page.entries.front());
}

base::Result<std::size_t> Entries::invalidate(const base::Call& call, const key::Tenant& tenant,
                                              store::Filter filter, Run run) {
  confine(tenant, filter);
  // What is on its way to the disk counts too, and only once.
  std::vector<key::EntryId> unwritten = cache_.unwritten(filter);
  if (run == Run::real && !unwritten.empty()) TRY_DO(cache_.forget(call, unwritten));
  std::size_t count = unwritten.size();
  store::Scan scan;
  scan.limit = kPage;
  scan.filter = std::move(filter);
  for (bool more = true; more;) {
    TRY(page, cache_.list(call, scan));
    more = page.next.has_value();
    scan.after = page.next.value_or(0);
    std::vector<key::EntryId> ids;
    for (const store::Record& record : page.records) {
      if (std::ranges::find(unwritten, record.id) == unwritten.end()) ids.push_back(record.id);
    }
    count += ids.size();
    if (run == Run::real && !ids.empty()) TRY_DO(cache_.forget(call, ids));
  }
  return count;
}

}  // namespace refrain::serve
