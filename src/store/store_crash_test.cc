#include "tests/support/store_crash.h"
#include "store/sqlite_store.h"

namespace refrain::store {
namespace {

struct SqlitePlace {
  std::unique_ptr<Store> open(const base::Clock& clock) {
    auto store = open_sqlite({.folder = folder.path()}, clock);
    return store ? std::move(*store) : nullptr;
  }
  StoreFolder folder;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, StoreCrash, SqlitePlace);

}  // namespace
}  // namespace refrain::store
