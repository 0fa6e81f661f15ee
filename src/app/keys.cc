#include "app/keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <span>

#include <fmt/format.h>

#include "app/toml.h"
#include "base/file.h"
#include "base/random.h"

namespace refrain::app {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kFileMax = 16 << 20;
using base::Code;
using base::fail;
using base::Result;

Result<> load_secret(const std::string& path, std::span<std::byte> secret) {
  std::ifstream in(path, std::ios::binary);
  in.read(reinterpret_cast<char*>(secret.data()), static_cast<std::streamsize>(secret.size()));
  if (in.gcount() != static_cast<std::streamsize>(secret.size())) {
    return fail(Code::corrupt,
                fmt::format("{} does not hold {} bytes: restore it, or remove it and "
                            "lose the link to entries of derived tenants",
                            path, secret.size()));
  }
  return {};
}

Result<> make_secret(const std::string& path, std::span<std::byte> secret) {
  base::random_secret(secret);
  int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return fail(Code::io, fmt::format("cannot write {}", path));
  ssize_t written = ::write(file, secret.data(), secret.size());
  bool good = written == static_cast<ssize_t>(secret.size()) && ::fsync(file) == 0;
  ::close(file);
  if (!good) return fail(Code::io, fmt::format("cannot write {}", path));
  return {};
}

std::vector<std::string> texts(const toml::table& row, std::string_view name) {
  std::vector<std::string> out;
  if (const toml::array* list = row[name].as_array()) {
    for (const toml::node& item : *list) {
      if (auto text = item.value<std::string>()) out.push_back(*text);
    }
  }
  return out;
}

Result<key::Tenants::Options::Row> read_row(const toml::table& row, const std::string& file) {
  auto line = row.source().begin.line;
  auto wrong = [&](std::string_view what) {
    return fail(Code::invalid, fmt::format("{} line {}: {}", file, line, what));
  };
  key::Tenants::Options::Row out;
  out.tenant.id = row["name"].value_or(std::string());
  if (out.tenant.id.empty()) return wrong("a tenant needs a 'name'");
  out.keys = texts(row, "keys");
  if (out.keys.empty()) return wrong("a tenant needs 'keys', a list with at least one API key");
  out.tenant.admin = row["admin"].value_or(false);
  out.tenant.upstream_key = row["upstream-key"].value_or(std::string());
  std::optional<key::ScopeKind> scope =
      key::parse_scope(row["scope"].value_or(std::string("tenant")));
  if (!scope) return wrong("'scope' must be user, tenant or global");
  out.tenant.scope = *scope;
  out.tenant.allowed.bypass = row["allow-bypass"].value_or(true);
  out.tenant.allowed.ttl = row["allow-ttl"].value_or(true);
  out.tenant.allowed.tags = row["allow-tags"].value_or(true);
  if (std::vector<std::string> scopes = texts(row, "allow-scopes"); !scopes.empty()) {
    out.tenant.allowed.scopes.clear();
    for (const std::string& name : scopes) {
      std::optional<key::ScopeKind> kind = key::parse_scope(name);
      if (!kind) return wrong("'allow-scopes' may hold user, tenant and global");
      out.tenant.allowed.scopes.push_back(*kind);
    }
  }
  return out;
}

}  // namespace

Result<key::Tenants::Options> read_keys(const std::string& file, const std::string& data_dir) {
  key::Tenants::Options options;
  if (data_dir == ":memory:") {
    base::random_secret(options.secret);
  } else {
    std::string path = data_dir + "/secret";
    TRY_DO(fs::exists(path) ? load_secret(path, options.secret)
                            : make_secret(path, options.secret));
  }
  if (file.empty()) return options;
  if (!fs::exists(file)) return fail(Code::invalid, fmt::format("--keys {}: no such file", file));
  base::Result<std::string> text = base::read_file(file, kFileMax);
  if (!text) return fail(Code::invalid, fmt::format("--keys {}", text.error().what));
  TRY(rows, parse_keys(*text, file));
  options.rows = std::move(rows);
  return options;
}

Result<std::vector<key::Tenants::Options::Row>> parse_keys(std::string_view text,
                                                           const std::string& file) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& problem) {
    return fail(Code::invalid, fmt::format("{} line {}: {}", file, problem.source().begin.line,
                                           problem.description()));
  }
  std::vector<key::Tenants::Options::Row> out;
  const toml::array* rows = table["tenant"].as_array();
  if (!rows || rows->empty()) {
    return fail(Code::invalid, fmt::format("{}: no [[tenant]] in it", file));
  }
  for (const toml::node& node : *rows) {
    const toml::table* row = node.as_table();
    if (!row) return fail(Code::invalid, fmt::format("{}: [[tenant]] must be a table", file));
    TRY(read, read_row(*row, file));
    out.push_back(std::move(read));
  }
  return out;
}

std::string minilm_file(const std::string& given) {
  if (!given.empty()) return given;
  static constexpr std::string_view kName = "all-minilm-l6-v2-q8_0.gguf";
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error);
  for (fs::path folder = program.parent_path(); folder.has_relative_path();
       folder = folder.parent_path()) {
    fs::path file = folder / ".deps" / "models" / kName;
    if (fs::exists(file, error)) return file.string();
  }
  return fmt::format("/usr/share/refrain/{}", kName);
}

}  // namespace refrain::app
