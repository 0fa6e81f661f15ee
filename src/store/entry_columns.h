#pragma once

#include "store/codec.h"

namespace refrain::store::codec {

/// The row of `entries` at which a result stands: these fifteen columns, in this order, from the
/// first on. Views live as long as the result keeps its row.
template <class Columns>
EntryRow entry_at(const Columns& columns) {
  EntryRow row;
  row.id = static_cast<EntryId>(columns.integer(0));
  row.exact = columns.bytes(1);
  row.space = columns.bytes(2);
  row.tenant = columns.bytes(3);
  row.user = columns.bytes(4);
  row.scope = columns.integer(5);
  row.model = columns.bytes(6);
  row.dialect = columns.bytes(7);
  row.tags = columns.bytes(8);
  row.stored = columns.integer(9);
  if (!columns.is_null(10)) row.expires = columns.integer(10);
  row.cost = columns.integer(11);
  row.checksum = columns.integer(12);
  row.used = columns.integer(13);
  row.hits = columns.integer(14);
  return row;
}

}  // namespace refrain::store::codec
