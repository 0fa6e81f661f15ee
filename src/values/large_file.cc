#include "values/large_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "base/hash.h"

namespace refrain::values {

using base::Code;
using base::fail;
using base::Result;

namespace {
constexpr std::size_t kBuffersKept = 16;
}  // namespace

std::uint64_t capacity_for(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t kStepMin = 4096;
  const std::uint64_t power = std::bit_floor(std::max<std::uint64_t>(bytes, 1));
  const std::uint64_t step = std::max(kStepMin, power / 8);
  return (bytes + step - 1) / step * step;
}

LargeFile::~LargeFile() {
  if (retired_) {
    files_->let_go(*this);
  } else {
    files_->used_ -= capacity_;
  }
}

void LargeFile::retire(std::shared_ptr<Mapping> mapping) {
  last_mapping_.with([&](auto& last) { last = std::move(mapping); });
  retired_ = true;
}

Result<Descriptor> LargeFile::open() const {
  const std::string path = files_->path(number_);
  Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file) return fail(Code::io, fmt::format("open {}: {}", path, std::strerror(errno)));
  return file;
}

Result<std::shared_ptr<Mapping>> LargeFile::map() const {
  TRY(file, open());
  return Mapping::make(file.get(), capacity_, files_->disk_.mapped);
}

std::string LargeFiles::path(std::uint64_t number) const {
  return fmt::format("{}/v-{:016x}.val", disk_.folder, number);
}

// A file of the same capacity; with its mapping if one is wanted.
bool LargeFiles::take_idle(LargeFile& file, Use use, Made& made) {
  return state_.with([&](State& state) {
    const auto found = std::ranges::find_if(state.pool, [&](const Idle& idle) {
      return idle.capacity == file.capacity_;
    });
    if (found == state.pool.end()) {
      file.number_ = state.next++;
      return false;
    }
    file.number_ = found->number;
    if (use == Use::mapped) made.mapping = std::move(found->mapping);
    state.pool_bytes -= found->capacity;
    state.pool.erase(found);
    return true;
  });
}

Result<Descriptor> LargeFiles::create(const LargeFile& file) const {
  const std::string name = path(file.number_);
  Descriptor opened(::open(name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!opened) return fail(Code::io, fmt::format("open {}: {}", name, std::strerror(errno)));
  if (const int error = disk_.allocate(opened.get(), file.capacity_); error != 0) {
    ::unlink(name.c_str());
    return fail(Code::io,
                fmt::format("{} bytes for {}: {}", file.bytes_, name, std::strerror(error)));
  }
  return opened;
}

Result<LargeFiles::Made> LargeFiles::make(std::uint64_t bytes, Use use) {
  Made made;
  std::shared_ptr<LargeFile> file(new LargeFile(shared_from_this(), 0, bytes));
  file->capacity_ = capacity_for(bytes);
  used_ += file->capacity_;
  if (disk_.folder.empty()) {  // nothing is kept: memory without a file
    TRY(mapping, Mapping::make(-1, file->capacity_, disk_.mapped));
    return Made{std::move(file), std::move(mapping), Descriptor()};
  }
  if (take_idle(*file, use, made)) {
    auto opened = file->open();
    if (!opened) file->retire(nullptr);
    TRY(own, std::move(opened));
    made.opened = std::move(own);
  } else {
    TRY(opened, create(*file));
    made.opened = std::move(opened);
  }
  if (use == Use::mapped && !made.mapping) {
    auto mapping = Mapping::make(made.opened.get(), file->capacity_, disk_.mapped);
    if (!mapping) {
      file->retire(nullptr);
      return std::unexpected(mapping.error());
    }
    made.mapping = std::move(*mapping);
  }
  made.file = std::move(file);
  return made;
}

std::unique_ptr<char[]> LargeFiles::take_buffer() {
  auto kept = buffers_.with([](auto& buffers) {
    if (buffers.empty()) return std::unique_ptr<char[]>();
    auto last = std::move(buffers.back());
    buffers.pop_back();
    return last;
  });
  return kept ? std::move(kept) : std::make_unique_for_overwrite<char[]>(kPieceBytes);
}

void LargeFiles::give_buffer(std::unique_ptr<char[]> buffer) {
  buffers_.with([&](auto& buffers) {
    if (buffers.size() < kBuffersKept) buffers.push_back(std::move(buffer));
  });
}

Result<std::shared_ptr<LargeFile>> LargeFiles::adopt(std::uint64_t number, std::uint64_t bytes) {
  const std::string name = path(number);
  struct stat facts {};
  if (::stat(name.c_str(), &facts) != 0) {
    return fail(Code::corrupt, fmt::format("{}: {}", name, std::strerror(errno)));
  }
  std::shared_ptr<LargeFile> file(new LargeFile(shared_from_this(), number, bytes));
  file->capacity_ = static_cast<std::uint64_t>(facts.st_size);
  used_ += file->capacity_;
  if (file->capacity_ < bytes) {
    return fail(Code::corrupt, fmt::format("{} has {} of {} bytes", name, facts.st_size, bytes));
  }
  state_.with([&](State& state) {
    state.next = std::max(state.next, number + 1);
    state.adopted.insert(number);
  });
  return file;
}

void LargeFiles::remove_strangers() {
  std::error_code problem;
  std::vector<std::filesystem::path> strangers;
  for (const auto& entry : std::filesystem::directory_iterator(disk_.folder, problem)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("v-") || !name.ends_with(".val") || name.size() != 22) continue;
    const auto number = base::parse_hex64(name.substr(2, 16));
    if (!number) continue;
    if (!state_.with([&](State& state) { return state.adopted.contains(*number); })) {
      strangers.push_back(entry.path());
    }
  }
  for (const auto& file : strangers) std::filesystem::remove(file, problem);
  state_.with([](State& state) { state.adopted.clear(); });
}

// The last one has let go of a retired file.
void LargeFiles::let_go(LargeFile& file) {
  used_ -= file.capacity_;
  if (disk_.folder.empty()) return;
  std::shared_ptr<Mapping> mapping =
      file.last_mapping_.with([](auto& last) { return std::move(last); });
  const bool kept = state_.with([&](State& state) {
    if (!mapping || state.pool_bytes + file.capacity_ > pool_max_) return false;
    state.pool_bytes += file.capacity_;
    state.pool.push_back({file.number_, file.capacity_, std::move(mapping)});
    return true;
  });
  if (!kept) ::unlink(path(file.number_).c_str());
}

void LargeFiles::drop_pool() {
  std::vector<Idle> dropped;
  state_.with([&](State& state) {
    dropped.swap(state.pool);
    state.pool_bytes = 0;
  });
  for (const Idle& idle : dropped) ::unlink(path(idle.number).c_str());
}

std::uint64_t LargeFiles::pool_bytes() const {
  return state_.with([](const State& state) { return state.pool_bytes; });
}

}  // namespace refrain::values
