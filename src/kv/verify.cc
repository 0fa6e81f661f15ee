#include "kv/verify.h"

#include <filesystem>

#include <fmt/format.h>

#include "kv/shelf.h"

namespace refrain::kv {

using base::Code;
using base::Result;

namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20U;

Result<> read_all(Reading& reading) {
  std::string piece;
  for (std::uint64_t at = 0; at < reading.size(); at += piece.size()) {
    piece.resize(
        static_cast<std::size_t>(std::min<std::uint64_t>(kReadBytes, reading.size() - at)));
    TRY_DO(reading.read(at, piece));
  }
  return {};
}

}  // namespace

Result<Verified> verify_store(const Options& options, const base::Clock& clock,
                              const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  if (!std::filesystem::exists(options.folder + "/catalog.sqlite")) {
    return base::fail(Code::not_found, fmt::format("there is no KV store in {}", options.folder));
  }
  Options quiet = options;
  quiet.memory_bytes_max = 0;  // everything is read from the disk
  TRY(store, Store::open(quiet, clock));
  Verified out;
  const Stats stats = store->stats();
  out.lost = stats.lost;
  out.orphans = stats.orphans;
  std::uint64_t done = 0;
  const Contained all = store->contained();
  const std::uint64_t total = all.blocks.size() + all.objects.size();
  for (const Found& block : all.blocks) {
    if (Result<std::shared_ptr<const Block>> read = store->load({}, block); read) {
      out.bytes += (*read)->file().size();
    } else {
      out.findings.push_back(
          {fmt::format("block {}: {}", base::hex(block.hash), read.error().what)});
    }
    ++out.blocks;
    if (progress) progress(++done, total);
  }
  for (const Description& facts : all.objects) {
    ++out.objects;
    if (progress) progress(++done, total);
    Result<Opened> opened = store->open({}, facts.id);
    Result<> read =
        opened ? read_all(*opened->bytes) : Result<>(std::unexpected(std::move(opened).error()));
    // Packed types have no file form: their blocks were read above.
    if (read || read.error().code == Code::unsupported) continue;
    out.findings.push_back({fmt::format("object '{}' version {} of tenant '{}': {}", facts.name,
                                        facts.version, facts.tenant, read.error().what)});
    if (store->find(facts.tenant, facts.name, facts.version)) {
      TRY(erased, store->erase(facts.tenant, facts.name, facts.version));
      (void)erased;
    }
  }
  return out;
}

}  // namespace refrain::kv
