// Appending is a copy into mapped pages: no system call, no thread to hand over to, and the bytes
// are the kernel's as soon as they are stored, which is what write() would promise. Blocks are
// given to the file beforehand, so a full disk is an error of make() and never a signal later.
#include "values/segment.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/hash.h"

namespace refrain::values {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::size_t kWindow = std::size_t{4} << 20;  // more than the longest record
constexpr char kMagic[8] = {'R', 'F', 'R', 'N', 'V', 'L', 'G', '1'};

struct FileHead {
  char magic[8];
  std::uint64_t number;
  std::uint64_t bytes;  // of the file when it was made
  std::uint64_t check;  // XXH3-64 of what is before
};

std::uint64_t check_of(const FileHead& head) {
  return base::hash64({reinterpret_cast<const char*>(&head), offsetof(FileHead, check)});
}

Result<> allocated(Disk& disk, int fd, std::uint64_t bytes, const std::string& path) {
  const int error = disk.allocate(fd, bytes);
  if (error == 0) return {};
  return fail(Code::io, fmt::format("{} bytes for {}: {}", bytes, path, std::strerror(error)));
}

}  // namespace

int allocate_blocks(int fd, std::uint64_t bytes) {
  while (::fallocate(fd, 0, 0, static_cast<off_t>(bytes)) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

std::string segment_name(std::uint64_t number) { return fmt::format("log-{:016x}.seg", number); }

std::string Segment::path() const { return disk_.folder + "/" + segment_name(number_); }

Result<std::shared_ptr<Segment>> Segment::make(Disk& disk, std::uint64_t number,
                                               Descriptor recycled) {
  const std::string path = disk.folder + "/" + segment_name(number);
  const std::string spare = disk.folder + "/spare.seg";
  Descriptor file;
  if (recycled) {
    file = std::move(recycled);
    if (::rename(spare.c_str(), path.c_str()) != 0) {
      return fail(Code::io, fmt::format("rename to {}: {}", path, std::strerror(errno)));
    }
  } else {
    file = Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return fail(Code::io, fmt::format("open {}: {}", path, std::strerror(errno)));
  }
  if (Result<> got = allocated(disk, file.get(), disk.segment_bytes, path); !got) {
    ::unlink(path.c_str());
    return std::unexpected(got.error());
  }
  TRY(mapping, Mapping::make(file.get(), disk.segment_bytes, disk.mapped_log));
  FileHead head{{}, number, disk.segment_bytes, 0};
  std::memcpy(head.magic, kMagic, sizeof kMagic);
  head.check = check_of(head);
  std::memcpy(mapping->data(), &head, sizeof head);
  std::shared_ptr<Segment> segment(new Segment(disk, number, std::move(file)));
  segment->mapping_ = std::move(mapping);
  segment->used_ = sizeof head;
  segment->bytes_ = disk.segment_bytes;
  return segment;
}

Result<std::shared_ptr<Segment>> Segment::open(Disk& disk, std::uint64_t number) {
  std::shared_ptr<Segment> segment(new Segment(disk, number, Descriptor()));
  const std::string path = segment->path();
  segment->file_ = Descriptor(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  struct stat facts {};
  if (!segment->file_ || ::fstat(segment->file_.get(), &facts) != 0) {
    return fail(Code::io, fmt::format("open {}: {}", path, std::strerror(errno)));
  }
  FileHead head{};
  if (Result<> got = read_exactly(segment->file_.get(), reinterpret_cast<char*>(&head),
                                  sizeof head, 0);
      !got && got.error().code == Code::io) {
    return std::unexpected(got.error());
  }
  const bool good = std::memcmp(head.magic, kMagic, sizeof kMagic) == 0 &&
                    head.number == number && head.check == check_of(head);
  if (!good) return fail(Code::corrupt, fmt::format("{} has no head of its own", path));
  segment->used_ = sizeof head;
  segment->bytes_ = static_cast<std::uint64_t>(facts.st_size);
  return segment;
}

std::optional<Place> Segment::append(const Record& record) {
  const std::size_t bytes = encoded_bytes(record);
  if (!mapping_ || used_ + bytes > bytes_) return std::nullopt;
  encode(record, number_, mapping_->data() + used_);
  const Place place{number_, static_cast<std::uint32_t>(used_), static_cast<std::uint32_t>(bytes)};
  used_ += bytes;
  return place;
}

void Segment::seal() { mapping_.reset(); }

Result<std::uint64_t> Segment::replay(const See& see) {
  std::uint64_t damaged = 0;
  std::string window;
  std::uint64_t start = 0;  // of the window in the file
  std::uint64_t at = sizeof(FileHead);
  for (;;) {
    std::string_view rest(window);
    rest.remove_prefix(std::min<std::size_t>(rest.size(), at - start));
    const bool ends_here = start + window.size() >= bytes_;
    if (!ends_here && rest.size() < kWindow / 2) {
      start = at;
      window.resize(std::min<std::uint64_t>(kWindow, bytes_ - start));
      TRY_DO(read_exactly(file_.get(), window.data(), window.size(), start));
      rest = window;
    }
    const std::optional<Decoded> decoded = decode(rest, number_);
    if (!decoded || decoded->bytes > rest.size()) break;
    Record record = decoded->record;
    if (record.kind == Kind::put && base::hash64(record.value) != record.value_check) {
      ++damaged;
      record = {.kind = Kind::erase, .space = record.space, .key = record.key};
    }
    see(record, {number_, static_cast<std::uint32_t>(at),
                 static_cast<std::uint32_t>(decoded->bytes)});
    at += decoded->bytes;
  }
  used_ = at;
  return damaged;
}

Result<std::string> Segment::read(Place place) const {
  std::string bytes(place.bytes, '\0');
  TRY_DO(read_exactly(file_.get(), bytes.data(), bytes.size(), place.offset));
  const std::optional<Decoded> decoded = decode(bytes, number_);
  if (!decoded || decoded->record.kind != Kind::put ||
      decoded->record.value.size() != decoded->record.value_bytes ||
      base::hash64(decoded->record.value) != decoded->record.value_check) {
    return fail(Code::corrupt, fmt::format("{} at {}: the value does not have its checksum",
                                           segment_name(number_), place.offset));
  }
  return std::string(decoded->record.value);
}

Result<> Segment::sync() const {
  if (::fdatasync(file_.get()) == 0) return {};
  return fail(Code::io, fmt::format("flush {}: {}", path(), std::strerror(errno)));
}

void Segment::remove() {
  mapping_.reset();
  ::unlink(path().c_str());
}

Descriptor Segment::recycle() {
  const std::string spare = disk_.folder + "/spare.seg";
  if (bytes_ != disk_.segment_bytes || ::access(spare.c_str(), F_OK) == 0 ||
      ::rename(path().c_str(), spare.c_str()) != 0) {
    remove();
    return Descriptor();
  }
  mapping_.reset();
  return std::move(file_);
}

}  // namespace refrain::values
