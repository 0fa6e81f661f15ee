#include "cache/truth.h"

#include <utility>

namespace refrain::cache {

StoreTruth::StoreTruth(Options options, store::Store& store)
    : options_(std::move(options)), store_(store) {
  scan_.limit = options_.page;
  scan_.detail = store::Detail::question;
  scan_.filter.everything = true;
}

// A page of records may hold no vector of ours; an empty result would be the end.
base::Result<std::vector<index::Truth::Row>> StoreTruth::next() {
  std::vector<Row> rows;
  while (more_ && rows.empty()) {
    TRY(page, store_.scan({}, scan_));
    more_ = page.next.has_value();
    scan_.after = page.next.value_or(0);
    for (store::Record& record : page.records) {
      if (record.vector.empty()) continue;
      if (record.embedder != options_.embedder || record.vector.size() != options_.dim) {
        ++strangers_;
        continue;
      }
      rows.push_back({record.space, record.id, std::move(record.vector)});
    }
  }
  return rows;
}

}  // namespace refrain::cache
