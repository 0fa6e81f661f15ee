// Blocks keep rows token by token, as engines want them; the reference layout is head by head. A
// tensor is turned round a window at a time: as many heads as fit into kWindowBytes, for which each
// block's section is read and checked once. So an export needs the memory of a window, whatever the
// length of the prompt.
#include "kv/reading.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace refrain::kv {

using base::Code;
using base::fail;
using base::Result;
using safetensors::Tensor;

namespace {

constexpr std::uint64_t kWindowBytes = std::uint64_t{32} << 20U;

}  // namespace

Assembled::Assembled(std::string head, std::vector<Tensor> tensors, std::vector<Tensor> sources,
                     std::unique_ptr<TensorBytes> bytes)
    : head_(std::move(head)),
      tensors_(std::move(tensors)),
      sources_(std::move(sources)),
      bytes_(std::move(bytes)) {}

std::uint64_t Assembled::size() const noexcept {
  return head_.size() + (tensors_.empty() ? 0 : tensors_.back().end);
}

Result<> Assembled::read(std::uint64_t offset, std::span<char> out) {
  if (offset > size() || out.size() > size() - offset) {
    return fail(Code::invalid,
                fmt::format("bytes {} to {} of {}", offset, offset + out.size(), size()));
  }
  if (offset < head_.size()) {
    const std::size_t count = std::min<std::size_t>(out.size(), head_.size() - offset);
    std::memcpy(out.data(), head_.data() + offset, count);
    out = out.subspan(count);
    offset += count;
  }
  std::uint64_t at = offset - head_.size();
  auto tensor = std::ranges::upper_bound(tensors_, at, {}, &Tensor::end);
  while (!out.empty()) {
    const std::size_t count =
        static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), tensor->end - at));
    const auto& source = sources_[static_cast<std::size_t>(tensor - tensors_.begin())];
    TRY_DO(bytes_->fill(source, at - tensor->begin, out.first(count)));
    out = out.subspan(count);
    at += count;
    while (tensor != tensors_.end() && tensor->end <= at) ++tensor;
  }
  return {};
}

Result<std::vector<std::uint64_t>> sums_of(const disk::File& file, std::uint64_t bytes) {
  std::vector<std::uint64_t> out;
  std::string piece;
  for (std::uint64_t at = 0; at < bytes; at += kPieceBytes) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, bytes - at)));
    TRY_DO(file.read_at(at, piece));
    out.push_back(base::hash64(piece));
  }
  return out;
}

Result<CheckedFile> CheckedFile::open(const std::string& path, std::vector<std::uint64_t> sums) {
  TRY(file, disk::File::open(path));
  TRY(size, file.size());
  CheckedFile out(std::move(file), std::move(sums));
  out.size_ = size;
  return out;
}

Result<> CheckedFile::load(std::size_t piece) {
  if (loaded_ == piece) return {};
  const std::uint64_t at = std::uint64_t{piece} * kPieceBytes;
  if (piece >= sums_.size() || at >= size_) {
    return fail(Code::corrupt, fmt::format("the file has {} bytes, fewer than it had", size_));
  }
  loaded_ = SIZE_MAX;
  piece_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, size_ - at)));
  TRY_DO(file_.read_at(at, piece_));
  if (base::hash64(piece_) != sums_[piece]) {
    return fail(Code::corrupt, fmt::format("the file fails its checksum from byte {} on", at));
  }
  loaded_ = piece;
  return {};
}

Result<> CheckedFile::read(std::uint64_t offset, std::span<char> out) {
  while (!out.empty()) {
    TRY_DO(load(static_cast<std::size_t>(offset / kPieceBytes)));
    const std::size_t from = static_cast<std::size_t>(offset % kPieceBytes);
    if (from >= piece_.size()) return fail(Code::corrupt, "the file is shorter than it was");
    const std::size_t count = std::min(out.size(), piece_.size() - from);
    std::memcpy(out.data(), piece_.data() + from, count);
    out = out.subspan(count);
    offset += count;
  }
  return {};
}

Result<> Gathered::gather(const Tensor& tensor, std::size_t head) {
  const std::uint64_t per_head = (tensor.end - tensor.begin) / source_.heads;
  const std::size_t each = static_cast<std::size_t>(per_head / source_.tokens);
  const std::size_t heads = std::min<std::size_t>(
      source_.heads - head,
      static_cast<std::size_t>(std::max<std::uint64_t>(1, kWindowBytes / per_head)));
  Store::Range range;
  range.part = tensor.name[0] == 'k' ? Part::key : Part::value;
  std::from_chars(tensor.name.data() + 2, tensor.name.data() + tensor.name.size(), range.layer);
  name_.clear();
  window_.resize(heads * static_cast<std::size_t>(per_head));
  for (const Found& block : source_.blocks) {
    range.count = block.usable;
    TRY(rows, source_.store->read({}, block, range));
    const std::size_t row = rows.size() / block.usable;
    for (std::size_t h = 0; h < heads; ++h) {
      char* to = window_.data() + h * per_head + block.first * each;
      const char* from = rows.data() + (head + h) * each;
      for (std::size_t token = 0; token < block.usable; ++token) {
        std::memcpy(to + token * each, from + token * row, each);
      }
    }
  }
  name_ = tensor.name;
  first_head_ = head;
  return {};
}

Result<> Gathered::fill(const Tensor& tensor, std::uint64_t offset, std::span<char> out) {
  const std::uint64_t per_head = (tensor.end - tensor.begin) / source_.heads;
  while (!out.empty()) {
    const std::uint64_t begin = first_head_ * per_head;
    const bool there = name_ == tensor.name && offset >= begin && offset < begin + window_.size();
    if (!there) {
      TRY_DO(gather(tensor, static_cast<std::size_t>(offset / per_head)));
      continue;
    }
    const std::size_t from = static_cast<std::size_t>(offset - begin);
    const std::size_t count = std::min(out.size(), window_.size() - from);
    std::memcpy(out.data(), window_.data() + from, count);
    out = out.subspan(count);
    offset += count;
  }
  return {};
}

}  // namespace refrain::kv
