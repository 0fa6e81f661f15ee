#include "app/kv_blocks.h"

#include <utility>

#include <fmt/format.h>

namespace refrain::app {
namespace {

using base::Result;

constexpr std::int32_t kF16 = 1;  // ggml's number, which is part of its files

}  // namespace

kv::Fingerprint fingerprint_of(const llama::Model& model, const std::string& weights) {
  const llama::Model::Facts& facts = model.facts();
  const llama::Identity identity = llama::identity_of(model);
  kv::Fingerprint out;
  out.model = facts.name;
  out.weights = weights;
  out.weights_type = facts.quantisation;
  out.architecture = facts.architecture;
  out.tokenizer = identity.tokenizer;
  out.rope = identity.rope;
  out.rope_base = identity.rope_base;
  out.rope_scaling = identity.rope_scaling;
  out.rope_dim = identity.rope_dim;
  out.layers = static_cast<std::uint32_t>(facts.layers);
  out.kv_heads = static_cast<std::uint32_t>(facts.kv_heads);
  out.key_dim = identity.key_dim;
  out.value_dim = identity.value_dim;
  out.layout = "llama.cpp";
  out.engine = "llama.cpp 0.3.36";
  return out;
}

class KvBlocks::Found final : public engine::Match {
 public:
  explicit Found(kv::Match match) : match_(std::move(match)) {
    for (const kv::Found& block : match_.blocks()) {
      // The database does not tell whether a block is in its memory.
      pieces_.push_back({{block.first, block.tokens}, block.usable, policy::Source::disk});
    }
  }
  std::span<const engine::Piece> pieces() const noexcept override { return pieces_; }

  kv::Match match_;
  std::vector<engine::Piece> pieces_;
};

class KvBlocks::Incoming final : public engine::Draft {
 public:
  Incoming(KvBlocks& owner, kv::Draft draft) : owner_(owner), draft_(std::move(draft)) {
    for (const kv::Draft::Wanted& one : draft_.wanted()) wanted_.push_back({one.first, one.tokens});
  }
  std::span<const engine::Span> wanted() const noexcept override { return wanted_; }

  Result<> write(std::shared_ptr<const llama::Rows> rows) override {
    std::vector<kv::Rows> layers;
    for (std::size_t i = 0; i < owner_.layout_.layers.size(); ++i) {
      layers.push_back({rows->k(owner_.layout_, i), rows->v(owner_.layout_, i)});
    }
    return draft_.write(layers);
  }

  Result<> publish(const base::Call& call) override {
    TRY_DO(owner_.store_.publish(call, std::move(draft_)));
    return {};
  }

 private:
  KvBlocks& owner_;
  kv::Draft draft_;
  std::vector<engine::Span> wanted_;
};

Result<std::unique_ptr<KvBlocks>> KvBlocks::open(kv::Store& store,
                                                 const kv::Fingerprint& fingerprint) {
  TRY(bytes, kv::row_bytes(fingerprint));
  llama::RowLayout layout;
  layout.layers.assign(fingerprint.layers, {kF16, kF16, bytes.key, bytes.value});
  store.expect(fingerprint);
  return std::unique_ptr<KvBlocks>(new KvBlocks(store, fingerprint, std::move(layout)));
}

std::unique_ptr<engine::Match> KvBlocks::find(std::string_view realm,
                                              std::span<const engine::TokenId> tokens) {
  if (realm.empty()) return nullptr;
  const kv::Space space{std::string(realm), kv::digest(fingerprint_)};
  auto found = std::make_unique<Found>(store_.find(space, tokens));
  if (found->pieces_.empty()) return nullptr;
  return found;
}

Result<std::shared_ptr<const llama::Rows>> KvBlocks::load(const base::Call& call,
                                                          const engine::Match& match,
                                                          std::size_t piece) {
  const kv::Found& one = static_cast<const Found&>(match).match_.blocks()[piece];
  TRY(block, store_.load(call, one));
  auto rows = std::make_shared<llama::Rows>();
  rows->first = static_cast<std::int32_t>(one.first);
  rows->tokens = block->tokens();
  rows->bytes.reserve(rows->tokens * layout_.bytes_per_token());
  for (std::uint32_t layer = 0; layer < fingerprint_.layers; ++layer) {
    const kv::Rows of = block->rows(layer);
    rows->bytes += of.keys;
    rows->bytes += of.values;
  }
  if (rows->bytes.size() != rows->tokens * layout_.bytes_per_token()) {
    return base::fail(base::Code::corrupt,
                      fmt::format("a block of {} tokens has {} bytes of rows", rows->tokens,
                                  rows->bytes.size()));
  }
  return std::shared_ptr<const llama::Rows>(std::move(rows));
}

Result<std::unique_ptr<engine::Draft>> KvBlocks::begin(engine::NewPrompt prompt) {
  kv::NewPrompt fresh;
  fresh.tenant = std::move(prompt.realm);
  fresh.fingerprint = fingerprint_;
  fresh.tokens = std::move(prompt.tokens);
  fresh.cost = prompt.cost;
  fresh.name = std::move(prompt.name);
  fresh.text = std::move(prompt.text);
  TRY(draft, store_.begin(std::move(fresh)));
  return std::unique_ptr<engine::Draft>(std::make_unique<Incoming>(*this, std::move(draft)));
}

Result<> KvBlocks::clear(std::string_view realm) {
  std::optional<kv::Space> space;
  if (!realm.empty()) space = kv::Space{std::string(realm), kv::digest(fingerprint_)};
  TRY_DO(store_.forget(space));
  return {};
}

engine::BlockStats KvBlocks::stats() const {
  const kv::Stats from = store_.stats();
  engine::BlockStats stats;
  stats.blocks = from.blocks;
  stats.bytes = from.disk_bytes;
  stats.bytes_max = from.disk_bytes_max;
  stats.finds = from.lookups;
  stats.found_tokens = from.hit_tokens;
  stats.written = from.blocks_written;
  stats.evicted = from.evicted_blocks;
  stats.failed = from.failed;
  return stats;
}

}  // namespace refrain::app
