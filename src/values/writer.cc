// A value that fits the memory tier is received into the mapped pages of its file: one copy, from
// the socket to where it stays. A longer one goes through a buffer that stays in the processor's
// cache, so that it costs the process no memory. Checksums are taken piece by piece, while the
// bytes are still in the cache.
#include "values/writer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/hash.h"

namespace refrain::values {
namespace {

constexpr std::size_t kBuffer = 4 * kPieceBytes;
constexpr std::uint64_t kPrepare = 8 * kPieceBytes;  // pages brought in at once for a new file

}  // namespace

Writer::~Writer() {
  if (made_.file) made_.file->retire(std::move(made_.mapping));
}

std::span<char> Writer::room() {
  if (failed_ || whole()) return {};
  if (!made_.mapping) {
    if (buffer_.empty()) buffer_.resize(kBuffer);
    const auto left = static_cast<std::size_t>(
        std::min<std::uint64_t>(bytes() - at_, kBuffer - buffered_));
    return {buffer_.data() + buffered_, left};
  }
  if (made_.file->fresh() && at_ >= prepared_) {
    const std::uint64_t count = std::min(kPrepare, bytes() - prepared_);
    made_.mapping->prepare_writes(prepared_, count);
    prepared_ += count;
  }
  const std::uint64_t piece_end = std::min(bytes(), (at_ / kPieceBytes + 1) * kPieceBytes);
  return {made_.mapping->data() + at_, static_cast<std::size_t>(piece_end - at_)};
}

base::Result<> Writer::added(std::size_t count) {
  at_ += count;
  if (made_.mapping) {
    if (at_ % kPieceBytes == 0 || whole()) {
      const std::uint64_t start = (at_ - 1) / kPieceBytes * kPieceBytes;
      pieces_.push_back(base::hash64({made_.mapping->data() + start, at_ - start}));
    }
    return {};
  }
  buffered_ += count;
  if (buffered_ < kBuffer && !whole()) return {};
  base::Result<> stored = store_buffer();
  failed_ = !stored;
  return stored;
}

base::Result<> Writer::store_buffer() {
  const std::string_view bytes(buffer_.data(), buffered_);
  for (std::size_t at = 0; at < bytes.size(); at += kPieceBytes) {
    pieces_.push_back(base::hash64(bytes.substr(at, kPieceBytes)));
  }
  TRY_DO(write_exactly(file_.get(), bytes.data(), bytes.size(), at_ - buffered_));
  buffered_ = 0;
  return {};
}

base::Result<> Writer::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> to = room();
    if (to.empty()) return base::fail(base::Code::invalid, "more bytes than the value has");
    const std::size_t count = std::min(to.size(), bytes.size());
    std::memcpy(to.data(), bytes.data(), count);
    TRY_DO(added(count));
    bytes.remove_prefix(count);
  }
  return {};
}

LargeFiles::Made Writer::finish() {
  CHECK(whole() && !failed_, "only a whole value is kept");
  made_.file->set_pieces(std::move(pieces_));
  return std::exchange(made_, {});
}

}  // namespace refrain::values
