// What nobody keeps by name is forgotten in one transaction: its rows go, and with them it is gone
// for good, because a start sweeps files without rows. The tree and the files follow. A block that
// a reader or a draft holds at that moment stays as a file until it is released, but no prompt
// finds it; a draft that holds it and is published all the same (a named one) gives it its row
// again.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "kv/draft.h"
#include "kv/shelf.h"
#include "kv/store.h"

namespace refrain::kv {

using base::Result;

namespace {

struct Verdicts {
  std::vector<base::Digest> needless{};  // children before their parents
  std::vector<std::pair<base::Digest, Node>> needed{};  // by a named object, and by it alone
};

Verdicts judge(const Index& index, const std::optional<base::Digest>& start) {
  Verdicts out;
  std::unordered_set<base::Digest, base::DigestHash> parents;  // of what is needed
  for (const base::Digest& hash : index.tree.behind(start)) {
    const Node* node = index.tree.find(hash);
    if (node->ends == 0 && !parents.contains(hash)) {
      out.needless.push_back(hash);
      continue;
    }
    parents.insert(node->parent);
    if (!node->loose) continue;
    Node numbers;
    numbers.hits = node->hits;
    numbers.used = node->used;
    out.needed.emplace_back(hash, std::move(numbers));
  }
  return out;
}

}  // namespace

Result<std::size_t> Store::forget(const std::optional<Space>& space) {
  Shelf& shelf = *shelf_;
  std::optional<base::Digest> start;
  if (space) start = root(*space);
  return shelf.on_writer<std::size_t>([&]() -> Result<std::size_t> {
    const Verdicts verdicts =
        shelf.index.with([&](const Index& index) { return judge(index, start); });
    Change change;
    change.drop_blocks = verdicts.needless;
    for (const auto& [hash, numbers] : verdicts.needed) {
      change.touch_blocks.push_back({hash, &numbers});
    }
    TRY_DO(shelf.catalog->apply(change));
    std::vector<base::Digest> gone;
    shelf.index.with([&](Index& index) {
      for (Draft::State* draft : index.drafts) {
        if (!start || draft->start == *start) draft->forgotten = true;
      }
      for (const auto& [hash, numbers] : verdicts.needed) index.tree.find(hash)->loose = false;
      for (const base::Digest& hash : verdicts.needless) {
        Node* node = index.tree.find(hash);
        node->loose = false;
        node->forgotten = true;
        if (node->holds == 0 && index.tree.remove(hash, shelf.clock.wall())) gone.push_back(hash);
      }
    });
    for (const base::Digest& hash : gone) shelf.folder.drop_block(hash);
    return verdicts.needless.size();
  });
}

}  // namespace refrain::kv
