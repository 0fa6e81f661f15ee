// The part of Store that takes and gives whole files.
//
// A file that names its token ids and its fingerprint becomes blocks, so that prompts find it. If
// its numbers differ from what is kept for the same tokens already (computed elsewhere, or
// damaged), it stays a file: whoever asks for it by name gets what was uploaded, and prompts get
// what they got before. A file that does not say what it is of stays a file too.
#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "kv/draft.h"
#include "kv/layout.h"
#include "kv/reading.h"
#include "kv/safetensors.h"

namespace refrain::kv {

using base::Code;
using base::fail;
using base::Result;

namespace {

// A file from outside, with its header understood.
struct Incoming {
  disk::File file;
  std::uint64_t bytes = 0;
  std::string head;  // length and JSON, verbatim
  Contents contents;
  std::vector<std::uint64_t> sums;
  base::Digest content{};
};

// A file that is no good is the sender's fault, not damage of ours.
template <class T>
Result<T> blamed(Result<T> result) {
  if (result) return result;
  const Code code = result.error().code;
  if (code != Code::corrupt && code != Code::unsupported) return result;
  return fail(Code::invalid, std::move(result).error().what);
}

Result<std::pair<std::string, safetensors::Header>> read_header(const disk::File& file,
                                                                std::uint64_t bytes) {
  std::string head(std::min<std::uint64_t>(bytes, 8), '\0');
  TRY_DO(file.read_at(0, head));
  TRY(length, blamed(safetensors::header_bytes(head, bytes)));
  head.resize(8 + length);
  TRY_DO(file.read_at(0, head));
  TRY(header, blamed(safetensors::parse(std::string_view(head).substr(8), bytes - 8 - length)));
  return std::pair(std::move(head), std::move(header));
}

Result<Incoming> read_incoming(Shelf& shelf, const std::string& path) {
  TRY(file, disk::File::open(path));
  TRY(bytes, file.size());
  if (bytes > shelf.options.object_bytes_max) {
    shelf.counts.refused_size.add();
    return fail(Code::too_large, fmt::format("a file of {} bytes, {} are allowed", bytes,
                                             shelf.options.object_bytes_max));
  }
  TRY(head, read_header(file, bytes));
  TRY(contents, contents_of(head.second));
  const std::string why = shelf.expected.with([&](const auto& models) {
    const auto served = models.find(contents.model);
    return served == models.end() ? std::string() : misfit(contents, served->second);
  });
  if (!why.empty()) return fail(Code::invalid, "the KV does not fit: " + why);
  Incoming out{std::move(file), bytes, std::move(head.first), std::move(contents), {}, {}};
  TRY(sums, sums_of(out.file, bytes));
  out.sums = std::move(sums);
  if (shelf.options.durability == Durability::power_loss) TRY_DO(out.file.sync());
  out.content = base::digest(std::string_view(reinterpret_cast<const char*>(out.sums.data()),
                                              out.sums.size() * sizeof(std::uint64_t)));
  return out;
}

// Rows of one tensor of the file for some tokens, token by token.
Result<std::string> rows_of(const Incoming& in, std::size_t tensor, const Draft::Wanted& part) {
  const Contents& what = in.contents;
  const bool key = tensor % 2 == 0;
  const std::size_t each =
      (key ? what.key_dim : what.value_dim) * bytes_of(key ? what.key_type : what.value_type);
  std::string heads(what.kv_heads * part.tokens * each, '\0');
  for (std::size_t head = 0; head < what.kv_heads; ++head) {
    const std::uint64_t at =
        in.head.size() + what.begins[tensor] + (head * what.tokens + part.first) * each;
    TRY_DO(in.file.read_at(
        at, std::span(heads).subspan(head * part.tokens * each, part.tokens * each)));
  }
  std::string out;
  to_rows(heads, what.kv_heads, each, out);
  return out;
}

// True if the blocks that are kept already hold the same numbers as the file.
Result<bool> agrees(const base::Call& call, Store& store, const Incoming& in, const Match& kept) {
  for (const Found& block : kept.blocks()) {
    for (std::uint32_t i = 0; i < 2 * in.contents.layers; ++i) {
      TRY(rows, rows_of(in, i, {block.first, block.usable}));
      const Part part = i % 2 == 0 ? Part::key : Part::value;
      TRY(there, store.read(call, block,
                            {.layer = i / 2, .part = part, .first = 0, .count = block.usable}));
      if (rows != there) return false;
    }
  }
  return true;
}

Result<> write_blocks(const base::Call& call, const base::Clock& clock, const Incoming& in,
                      Draft& draft) {
  for (const Draft::Wanted& part : draft.wanted()) {
    TRY_DO(kv::check(call, clock));
    std::vector<std::string> bytes;
    for (std::size_t i = 0; i < 2 * in.contents.layers; ++i) {
      TRY(rows, rows_of(in, i, part));
      bytes.push_back(std::move(rows));
    }
    std::vector<Rows> layers;
    for (std::size_t i = 0; i < in.contents.layers; ++i) {
      layers.push_back({bytes[2 * i], bytes[2 * i + 1]});
    }
    TRY_DO(draft.write(layers));
  }
  return {};
}

// On the writer's thread.
Result<Description> publish_file(Shelf& shelf, const NewFile& file, const Incoming& in) {
  TRY_DO(shelf.make_room(in.bytes));
  TRY(object, new_object(shelf, file.tenant, file.name, in.bytes, 0));
  Manifest manifest;
  manifest.kind = Kind::file;
  if (in.contents.fingerprint) manifest.fingerprint = *in.contents.fingerprint;
  manifest.tokens = in.contents.token_ids;
  manifest.text = in.contents.text;
  manifest.provenance = in.contents.provenance;
  manifest.lineage = in.contents.lineage;
  manifest.sums = in.sums;
  manifest.labels = in.contents.labels;
  const std::string bytes = encode(manifest);
  Description& facts = object.facts;
  facts.kind = Kind::file;
  facts.model = in.contents.model;
  facts.fingerprint = digest(manifest.fingerprint);
  facts.content = in.content;
  facts.provenance = manifest.provenance;
  facts.tokens = in.contents.tokens;
  facts.pinned = file.pinned;
  if (file.ttl) facts.expires = facts.created + *file.ttl;
  TRY_DO(shelf.folder.keep_file(file.path, facts.id));
  Result<> applied = shelf.folder.settle(facts.id);
  Change change;
  change.add_objects.push_back({&object, bytes});
  if (applied) applied = shelf.catalog->apply(change);
  if (!applied) {
    shelf.folder.drop_file(facts.id);
    shelf.counts.failed.add();
    return std::unexpected(std::move(applied).error());
  }
  const Description out = facts;
  shelf.index.with([&](Index& index) { add_file(index, std::move(object), shelf.clock.wall()); });
  shelf.counts.published.add();
  shelf.counts.bytes_written.add(out.bytes);
  drop_old_versions(shelf, out.tenant, out.name);
  return out;
}

// The tensors of some layers, as they are in the whole file and as they go out.
struct Selection {
  std::string head;
  std::vector<safetensors::Tensor> tensors, sources;
};

bool lies_in(const safetensors::Tensor& tensor, const Layers& layers) {
  std::uint32_t layer = 0;
  std::from_chars(tensor.name.data() + 2, tensor.name.data() + tensor.name.size(), layer);
  return layer >= layers.first && layer <= layers.last;
}

Result<Selection> select(std::string head, safetensors::Header header, const Layers& layers) {
  const bool all = layers.first == 0 && layers.last == UINT32_MAX;
  if (all) return Selection{std::move(head), header.tensors, header.tensors};
  const std::size_t count = header.tensors.size() / 2;
  if (layers.first > layers.last || layers.last >= count) {
    return fail(Code::invalid,
                fmt::format("layers {} to {} of {}", layers.first, layers.last, count));
  }
  Selection out;
  std::erase_if(header.tensors, [&](const auto& tensor) { return !lies_in(tensor, layers); });
  out.sources = header.tensors;
  out.head = safetensors::write(header);
  out.tensors = header.tensors;
  return out;
}

// Bytes of a file as it was uploaded.
class FileBytes final : public TensorBytes {
 public:
  FileBytes(CheckedFile file, std::uint64_t data) : file_(std::move(file)), data_(data) {}
  Result<> fill(const safetensors::Tensor& tensor, std::uint64_t offset,
                std::span<char> out) override {
    return file_.read(data_ + tensor.begin + offset, out);
  }

