#include "serve/collector.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>

#include <fmt/format.h>

namespace refrain::serve {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHeader =
    "request_id,timestamp,prompt,user_id,cache_strategy,cache_hit,cache_source,similarity_score,"
    "processing_time_ms,embedding_time_ms,similarity_search_time_ms,response_length,"
    "cumulative_requests,cumulative_hits,cumulative_misses,cumulative_hit_rate,memory_usage_mb\n";

// RFC 4180: quoted where a comma, a quote or a line end would be misread.
std::string field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
  return out;
}

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0, resident = 0;
  statm >> pages >> resident;
  auto page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
  return static_cast<double>(resident) * page_bytes / (1024.0 * 1024.0);
}

base::Result<fs::path> folder_below(const fs::path& root, const std::string& wanted) {
  fs::path folder = (root / wanted).lexically_normal();
  fs::path below = folder.lexically_relative(root.lexically_normal());
  bool outside = below.empty() || *below.begin() == "..";
  if (outside || wanted.find('\0') != std::string::npos) {
    return base::fail(base::Code::invalid,
                      fmt::format("output_dir '{}' lies outside of the statistics folder", wanted));
  }
  return folder;
}

}  // namespace

Collector::Collector(Options options, const base::Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

base::Result<Collector::Started> Collector::start(const std::string& output_dir) {
  TRY(folder, folder_below(options_.root, output_dir));
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return base::fail(base::Code::io, fmt::format("cannot make the folder {}: {}", folder.string(),
                                                  error.message()));
  }
  std::string id = "batch_" + base::local_stamp(clock_.wall());
  fs::path path = folder / (id + ".csv");
  std::ofstream out(path, std::ios::trunc);
  out << kHeader << std::flush;
  if (!out) return base::fail(base::Code::io, fmt::format("cannot write {}", path.string()));
  double memory = resident_mib();
  state_.with([&](State& state) {
    state.running = true;
    state.folder = folder.string();
    state.path = path.string();
    state.batch_id = id;
    state.out = std::move(out);
    state.started = clock_.now();
    state.memory_mib = memory;
    state.requests = 0;
    state.hits = 0;
  });
  return Started{id};
}

base::Result<Collector::Stopped> Collector::stop() {
  return state_.with([&](State& state) -> base::Result<Stopped> {
    if (!state.running) return base::fail(base::Code::conflict, "Benchmarking is not enabled");
    state.running = false;
    state.out.close();
    double seconds = base::milliseconds_between(state.started, clock_.now()) / 1000.0;
    return Stopped{seconds, state.path};
  });
}

bool Collector::running() const {
  return state_.with([](const State& state) { return state.running; });
}

void Collector::add(const Row& row) {
  if (!running()) return;
  std::string timestamp = base::local_iso8601(clock_.wall());
  double memory = resident_mib();
  std::string source = row.hit ? field(row.source) : "";
  std::string similarity = row.hit ? fmt::format("{:.6g}", row.similarity) : "";
  std::string first =
      fmt::format("{},{},{},{},{},{},{},{},{:.3f},{:.3f},{:.3f},{}", field(row.request_id),
                  timestamp, field(row.prompt), field(row.user_id), field(row.strategy),
                  row.hit ? "True" : "False", source, similarity, row.processing_ms,
                  row.embedding_ms, row.search_ms, row.response_characters);
  // The file is written under the lock: rows must not interleave, and collection is for
  // experiments.
  state_.with([&](State& state) {
    if (!state.running) return;
    ++state.requests;
    if (row.hit) ++state.hits;
    double rate = 100.0 * static_cast<double>(state.hits) / static_cast<double>(state.requests);
    state.out << first
              << fmt::format(",{},{},{},{:.2f},{:.3f}\n", state.requests, state.hits,
                             state.requests - state.hits, rate, memory - state.memory_mib)
              << std::flush;
  });
}

base::Result<std::string> Collector::csv() const {
  return state_.with([](const State& state) -> base::Result<std::string> {
    if (state.path.empty()) return base::fail(base::Code::conflict, "Benchmarking is not enabled");
    return state.path;
  });
}

base::Result<std::string> Collector::file(const std::string& name) const {
  std::string folder = state_.with([](const State& state) { return state.folder; });
  if (folder.empty()) return base::fail(base::Code::conflict, "Benchmarking is not enabled");
  bool plain = !name.empty() && name[0] != '.' &&
               name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
  if (!plain) {
    return base::fail(base::Code::invalid, "a file name without folders is wanted");
  }
  fs::path path = fs::path(folder) / name;
  std::error_code error;
  if (!fs::is_regular_file(fs::symlink_status(path, error))) {
    return base::fail(base::Code::not_found, fmt::format("no file {} in this batch", name));
  }
  return path.string();
}

}  // namespace refrain::serve
