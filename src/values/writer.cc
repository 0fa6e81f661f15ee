// A value comes in through a buffer of one piece, which stays in the processor's cache: there its
// checksum is taken, and from there it is written to its file. Receiving into the file's mapped
// pages saves that copy, but the first touch of each page costs five times as much. Without a file
// the mapping is the value, and bytes go straight there.
#include "values/writer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/hash.h"

namespace refrain::values {
namespace {

constexpr std::uint64_t kPrepare = 8 * kPieceBytes;  // pages brought in at once

}  // namespace

Writer::Writer(std::shared_ptr<LargeFiles> files, LargeFiles::Made made)
    : files_(std::move(files)), made_(std::move(made)) {
  if (made_.opened) buffer_ = files_->take_buffer();
}

Writer::~Writer() {
  if (made_.file) made_.file->retire(std::move(made_.mapping));
  if (buffer_) files_->give_buffer(std::move(buffer_));
}

std::span<char> Writer::room() {
  if (failed_ || whole()) return {};
  const std::uint64_t piece = at_ / kPieceBytes * kPieceBytes;
  const auto used = static_cast<std::size_t>(at_ - piece);
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(bytes() - piece, kPieceBytes));
  if (buffer_) return {buffer_.get() + used, size - used};
  if (at_ >= prepared_) {
    const std::uint64_t count = std::min(kPrepare, bytes() - prepared_);
    made_.mapping->prepare_writes(prepared_, count);
    prepared_ += count;
  }
  return {made_.mapping->data() + at_, size - used};
}

base::Result<> Writer::added(std::size_t count) {
  at_ += count;
  if (at_ % kPieceBytes != 0 && !whole()) return {};
  const std::uint64_t start = (at_ - 1) / kPieceBytes * kPieceBytes;
  const char* from = buffer_ ? buffer_.get() : made_.mapping->data() + start;
  const std::string_view piece(from, static_cast<std::size_t>(at_ - start));
  pieces_.push_back(base::hash64(piece));
  if (!buffer_) return {};
  base::Result<> stored =
      write_exactly(made_.opened.get(), piece.data(), piece.size(), start);
  failed_ = !stored;
  return stored;
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
  made_.opened = Descriptor();
  return std::exchange(made_, {});
}

}  // namespace refrain::values
