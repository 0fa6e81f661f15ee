#include "kv/folder.h"

#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/random.h"
#include "disk/file.h"

namespace refrain::kv {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Result;

constexpr std::string_view kBlockEnd = ".kvb";
constexpr std::string_view kFileEnd = ".safetensors";
constexpr std::size_t kFolders = 256;

std::string shelf(std::uint64_t number) { return fmt::format("{:02x}", number % kFolders); }

std::optional<std::string> stem(const fs::path& path, std::string_view ending) {
  std::string name = path.filename().string();
  if (!name.ends_with(ending)) return std::nullopt;
  name.resize(name.size() - ending.size());
  return name;
}

// Folders are made when the first file comes into them: few stores need all.
Result<> move(const std::string& from, const std::string& to, Durability durability) {
  Result<> moved = disk::rename(from, to);
  if (moved || moved.error().code != Code::not_found) return moved;
  const fs::path folder = fs::path(to).parent_path();
  TRY_DO(disk::make_folders(folder.string()));
  if (durability == Durability::power_loss) {
    TRY_DO(disk::sync_folder(folder.parent_path().string()));
  }
  return disk::rename(from, to);
}

Result<> empty(const std::string& path) {
  std::error_code problem;
  fs::remove_all(path, problem);
  if (problem) {
    return base::fail(Code::io, fmt::format("cannot empty '{}': {}", path, problem.message()));
  }
  return disk::make_folders(path);
}

// Removes the files of a tree of folders that `wanted(path, bytes)` does not want.
template <class Wanted>
Result<std::uint64_t> sweep_files(const std::string& path, Wanted&& wanted) {
  std::uint64_t gone = 0;
  std::error_code problem;
  for (fs::recursive_directory_iterator at(path, problem), end; !problem && at != end;
       at.increment(problem)) {
    if (!at->is_regular_file(problem)) continue;
    if (wanted(at->path(), at->file_size(problem))) continue;
    TRY(removed, disk::remove(at->path().string()));
    gone += removed ? 1 : 0;
  }
  if (problem) {
    return base::fail(Code::io, fmt::format("cannot list '{}': {}", path, problem.message()));
  }
  return gone;
}

}  // namespace

Folder::Folder(std::string path, Durability durability)
    : path_(std::move(path)), incoming_(path_ + "/incoming"), durability_(durability) {}

Result<Folder> Folder::open(const std::string& path, Durability durability) {
  Folder folder(path, durability);
  TRY_DO(empty(folder.incoming_));
  TRY_DO(disk::make_folders(path + "/blocks"));
  TRY_DO(disk::make_folders(path + "/files"));
  return folder;
}

std::string Folder::block_path(const base::Digest& hash) const {
  return fmt::format("{}/blocks/{}/{}{}", path_, shelf(hash.high >> 56U), base::hex(hash),
                     kBlockEnd);
}

std::string Folder::file_path(ObjectId id) const {
  return fmt::format("{}/files/{}/{}{}", path_, shelf(id), id, kFileEnd);
}

Result<std::string> Folder::put_aside(std::string_view bytes) {
  std::string path = fmt::format("{}/{}", incoming_, base::random_id(24));
  TRY(file, disk::File::create(path));
  Result<> written = file.append(bytes);
  if (written && durability_ == Durability::power_loss) written = file.sync();
  if (!written) {
    std::error_code ignored;
    fs::remove(path, ignored);
    return std::unexpected(std::move(written).error());
  }
  return path;
}

Result<> Folder::keep_block(const std::string& path, const base::Digest& hash) {
  return move(path, block_path(hash), durability_);
}

Result<> Folder::keep_file(const std::string& path, ObjectId id) {
  return move(path, file_path(id), durability_);
}

Result<> Folder::settle(const base::Digest& hash) {
  if (durability_ == Durability::process) return {};
  return disk::sync_folder(fmt::format("{}/blocks/{}", path_, shelf(hash.high >> 56U)));
}

Result<> Folder::settle(ObjectId id) {
  if (durability_ == Durability::process) return {};
  return disk::sync_folder(fmt::format("{}/files/{}", path_, shelf(id)));
}

Result<std::string> Folder::read_block(const base::Digest& hash) const {
  TRY(file, disk::File::open(block_path(hash)));
  TRY(size, file.size());
  if (size > kBlockBytesMax) {
    return base::fail(Code::corrupt, fmt::format("block {}: {} bytes", base::hex(hash), size));
  }
  std::string bytes(static_cast<std::size_t>(size), '\0');
  TRY_DO(file.read_at(0, bytes));
  return bytes;
}

Result<BlockHead> Folder::read_head(const base::Digest& hash) const {
  TRY(file, disk::File::open(block_path(hash)));
  std::string bytes(16, '\0');
  TRY_DO(file.read_at(0, bytes));
  TRY(size, head_bytes(bytes));
  bytes.resize(size);
  TRY_DO(file.read_at(0, bytes));
  return decode_head(bytes);
}

void Folder::drop_block(const base::Digest& hash) {
  // Left behind it is an orphan, which the next start sweeps.
  std::error_code ignored;
  fs::remove(block_path(hash), ignored);
}

void Folder::drop_file(ObjectId id) {
  std::error_code ignored;
  fs::remove(file_path(id), ignored);
}

Result<std::uint64_t> Folder::sweep(const Keep& keep) {
  TRY(blocks, sweep_files(path_ + "/blocks", [&](const fs::path& path, std::uint64_t bytes) {
        const auto name = stem(path, kBlockEnd);
        const auto hash = name ? base::parse_digest(*name) : std::nullopt;
        return hash && keep.block(*hash, bytes);
      }));
  TRY(files, sweep_files(path_ + "/files", [&](const fs::path& path, std::uint64_t bytes) {
        const auto name = stem(path, kFileEnd);
        ObjectId id = 0;
        if (!name) return false;
        const auto [end, error] = std::from_chars(name->data(), name->data() + name->size(), id);
        const bool whole = error == std::errc{} && end == name->data() + name->size();
        return whole && keep.file(id, bytes);
      }));
  return blocks + files;
}

}  // namespace refrain::kv
