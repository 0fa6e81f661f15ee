#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cache/cache.h"
#include "key/tenant.h"
#include "serve/entries.h"
#include "serve/journal.h"

namespace refrain::serve {

/// What to do with other entries that hold the same answer as a wrong one.
enum class Others : std::uint8_t { keep, forget };

/// What somebody says of an answer.
struct Report {
  std::string id;  // of the answer, or of the request that got it
  trust::Verdict verdict = trust::Verdict::wrong;
  Others others = Others::keep;
};

/// What came of a report.
struct Told {
  key::EntryId answer = 0;
  trust::Verdict verdict = trust::Verdict::wrong;
  bool changed = false;          // false: the same was said before
  std::size_t learnt = 0;        // decisions that became labels
  std::vector<Decision> served;  // the last ones that this entry answered, newest first
  std::vector<key::EntryId> same_answer;  // other entries of its tenant that hold the same answer
  std::size_t forgotten = 0;              // of these
};

/// People's verdicts on answers. An answer said to be wrong is in quarantine from then on, also
/// after a restart: kept, shown to operators, served to nobody. Threads: any; blocks.
class Feedback {
 public:
  static constexpr std::size_t kServedMax = 100;     // decisions that are listed and learnt from
  static constexpr std::size_t kScannedMax = 20000;  // entries that are compared with it

  Feedback(cache::Cache& cache, Entries& entries, const Journal& journal, const base::Clock& clock)
      : cache_(cache), entries_(entries), journal_(journal), clock_(clock) {}

  /// Durable on return; the same report again changes nothing.
  /// Errors: not_found (no such answer, or another tenant's), busy (too many verdicts), io.
  base::Result<Told> tell(const base::Call& call, const key::Tenant& tenant, const Report& report);

  /// What verdicts say of decisions that the journal still holds, for `refrain tune`.
  struct Labelled {
    trust::Spoken spoken;
    Decision decision;
  };
  std::vector<Labelled> labels(const key::Tenant& tenant) const;

 private:
  base::Result<key::EntryId> answer_of(const key::Tenant& tenant, const std::string& id,
                                       std::vector<Decision>& served) const;
  std::size_t relearn(const Told& told);
  base::Result<std::vector<key::EntryId>> same_answer(const base::Call& call,
                                                      const EntryView& entry);

  cache::Cache& cache_;
  Entries& entries_;
  const Journal& journal_;
  const base::Clock& clock_;
};

}  // namespace refrain::serve
