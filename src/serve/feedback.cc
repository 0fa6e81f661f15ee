#include "serve/feedback.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace refrain::serve {
namespace {

constexpr std::size_t kPage = 1000;

bool may_see(const key::Tenant& tenant, const Decision& decision) {
  return tenant.admin || decision.tenant == tenant.id;
}

// Only what was served by meaning says something about the decision.
bool by_meaning(const Decision& decision) {
  return decision.tier == "semantic" && decision.judgement && decision.judgement->allowance.serve;
}

}  // namespace

std::vector<Feedback::Labelled> Feedback::labels(const key::Tenant& tenant) const {
  std::vector<Labelled> out;
  for (const trust::Spoken& spoken : cache_.trust().verdicts().all()) {
    for (Decision& decision : journal_.served_from(spoken.id, kServedMax)) {
      if (may_see(tenant, decision) && by_meaning(decision)) {
        out.push_back({spoken, std::move(decision)});
      }
    }
  }
  return out;
}

// By request id: that decision, and no other one, is what was judged. By answer id: all that is
// known to have been answered from it.
base::Result<key::EntryId> Feedback::answer_of(const key::Tenant& tenant, const std::string& id,
                                               std::vector<Decision>& served) const {
  std::optional<Decision> decision = journal_.find(id);
  if (decision && may_see(tenant, *decision)) {
    const key::EntryId answer =
        decision->answer_id != 0 ? decision->answer_id : decision->stored_as;
    if (answer == 0) {
      return base::fail(base::Code::not_found,
                        fmt::format("request {} was not answered from the cache, and its answer "
                                    "is not kept",
                                    id));
    }
    served = {std::move(*decision)};
    return answer;
  }
  const std::optional<std::uint64_t> answer = base::parse_hex64(id);
  if (!answer) {
    return base::fail(base::Code::not_found,
                      fmt::format("'{}' is no answer id (16 hex digits) and no request id of the "
                                  "journal",
                                  id));
  }
  served = journal_.served_from(*answer, kServedMax);
  std::erase_if(served, [&](const Decision& one) { return !may_see(tenant, one); });
  return *answer;
}

std::size_t Feedback::relearn(const Told& told) {
  std::size_t learnt = 0;
  for (const Decision& decision : told.served) {
    if (!by_meaning(decision)) continue;
    cache_.trust().routes().report(*decision.judgement, told.verdict == trust::Verdict::right);
    ++learnt;
  }
  return learnt;
}

base::Result<std::vector<key::EntryId>> Feedback::same_answer(const base::Call& call,
                                                              const EntryView& entry) {
  std::vector<key::EntryId> out;
  store::Scan scan;
  scan.limit = kPage;
  scan.detail = store::Detail::whole;
  scan.filter.tenant = entry.record.tenant;
  scan.filter.model = entry.record.model;
  std::size_t seen = 0;
  for (bool more = true; more && seen < kScannedMax;) {
    TRY(page, cache_.list(call, scan));
    more = page.next.has_value();
    scan.after = page.next.value_or(0);
    seen += page.records.size();
    for (const store::Record& record : page.records) {
      const bool same = record.id != entry.record.id && record.answer == entry.record.answer;
      if (same) out.push_back(record.id);
    }
  }
  return out;
}

base::Result<Told> Feedback::tell(const base::Call& call, const key::Tenant& tenant,
                                  const Report& report) {
  Told told;
  told.verdict = report.verdict;
  TRY(answer, answer_of(tenant, report.id, told.served));
  told.answer = answer;
  TRY(entry, entries_.show(call, tenant, answer));
  trust::Trust& trust = cache_.trust();
  TRY(changed, trust.verdicts().say({answer, report.verdict, clock_.wall()}));
  told.changed = changed;
  if (report.verdict == trust::Verdict::wrong) cache_.hide_quarantined(answer);
  if (changed) told.learnt = relearn(told);
  // Also when nothing changed: the last time may have failed.
  TRY_DO(trust.save());
  if (report.verdict == trust::Verdict::right) return told;
  TRY(same, same_answer(call, entry));
  told.same_answer = std::move(same);
  if (report.others == Others::forget && !told.same_answer.empty()) {
    TRY_DO(cache_.forget(call, told.same_answer));
    told.forgotten = told.same_answer.size();
  }
  return told;
}

}  // namespace refrain::serve
