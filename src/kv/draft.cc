// A publication in two phases. Blocks are written aside as they come, on the caller's thread. Then,
// on the writer's thread and in this order: room is made, files get their names, one transaction
// makes the rows, and last the tree shows them. Whoever looks before sees nothing of it, whoever
// looks after sees all.
//
// A block that exists by then, because somebody else published the same beginning, wins; ours is
// thrown away. A partial block is never continued: the prompt that goes on gets a whole block in
// its place, and the partial one goes if nothing else needs it.
#include "kv/draft.h"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <set>

#include <fmt/format.h>

namespace refrain::kv {

using base::Code;
using base::fail;
using base::Result;

namespace {

constexpr std::uint64_t kHotShare = 4;  // of the memory, for blocks of one draft

Result<> check_prompt(const NewPrompt& prompt) {
  if (!prompt.name.empty()) TRY_DO(check_name(prompt.name));
  if (prompt.tokens.empty()) return fail(Code::invalid, "a prompt without tokens has no KV");
  if (!prompt.positions.empty() && prompt.positions.size() != prompt.tokens.size()) {
    return fail(Code::invalid, fmt::format("{} positions for {} tokens", prompt.positions.size(),
                                           prompt.tokens.size()));
  }
  bool in_order = true;
  for (std::size_t i = 0; i < prompt.positions.size(); ++i) {
    in_order = in_order && prompt.positions[i] == static_cast<std::int32_t>(i);
  }
  if (!in_order && prompt.provenance == Provenance::exact) {
    return fail(Code::invalid, "exact KV has the positions 0, 1, 2, ...");
  }
  if (prompt.provenance != Provenance::exact && prompt.name.empty()) {
    return fail(Code::invalid, "approximate KV needs a name: it is never found by its tokens");
  }
  const std::uint32_t layers = prompt.fingerprint.layers;
  if (layers == 0 || layers > kLayersMax) {
    return fail(Code::invalid, fmt::format("a model of {} layers", layers));
  }
  return {};
}

// The blocks that are there already, as far as one can go on behind them.
std::vector<Tree::Step> usable_steps(const Tree& tree, const base::Digest& start,
                                     std::span<const Token> tokens, std::size_t block_tokens) {
  std::vector<Tree::Step> steps = tree.walk(start, tokens);
  if (steps.empty()) return steps;
  const Tree::Step& last = steps.back();
  const bool whole_prompt = last.first + last.usable == tokens.size();
  const bool partial = last.usable < last.tokens || last.tokens < block_tokens;
  if (!whole_prompt && partial && !(last.usable == last.tokens && tree.has_children(last.hash))) {
    steps.pop_back();
  }
  return steps;
}

BlockHead head_of(const NewPrompt& prompt, const Draft::Wanted& part, const base::Digest& parent,
                  const RowBytes& row) {
  BlockHead head;
  const std::span<const Token> tokens = std::span(prompt.tokens).subspan(part.first, part.tokens);
  head.parent = parent;
  head.hash = next(parent, tokens);
  head.fingerprint = digest(prompt.fingerprint);
  head.provenance = prompt.provenance;
  head.tokens.assign(tokens.begin(), tokens.end());
  if (prompt.positions.empty()) {
    head.positions.resize(part.tokens);
    std::iota(head.positions.begin(), head.positions.end(), static_cast<std::int32_t>(part.first));
  } else {
    const auto from = prompt.positions.begin() + static_cast<std::ptrdiff_t>(part.first);
    head.positions.assign(from, from + static_cast<std::ptrdiff_t>(part.tokens));
  }
  for (std::uint32_t layer = 0; layer < prompt.fingerprint.layers; ++layer) {
    head.sections.push_back({prompt.fingerprint.key_type, row.key, 0, 0});
    head.sections.push_back({prompt.fingerprint.value_type, row.value, 0, 0});
  }
  return head;
}

}  // namespace

Aside::~Aside() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

Draft::State::State(std::shared_ptr<Shelf> of) : shelf(std::move(of)) {}
Draft::State::~State() {
  shelf->index.with([this](Index& index) { index.drafts.erase(this); });
}

Draft::Draft(std::unique_ptr<State> state) : state_(std::move(state)) {}
Draft::Draft(Draft&&) noexcept = default;
Draft& Draft::operator=(Draft&&) noexcept = default;
Draft::~Draft() = default;

std::span<const Draft::Wanted> Draft::wanted() const noexcept { return state_->wanted; }

Result<Draft> Store::begin(NewPrompt prompt) {
  Shelf& shelf = *shelf_;
  TRY_DO(check_prompt(prompt));
  TRY(row, row_bytes(prompt.fingerprint));
  const std::uint64_t bytes =
      (std::uint64_t{row.key} + row.value) * prompt.fingerprint.layers * prompt.tokens.size();
  if (bytes > shelf.options.object_bytes_max) {
    shelf.counts.refused_size.add();
    return fail(Code::too_large, fmt::format("KV of {} bytes, {} are allowed", bytes,
                                             shelf.options.object_bytes_max));
  }
  auto state = std::make_unique<Draft::State>(shelf_);
  state->file_bytes = bytes;
  Space space{prompt.tenant, digest(prompt.fingerprint), prompt.provenance};
  const std::size_t block_tokens = shelf.options.block_tokens;
  std::size_t done = 0;
  shelf.index.with([&](Index& index) {
    if (prompt.provenance != Provenance::exact) space.object = state->id = index.next_id++;
    state->leaf = state->start = root(space);
    index.drafts.insert(state.get());
    const auto steps = usable_steps(index.tree, state->leaf, prompt.tokens, block_tokens);
    if (steps.empty()) return;
    state->leaf = steps.back().hash;
    state->shared = steps.size();
    done = steps.back().first + steps.back().usable;
    ++index.tree.find(state->leaf)->holds;
    for (const Tree::Step& step : steps) {
      if (!prompt.name.empty()) continue;
      index.tree.find(step.hash)->loose = true;
      index.used.insert(step.hash);
    }
  });
  if (done > 0) state->hold = std::make_unique<Hold>(shelf_, state->leaf);
  for (; done < prompt.tokens.size(); done += block_tokens) {
    state->wanted.push_back({done, std::min(block_tokens, prompt.tokens.size() - done)});
  }
  state->prompt = std::move(prompt);
  return Draft(std::move(state));
}

Result<> Draft::write(std::span<const Rows> layers) {
  State& state = *state_;
  if (state.blocks.size() == state.wanted.size()) {
    return fail(Code::invalid, fmt::format("all {} blocks were written", state.wanted.size()));
  }
  const Wanted& part = state.wanted[state.blocks.size()];
  TRY(row, row_bytes(state.prompt.fingerprint));
  if (layers.size() != state.prompt.fingerprint.layers) {
    return fail(Code::invalid, fmt::format("rows of {} layers, the model has {}", layers.size(),
                                           state.prompt.fingerprint.layers));
  }
  BlockHead head = head_of(state.prompt, part, state.leaf, row);
  NewBlock block{.aside = Aside("")};
  block.hash = head.hash;
  block.node.parent = head.parent;
  block.node.tokens = head.tokens;
  block.node.first = part.first;
  block.node.loose = state.prompt.name.empty();
  block.node.saved = std::chrono::duration<double>(state.prompt.cost).count() *
                     static_cast<double>(part.tokens) /
                     static_cast<double>(state.prompt.tokens.size());
  TRY(bytes, encode_block(std::move(head), layers));
  block.node.bytes = bytes.size();
  TRY(path, state.shelf->folder.put_aside(bytes));
  block.aside = Aside(std::move(path));
  state.new_bytes += bytes.size();
  if (state.hot_bytes + bytes.size() <= state.shelf->options.memory_bytes_max / kHotShare) {
    state.hot_bytes += bytes.size();
    TRY(hot, Block::decode(std::move(bytes)));
    block.hot = std::move(hot);
  }
  state.leaf = block.hash;
  state.blocks.push_back(std::move(block));
  return {};
}

Result<std::optional<Description>> Store::publish(const base::Call& call, Draft draft) {
  Shelf& shelf = *shelf_;
  TRY_DO(kv::check(call, shelf.clock));
  Draft::State& state = *draft.state_;
  if (state.blocks.size() < state.wanted.size()) {
    return fail(Code::invalid, fmt::format("{} of {} blocks were written", state.blocks.size(),
                                           state.wanted.size()));
  }
  if (state.prompt.name.empty() && state.blocks.empty()) return std::nullopt;
  return shelf.on_writer<std::optional<Description>>([&state] { return kv::publish(state); });
}

Result<Named> new_object(Shelf& shelf, const std::string& tenant, const std::string& name,
                         std::uint64_t bytes, ObjectId id) {
  const std::uint64_t quota = shelf.options.tenant_bytes_max;
  Named out;
  Description& facts = out.facts;
  const auto [used, objects] = shelf.index.with([&](Index& index) {
    const auto versions = index.names.versions(tenant, name);
    facts.version = versions.empty() ? 1 : index.names.find(versions.back())->facts.version + 1;
    facts.id = id != 0 ? id : index.next_id++;
    return std::pair(index.names.bytes(tenant), index.names.size());
  });
  if (quota != 0 && used + bytes > quota) {
    shelf.counts.refused_quota.add();
    return fail(Code::unavailable,
                fmt::format("the quota of {} bytes is used up: {} are taken, {} more are wanted",
                            quota, used, bytes));
  }
  if (objects >= shelf.options.objects_max) {
    return fail(Code::unavailable,
                fmt::format("{} objects are kept, as many as are allowed", objects));
  }
  facts.tenant = tenant;
  facts.name = name;
  facts.bytes = bytes;
  facts.created = facts.used = shelf.clock.wall();
  return out;
}

void drop_old_versions(Shelf& shelf, const std::string& tenant, const std::string& name) {
  const std::vector<ObjectId> old = shelf.index.with([&](Index& index) {
    std::vector<ObjectId> all = index.names.versions(tenant, name), out;
    for (ObjectId id : all) {
      if (out.size() + shelf.options.versions_max >= all.size()) break;
      if (!is_safe(index.names.find(id)->facts, shelf.clock.wall())) out.push_back(id);
    }
    return out;
  });
  if (!old.empty() && !shelf.erase(old)) shelf.counts.failed.add();
}

namespace {

// Gives their names to the files of blocks that nobody has by now; the others are left aside.
Result<std::vector<NewBlock*>> name_files(Draft::State& draft) {
  Shelf& shelf = *draft.shelf;
  std::vector<NewBlock*> fresh;
  const Result<> checked = shelf.index.with([&](const Index& index) -> Result<> {
    for (NewBlock& block : draft.blocks) {
      const Node* there = index.tree.find(block.hash);
      if (!there) {
        fresh.push_back(&block);
      } else if (there->tokens != block.node.tokens || there->parent != block.node.parent) {
        return fail(Code::conflict,
                    fmt::format("block {} is the name of other tokens too", base::hex(block.hash)));
      }
    }
    if (index.tree.size() + fresh.size() <= shelf.options.blocks_max) return {};
    return fail(Code::unavailable,
                fmt::format("{} blocks are kept, as many as are allowed", index.tree.size()));
  });
  TRY_DO(checked);
  std::set<std::uint64_t> folders;
  for (NewBlock* block : fresh) {
    Result<> kept = shelf.folder.keep_block(block->aside.path(), block->hash);
    folders.insert(block->hash.high >> 56U);
    if (!kept) {
      for (NewBlock* done : fresh) {
        if (done == block) break;
        shelf.folder.drop_block(done->hash);
      }
      return std::unexpected(std::move(kept).error());
    }
    block->aside.kept();
  }
  for (NewBlock* block : fresh) {
    if (folders.erase(block->hash.high >> 56U) > 0) TRY_DO(shelf.folder.settle(block->hash));
  }
  return fresh;
}

// Partial blocks beside a new whole one that begins with the same tokens: nobody needs them any
// more.
std::vector<base::Digest> superseded(Index& index, const std::vector<NewBlock*>& fresh) {
  std::vector<base::Digest> out;
  for (const NewBlock* block : fresh) {
    for (const base::Digest& sibling : index.tree.beginnings_of(block->hash)) {
      const Node* node = index.tree.find(sibling);
      if (node->ends == 0 && node->holds == 0) out.push_back(sibling);
    }
  }
  return out;
}

// Blocks of the draft whose rows went with their space while it held them.
std::vector<std::pair<base::Digest, Node>> rows_again(const Index& index,
                                                      const Draft::State& draft) {
  const bool none = draft.blocks.empty();
  std::vector<base::Digest> all =
      index.tree.path(none ? draft.leaf : draft.blocks.front().node.parent);
  for (const NewBlock& block : draft.blocks) all.push_back(block.hash);
  std::vector<std::pair<base::Digest, Node>> out;
  for (const base::Digest& hash : all) {
    const Node* node = index.tree.find(hash);
    if (!node || !node->forgotten) continue;
    out.emplace_back(hash, *node);
    out.back().second.loose = draft.prompt.name.empty();
  }
  return out;
}

Manifest manifest_of(const Draft::State& draft) {
  const NewPrompt& prompt = draft.prompt;
  Manifest out;
  out.fingerprint = prompt.fingerprint;
  out.tokens = prompt.tokens;
  out.positions = prompt.positions;
  out.text = prompt.text;
  out.provenance = prompt.provenance;
  out.lineage = prompt.lineage;
  out.header = draft.header;
  out.labels = prompt.labels;
  return out;
}

void describe(const Draft::State& draft, const std::string& manifest, Named& object) {
  const NewPrompt& prompt = draft.prompt;
  Description& facts = object.facts;
  facts.model = prompt.fingerprint.model;
  facts.fingerprint = digest(prompt.fingerprint);
  facts.kind = Kind::blocks;
  facts.provenance = prompt.provenance;
  facts.tokens = prompt.tokens.size();
  facts.pinned = prompt.pinned;
  facts.cost = prompt.cost;
  if (prompt.ttl) facts.expires = facts.created + *prompt.ttl;
  object.leaf = draft.leaf;
  // What a reader sees follows from the manifest and the blocks, which their names stand for only
  // together with the moment they were made: two engines may round differently.
  facts.content =
      draft.content != base::Digest{}
          ? draft.content
          : base::digest(fmt::format("{}{}{}", manifest, base::hex(draft.leaf), facts.id));
}

}  // namespace

Result<std::optional<Description>> publish(Draft::State& draft) {
  Shelf& shelf = *draft.shelf;
  const NewPrompt& prompt = draft.prompt;
  const auto [forgotten, again] = shelf.index.with([&](const Index& index) {
    return std::pair(draft.forgotten, rows_again(index, draft));
  });
  if (forgotten && prompt.name.empty()) {
    return fail(Code::cancelled, "what was kept without a name was forgotten meanwhile");
  }
  TRY_DO(shelf.make_room(draft.new_bytes));
  std::optional<Named> object;
  std::string manifest;
  if (!prompt.name.empty()) {
    TRY(made, new_object(shelf, prompt.tenant, prompt.name, draft.file_bytes, draft.id));
    object = std::move(made);
    manifest = encode(manifest_of(draft));
    describe(draft, manifest, *object);
  }
  TRY(fresh, name_files(draft));
  Change change;
  for (NewBlock* block : fresh) {
    block->node.made = block->node.used = shelf.clock.wall();
    change.add_blocks.push_back({block->hash, &block->node});
  }
  for (const auto& [hash, node] : again) change.add_blocks.push_back({hash, &node});
  if (object) change.add_objects.push_back({&*object, manifest});
  if (Result<> applied = shelf.catalog->apply(change); !applied) {
    for (NewBlock* block : fresh) shelf.folder.drop_block(block->hash);
    shelf.counts.failed.add();
    return std::unexpected(std::move(applied).error());
  }
  std::optional<Description> out;
  if (object) out = object->facts;
  const std::vector<base::Digest> old = shelf.index.with([&](Index& index) {
    for (const auto& [hash, node] : again) {
      Node* there = index.tree.find(hash);
      there->forgotten = false;
      there->loose = node.loose;
    }
    for (NewBlock* block : fresh) index.tree.add(block->hash, std::move(block->node));
    if (object) {
      ++index.tree.find(object->leaf)->ends;
      settle_pin(index, *object, shelf.clock.wall());
      index.names.add(std::move(*object));
    }
    return superseded(index, fresh);
  });
  draft.hold.reset();
  for (NewBlock* block : fresh) {
    if (block->hot) shelf.warm(block->hash, std::move(block->hot));
    shelf.counts.bytes_written.add(block->node.bytes);
  }
  shelf.counts.blocks_written.add(fresh.size());
  shelf.counts.blocks_shared.add(draft.shared + draft.blocks.size() - fresh.size());
  shelf.counts.published.add();
  if (!old.empty()) shelf.evict(old);
  if (out) drop_old_versions(shelf, out->tenant, out->name);
  return out;
}

}  // namespace refrain::kv
