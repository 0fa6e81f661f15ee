#include "store/sqlite_store.h"

#include <utility>

#include "disk/folder_lock.h"
#include "store/limits.h"
#include "store/queued_store.h"
#include "store/readers.h"
#include "store/rows.h"
#include "store/writer.h"

namespace refrain::store {
namespace {

class FileSource final : public Source {
 public:
  FileSource(std::unique_ptr<disk::FolderLock> lock, const std::string& path,
             std::size_t readers_max)
      : lock_(std::move(lock)), readers_(path, readers_max) {}

  Result<std::optional<Record>> find(const Call& call, const Key& exact, std::string_view canonical,
                                     std::vector<EntryId>& corrupt) override {
    TRY(reader, readers_.borrow(call));
    return rows::find(*reader, exact, canonical, corrupt);
  }
  Result<std::vector<std::optional<Record>>> get(const Call& call, std::span<const EntryId> ids,
                                                 Detail detail,
                                                 std::vector<EntryId>& corrupt) override {
    TRY(reader, readers_.borrow(call));
    std::vector<std::optional<Record>> out;
    for (EntryId id : ids) {
      TRY(record, rows::read(*reader, id, detail, corrupt));
      out.push_back(std::move(record));
    }
    return out;
  }
  Result<> walk(const Call& call, const Walk& walk, std::vector<EntryId>& corrupt,
                const Each& each) override {
    TRY(reader, readers_.borrow(call));
    return rows::walk(*reader, walk.after, walk.detail, corrupt, each);
  }

 private:
  std::unique_ptr<disk::FolderLock> lock_;  // first, so that it is released last
  Readers readers_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const Options& options, const base::Clock& clock) {
  TRY(lock, disk::FolderLock::take(options.folder));
  const std::string path = options.folder + "/store.sqlite";
  TRY(writer, Writer::open(path, options, clock));
  QueuedStore::Parts parts;
  parts.label = path;
  parts.first_id = writer->first_id();
  parts.source = std::make_unique<FileSource>(std::move(lock), path, options.readers_max);
  parts.sink = std::move(writer);
  return std::make_unique<QueuedStore>(options, clock, std::move(parts));
}

}  // namespace refrain::store