 private:
  CheckedFile file_;
  std::uint64_t data_;  // where it begins
};

Result<std::unique_ptr<Reading>> open_file(Shelf& shelf, const Description& facts,
                                           Manifest manifest, const Layers& layers) {
  const std::string path = shelf.folder.file_path(facts.id);
  TRY(file, CheckedFile::open(path, std::move(manifest.sums)));
  std::string head(8, '\0');
  TRY_DO(file.read(0, head));
  TRY(length, safetensors::header_bytes(head, facts.bytes));
  head.resize(8 + length);
  TRY_DO(file.read(0, head));
  TRY(header, safetensors::parse(std::string_view(head).substr(8), facts.bytes - head.size()));
  const std::uint64_t data = head.size();
  TRY(selection, select(std::move(head), std::move(header), layers));
  return std::make_unique<Assembled>(std::move(selection.head), std::move(selection.tensors),
                                     std::move(selection.sources),
                                     std::make_unique<FileBytes>(std::move(file), data));
}

Result<std::unique_ptr<Reading>> open_blocks(Store& store, std::shared_ptr<Shelf> shelf,
                                             const Description& facts, const Manifest& manifest,
                                             const Layers& layers) {
  std::string head = manifest.header;
  safetensors::Header header;
  if (head.empty()) {
    TRY(made, header_of(manifest));
    header = std::move(made);
    head = safetensors::write(header);
  } else {
    TRY(read, safetensors::parse(std::string_view(head).substr(8), facts.bytes - head.size()));
    header = std::move(read);
  }
  TRY(selection, select(std::move(head), std::move(header), layers));
  Gathered::Source source{
      .store = &store, .tokens = manifest.tokens.size(), .heads = manifest.fingerprint.kv_heads};
  const bool there = shelf->index.with([&](Index& index) {
    const Named* object = index.names.find(facts.id);
    if (!object) return false;
    for (const base::Digest& hash : index.tree.path(object->leaf)) {
      const Node* node = index.tree.find(hash);
      const std::size_t left = manifest.tokens.size() - node->first;
      source.blocks.push_back({hash, static_cast<std::size_t>(node->first), node->tokens.size(),
                               std::min(left, node->tokens.size())});
    }
    ++index.tree.find(object->leaf)->holds;
    return true;
  });
  if (!there) return fail(Code::not_found, "the KV object was erased meanwhile");
  source.hold = std::make_unique<Hold>(std::move(shelf), source.blocks.back().hash);
  return std::make_unique<Assembled>(std::move(selection.head), std::move(selection.tensors),
                                     std::move(selection.sources),
                                     std::make_unique<Gathered>(std::move(source)));
}

void count_use(Shelf& shelf, ObjectId id) {
  shelf.index.with([&](Index& index) {
    Named* object = index.names.find(id);
    if (!object) return;
    ++object->facts.hits;
    object->facts.used = shelf.clock.wall();
    const bool is_file = object->facts.kind == Kind::file;
    std::vector<Tree::Step> steps;
    for (const base::Digest& hash : index.tree.path(is_file ? file_node(id) : object->leaf)) {
      steps.push_back({.hash = hash});
      index.used.insert(hash);
    }
    index.tree.use(steps, shelf.clock.wall());
    index.used_objects.insert(id);
  });
}

}  // namespace

void Store::expect(const Fingerprint& fingerprint) {
  shelf_->expected.with([&](auto& models) { models[fingerprint.model] = fingerprint; });
}

Result<Opened> Store::open(const base::Call& call, ObjectId id) { return open(call, id, {}); }

Result<Opened> Store::open(const base::Call& call, ObjectId id, const Layers& layers) {
  Shelf& shelf = *shelf_;
  TRY_DO(kv::check(call, shelf.clock));
  const std::optional<Description> facts =
      shelf.index.with([&](const Index& index) -> std::optional<Description> {
        const Named* object = index.names.find(id);
        return object ? std::optional(object->facts) : std::nullopt;
      });
  if (!facts) return fail(Code::not_found, fmt::format("there is no KV object {}", id));
  TRY(manifest, this->manifest(id));
  auto bytes = facts->kind == Kind::file ? open_file(shelf, *facts, std::move(manifest), layers)
                                         : open_blocks(*this, shelf_, *facts, manifest, layers);
  if (!bytes) {
    if (bytes.error().code == Code::corrupt) shelf.counts.corrupt.add();
    return std::unexpected(std::move(bytes).error());
  }
  count_use(shelf, id);
  return Opened{*facts, std::move(*bytes)};
}

Result<Description> Store::keep(const base::Call& call, const NewFile& file) {
  Shelf& shelf = *shelf_;
  TRY_DO(check_name(file.name));
  TRY(in, read_incoming(shelf, file.path));
  const Contents& what = in.contents;
  if (what.fingerprint) {
    NewPrompt prompt;
    prompt.tenant = file.tenant;
    prompt.fingerprint = *what.fingerprint;
    prompt.tokens = what.token_ids;
    prompt.provenance = what.provenance;
    prompt.lineage = what.lineage;
    prompt.text = what.text;
    prompt.labels = what.labels;
    prompt.name = file.name;
    prompt.ttl = file.ttl;
    prompt.pinned = file.pinned;
    TRY(draft, begin(std::move(prompt)));
    const Match kept =
        find({file.tenant, digest(*what.fingerprint), what.provenance, draft.state_->id},
             what.token_ids);
    TRY(same, agrees(call, *this, in, kept));
    if (same) {
      TRY_DO(write_blocks(call, shelf.clock, in, draft));
      draft.state_->header = in.head;
      draft.state_->content = in.content;
      draft.state_->file_bytes = in.bytes;
      TRY(object, publish(call, std::move(draft)));
      TRY_DO(disk::remove(file.path));
      return *object;
    }
  }
  return shelf.on_writer<Description>([&] { return publish_file(shelf, file, in); });
}

}  // namespace refrain::kv
