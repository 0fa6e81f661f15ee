// Three ways, best first: a small value from memory; a mapped one, whose pieces are checked while
// they are brought into the processor's cache for the copy to the socket; and one that is only on
// the disk, which a work thread reads. A value that may be kept in memory is read whole and mapped;
// a longer one is read ahead, two buffers at most, so that it never takes more memory than those.
//
// Pages of a mapping may have left memory. So each piece is asked for with mincore() before it is
// touched: the network thread neither waits for the disk, nor meets a read error as a signal.
#include "values/reading.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>

#include "base/hash.h"
#include "values/tiers.h"

namespace refrain::values {

using base::Code;
using base::Error;

namespace {

constexpr std::uint64_t kBuffer = 4 * kPieceBytes;
constexpr std::size_t kBuffersMax = 2;
constexpr std::uint64_t kCheckedFirst = 4 * kPieceBytes;

}  // namespace

// Shared with the work thread.
struct Reading::Load {
  std::mutex lock;
  bool busy = false;
  std::optional<Error> error;
  std::shared_ptr<const std::string> blob;
  std::shared_ptr<Mapping> mapping;
  std::deque<std::shared_ptr<const std::string>> buffers;
  // Only the job that runs.
  Descriptor file;
  std::uint64_t read_at = 0;
};

Reading::Reading(Values& values, Found found, std::uint64_t offset, std::uint64_t length,
                 std::function<void()> wake)
    : values_(values),
      found_(std::move(found)),
      begin_(offset),
      length_(length),
      end_(offset + length),
      at_(offset),
      wake_(std::move(wake)) {}

Reading::~Reading() = default;

Reading::Piece Reading::next() {
  if (at_ == end_) return {};
  if (found_.blob) return give(clip(*found_.blob, 0), found_.blob);
  if (found_.mapping) {
    Piece piece = from_mapping();
    if (piece.state != State::wait) return piece;
    found_.mapping = nullptr;  // not resident any more
  }
  return from_disk();
}

std::string_view Reading::clip(std::string_view bytes, std::uint64_t at) const {
  const std::uint64_t from = at_ - at;
  return bytes.substr(from, std::min<std::uint64_t>(bytes.size(), end_ - at) - from);
}

Reading::Piece Reading::give(std::string_view bytes, std::shared_ptr<const void> hold) {
  at_ += bytes.size();
  started_ = true;
  return {State::ready, bytes, std::move(hold)};
}

Reading::Piece Reading::lose(const Error& error) {
  values_.impl_->lost(found_, error);
  return {State::lost, {}, {}};
}

bool Reading::right(std::uint64_t piece, std::string_view bytes) const {
  const auto& pieces = found_.file->pieces();
  return piece < pieces.size() && base::hash64(bytes) == pieces[piece];
}

Reading::Piece Reading::from_mapping() {
  const Mapping& mapping = *found_.mapping;
  auto piece_at = [&](std::uint64_t piece) {
    const std::uint64_t from = piece * kPieceBytes;
    return std::string_view(mapping.data() + from,
                            std::min<std::uint64_t>(kPieceBytes, found_.bytes - from));
  };
  const std::uint64_t first = at_ / kPieceBytes;
  const std::uint64_t last =
      !started_ && found_.bytes <= kCheckedFirst ? (found_.bytes - 1) / kPieceBytes : first;
  for (std::uint64_t piece = first; piece <= last; ++piece) {
    const std::string_view bytes = piece_at(piece);
    if (!mapping.resident(piece * kPieceBytes, bytes.size())) return {State::wait, {}, {}};
    if (!right(piece, bytes)) return lose({Code::corrupt, "a piece in memory is damaged"});
  }
  // The file is held as well: else it might be used again while this is being sent.
  struct Held {
    std::shared_ptr<LargeFile> file;
    std::shared_ptr<Mapping> mapping;
  };
  return give(clip(piece_at(first), first * kPieceBytes),
              std::make_shared<Held>(found_.file, found_.mapping));
}

void Reading::start(std::function<void(Load&)> read) {
  load_->busy = true;
  values_.impl_->run([load = load_, read = std::move(read), wake = wake_] {
    read(*load);
    {
      std::lock_guard guard(load->lock);
      load->busy = false;
    }
    wake();
  });
}

namespace {

using base::Result;

// A mapping with all of its pages read and checked.
Result<std::shared_ptr<Mapping>> load_mapping(const LargeFile& file) {
  TRY(mapping, file.map());
  for (std::uint64_t piece = 0; piece < file.pieces().size(); ++piece) {
    const std::uint64_t from = piece * kPieceBytes;
    const std::uint64_t bytes = std::min<std::uint64_t>(kPieceBytes, file.bytes() - from);
    TRY_DO(mapping->load(from, bytes));
    if (base::hash64({mapping->data() + from, bytes}) != file.pieces()[piece]) {
      return base::fail(Code::corrupt, "a piece on the disk is damaged");
    }
  }
  return mapping;
}

Result<std::string> load_buffer(const LargeFile& file, Descriptor& opened, std::uint64_t at) {
  if (!opened) {
    TRY(own, file.open());
    opened = std::move(own);
  }
  std::string buffer(std::min<std::uint64_t>(kBuffer, file.bytes() - at), '\0');
  TRY_DO(read_exactly(opened.get(), buffer.data(), buffer.size(), at));
  for (std::size_t from = 0; from < buffer.size(); from += kPieceBytes) {
    const std::string_view piece = std::string_view(buffer).substr(from, kPieceBytes);
    if (base::hash64(piece) != file.pieces()[(at + from) / kPieceBytes]) {
      return base::fail(Code::corrupt, "a piece on the disk is damaged");
    }
  }
  return buffer;
}

}  // namespace

Reading::Piece Reading::from_disk() {
  if (!load_) {
    load_ = std::make_shared<Load>();
    load_->read_at = at_ / kPieceBytes * kPieceBytes;
  }
  Load& load = *load_;
  std::unique_lock guard(load.lock);
  if (load.error) return lose(*load.error);
  if (load.blob) {
    found_.blob = load.blob;
    return give(clip(*found_.blob, 0), found_.blob);
  }
  if (load.mapping) {
    found_.mapping = std::exchange(load.mapping, nullptr);
    guard.unlock();
    return from_mapping();
  }
  Values::Impl& impl = *values_.impl_;
  Piece out{State::wait, {}, {}};
  if (!load.buffers.empty()) {
    const auto buffer = load.buffers.front();
    load.buffers.pop_front();
    out = give(clip(*buffer, at_ / kPieceBytes * kPieceBytes), buffer);
  }
  const bool streamed = found_.file && found_.bytes > impl.options.memory_max / 4;
  if (load.busy || load.buffers.size() >= kBuffersMax || load.read_at >= end_) return out;
  guard.unlock();
  auto fail = [](Load& to, const Error& error) {
    std::lock_guard lock(to.lock);
    to.error = error;
  };
  if (!found_.file) {
    start([&impl, found = found_, fail](Load& to) {
      auto value = found.segment->read(found.place);
      if (!value) return fail(to, value.error());
      auto blob = std::make_shared<const std::string>(std::move(*value));
      impl.loaded(found, blob, nullptr);
      std::lock_guard lock(to.lock);
      to.blob = std::move(blob);
    });
  } else if (!streamed) {
    start([&impl, found = found_, fail](Load& to) {
      auto mapping = load_mapping(*found.file);
      if (!mapping) return fail(to, mapping.error());
      impl.loaded(found, nullptr, *mapping);
      std::lock_guard lock(to.lock);
      to.mapping = std::move(*mapping);
    });
  } else {
    start([file = found_.file, fail](Load& to) {
      auto buffer = load_buffer(*file, to.file, to.read_at);
      if (!buffer) return fail(to, buffer.error());
      std::lock_guard lock(to.lock);
      to.read_at += buffer->size();
      to.buffers.push_back(std::make_shared<const std::string>(std::move(*buffer)));
    });
  }
  return out;
}

}  // namespace refrain::values
