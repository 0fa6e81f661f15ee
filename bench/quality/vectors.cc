#include "quality/vectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <unordered_set>

#include "base/check.h"

namespace refrain::quality {
namespace {

constexpr std::size_t kBatch = 64;      // texts of like length: little padding
constexpr std::size_t kTold = 64 * 64;  // texts between two lines of progress

}  // namespace

base::Result<Vectors> Vectors::open(embed::Embedder& embedder, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return base::fail(base::Code::io, folder + ": " + error.message());
  const embed::Info info = embedder.info();
  Vectors out(embedder, folder + "/" + base::hex(base::hash64(info.name())) + ".vectors", info.dim);
  TRY_DO(out.load());
  return out;
}

base::Result<> Vectors::load() {
  std::ifstream in(file_, std::ios::binary);
  const std::size_t bytes = sizeof(base::Digest) + dim_ * sizeof(float);
  std::vector<char> record(bytes);
  std::uintmax_t whole = 0;
  while (in.read(record.data(), static_cast<std::streamsize>(bytes))) {
    base::Digest digest;
    std::memcpy(&digest, record.data(), sizeof digest);
    row_of_[digest] = rows_.size() / dim_;
    rows_.resize(rows_.size() + dim_);
    std::memcpy(rows_.data() + rows_.size() - dim_, record.data() + sizeof digest,
                dim_ * sizeof(float));
    whole += bytes;
  }
  std::error_code error;
  if (std::filesystem::exists(file_, error) && std::filesystem::file_size(file_, error) > whole) {
    std::filesystem::resize_file(file_, whole, error);
    if (error) return base::fail(base::Code::io, file_ + ": " + error.message());
  }
  return {};
}

base::Result<> Vectors::prepare(std::span<const std::string_view> texts) {
  std::vector<std::string_view> missing;
  std::unordered_set<base::Digest, base::DigestHash> seen;
  for (const std::string_view text : texts) {
    const base::Digest digest = base::digest(text);
    if (!row_of_.contains(digest) && seen.insert(digest).second) missing.push_back(text);
  }
  std::ranges::stable_sort(missing, {}, &std::string_view::size);
  std::ofstream out(file_, std::ios::binary | std::ios::app);
  for (std::size_t at = 0; at < missing.size(); at += kBatch) {
    const auto batch = std::span(missing).subspan(at, std::min(kBatch, missing.size() - at));
    TRY(rows, embedder_->embed({}, batch));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const base::Digest digest = base::digest(batch[i]);
      const std::span<const float> row = rows.row(i);
      row_of_[digest] = rows_.size() / dim_;
      rows_.insert(rows_.end(), row.begin(), row.end());
      out.write(reinterpret_cast<const char*>(&digest), sizeof digest);
      out.write(reinterpret_cast<const char*>(row.data()),
                static_cast<std::streamsize>(row.size_bytes()));
    }
    if (!out.flush()) return base::fail(base::Code::io, "cannot write " + file_);
    if (at % kTold == 0) {
      fmt::print(stderr, "embedding: {} of {} texts\n", at + batch.size(), missing.size());
    }
  }
  return {};
}

std::span<const float> Vectors::of(std::string_view text) const {
  const auto found = row_of_.find(base::digest(text));
  CHECK(found != row_of_.end(), "the text was not prepared");
  return std::span(rows_).subspan(found->second * dim_, dim_);
}

}  // namespace refrain::quality
