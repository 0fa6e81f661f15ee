// index_bench: build time, recall@10, search latency and memory of flat and graph, and of hnswlib
// with the same M and ef where it is installed.
//
//   index_bench [--size N]... [--dim D] [--ef N]... [--data FILE.f16|FILE.f32] [--no-hnswlib]
//               [--snapshot FILE]   writes, reads back and removes a snapshot; times both
//
// Without --data the vectors are clustered: 1 centre per 50 rows, each row centre + noise of the
// same length, so that cosines within a cluster lie around 0.5, as in collections of short
// questions. With --data they are the file's rows and, beyond their number, mixtures of two of
// them plus noise. Queries are rows with a little noise; the truth is the flat index. One thread.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <random>
#include <unordered_set>

#include "index/flat.h"
#include "index/graph.h"
#include "index/kernel.h"
#include "index/spaces.h"

#ifdef REFRAIN_HNSWLIB
#include <hnswlib/hnswlib.h>
#endif

namespace refrain::index {
namespace {

constexpr std::size_t kAnswers = 10;
constexpr std::size_t kQueries = 1000;

struct Settings {
  std::vector<std::size_t> sizes, efs;
  std::size_t dim = 384;
  std::string data;
  bool hnswlib = true;
  std::string snapshot;
};

class Rows {
 public:
  explicit Rows(std::size_t dim) : dim_(dim) {}
  std::size_t size() const { return values_.size() / dim_; }
  const float* row(std::size_t at) const { return values_.data() + at * dim_; }
  void add(std::vector<float> row) {
    const float length = std::sqrt(kernels.f32(row.data(), row.data(), dim_));
    for (float& value : row) {
      value /= length;
    }
    values_.insert(values_.end(), row.begin(), row.end());
  }
  void reserve(std::size_t rows) { values_.reserve(rows * dim_); }

 private:
  std::size_t dim_;
  std::vector<float> values_;
};

float half(std::uint16_t bits) {
  const int exponent = (bits >> 10U) & 31;
  const float fraction = static_cast<float>(bits & 1023U);
  const float size = exponent == 0 ? std::ldexp(fraction, -24)
                                   : std::ldexp(1024.0F + fraction, exponent - 25);
  return (bits & 0x8000U) != 0 ? -size : size;
}

Rows read_rows(const Settings& settings) {
  std::ifstream in(settings.data, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const bool halves = settings.data.ends_with(".f16");
  const std::size_t width = halves ? 2 : 4;
  Rows rows(settings.dim);
  for (std::size_t at = 0; at + settings.dim * width <= bytes.size(); at += settings.dim * width) {
    std::vector<float> row(settings.dim);
    for (std::size_t d = 0; d < settings.dim; ++d) {
      std::uint16_t bits = 0;
      std::memcpy(halves ? static_cast<void*>(&bits) : static_cast<void*>(&row[d]),
                  bytes.data() + at + d * width, width);
      row[d] = halves ? half(bits) : row[d];
    }
    rows.add(std::move(row));
  }
  return rows;
}

std::vector<float> near(const float* centre, std::size_t dim, float noise,
                        std::mt19937_64& random) {
  std::normal_distribution<float> normal(0, noise / std::sqrt(static_cast<float>(dim)));
  std::vector<float> row(centre, centre + dim);
  for (float& value : row) {
    value += normal(random);
  }
  return row;
}

Rows make_rows(const Settings& settings, std::size_t size, std::mt19937_64& random) {
  Rows rows(settings.dim);
  rows.reserve(size);
  Rows seeds(settings.dim);
  if (!settings.data.empty()) {
    seeds = read_rows(settings);
    for (std::size_t at = 0; at < std::min(size, seeds.size()); ++at) {
      rows.add({seeds.row(at), seeds.row(at) + settings.dim});
    }
    std::uniform_real_distribution<float> share(0.5F, 1);
    while (rows.size() < size && seeds.size() > 1) {
      const float part = share(random);
      const float* a = seeds.row(random() % seeds.size());
      const float* b = seeds.row(random() % seeds.size());
      std::vector<float> mixed(settings.dim);
      for (std::size_t d = 0; d < settings.dim; ++d) {
        mixed[d] = part * a[d] + (1 - part) * b[d];
      }
      rows.add(near(mixed.data(), settings.dim, 0.4F, random));
    }
    return rows;
  }
  const std::vector<float> zero(settings.dim, 0);
  for (std::size_t at = 0; at < std::max<std::size_t>(1, size / 50); ++at) {
    seeds.add(near(zero.data(), settings.dim, 1, random));
  }
  while (rows.size() < size) {
    rows.add(near(seeds.row(random() % seeds.size()), settings.dim, 1, random));
  }
  return rows;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

using Truth = std::vector<std::unordered_set<std::uint64_t>>;

/// Runs ask(query) -> ids for all queries, prints one line of the table.
template <class Ask>
void measure(const std::string& name, const Rows& queries, const Truth& truth, Ask ask) {
  std::vector<double> us;
  std::size_t right = 0;
  for (std::size_t at = 0; at < queries.size(); ++at) {
    const auto start = std::chrono::steady_clock::now();
    const std::vector<std::uint64_t> found = ask(queries.row(at));
    us.push_back(seconds_since(start) * 1e6);
    for (const std::uint64_t id : found) {
      right += truth.empty() ? 1 : truth[at].count(id);
    }
  }
  std::ranges::sort(us);
  fmt::print("{:<24} recall@10 {:.4f}  p50 {:7.1f} us  p99 {:7.1f} us\n", name,
             static_cast<double>(right) / static_cast<double>(kAnswers * queries.size()),
             us[us.size() / 2], us[us.size() * 99 / 100]);
}

std::vector<std::uint64_t> ids_of(const base::Result<std::vector<Neighbour>>& found) {
  std::vector<std::uint64_t> ids;
  for (const Neighbour& neighbour : found.value()) {
    ids.push_back(neighbour.id);
  }
  return ids;
}

template <class Index>
double fill(Index& index, const Rows& rows, std::size_t dim) {
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t at = 0; at < rows.size(); ++at) {
    const key::EntryId id = at + 1;
    if (!index.upsert({&id, 1}, {rows.row(at), 1, dim})) {
      fmt::print("row {} was refused\n", at);
    }
  }
  return seconds_since(start);
}

#ifdef REFRAIN_HNSWLIB
void run_hnswlib(const Settings& settings, const Rows& rows, const Rows& queries,
                 const Truth& truth) {
  hnswlib::InnerProductSpace space(settings.dim);
  hnswlib::HierarchicalNSW<float> index(&space, rows.size(), 16, 100);
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t at = 0; at < rows.size(); ++at) {
    index.addPoint(rows.row(at), at + 1);
  }
  fmt::print("{:<24} build {:.1f} s\n", "hnswlib", seconds_since(start));
  for (const std::size_t ef : settings.efs) {
    index.setEf(ef == 0 ? 64 : ef);
    const std::string name = fmt::format("hnswlib ef {}", ef == 0 ? 64 : ef);
    measure(name, queries, truth, [&](const float* query) {
      auto found = index.searchKnn(query, kAnswers);
      std::vector<std::uint64_t> ids;
      for (; !found.empty(); found.pop()) {
        ids.push_back(found.top().second);
      }
      return ids;
    });
  }
}
#endif

void run_snapshot(const Settings& settings, const Rows& rows) {
  const Spaces::Options options{.dim = settings.dim, .embedder = "bench"};
  const auto spaces = Spaces::open(options).value();
  for (std::size_t at = 0; at < rows.size(); ++at) {
    if (!spaces->upsert({1, 1}, at + 1, {rows.row(at), settings.dim})) {
      fmt::print("row {} was refused\n", at);
    }
  }
  spaces->upkeep();
  auto start = std::chrono::steady_clock::now();
  const bool saved = spaces->save(settings.snapshot, {}).has_value();
  const double save_seconds = seconds_since(start);
  start = std::chrono::steady_clock::now();
  const auto loaded = Spaces::load(settings.snapshot, options);  // freed after the clock stops
  fmt::print("{:<24} save {:.2f} s, load {:.2f} s, {} bytes{}\n", "snapshot", save_seconds,
             seconds_since(start), std::filesystem::file_size(settings.snapshot),
             saved && loaded.has_value() ? "" : ", FAILED");
  std::filesystem::remove(settings.snapshot);
}

void run_tiny_spaces(const Settings& settings, std::size_t spaces_count, std::size_t entries) {
  const auto spaces = Spaces::open({.dim = settings.dim, .embedder = "bench"}).value();
  std::mt19937_64 random(7);
  const std::vector<float> zero(settings.dim, 0);
  Rows row(settings.dim);
  row.add(near(zero.data(), settings.dim, 1, random));
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t at = 0; at < spaces_count * entries; ++at) {
    if (!spaces->upsert({at % spaces_count, 1}, at + 1, {row.row(0), settings.dim})) {
      fmt::print("row {} was refused\n", at);
    }
  }
  const double seconds = seconds_since(start);
  fmt::print("{:<24} {:.2f} us an upsert, {} bytes an entry, vector {}\n",
             fmt::format("{} x {}", spaces_count, entries),
             seconds * 1e6 / static_cast<double>(spaces_count * entries),
             spaces->stats().bytes / (spaces_count * entries), settings.dim * sizeof(float));
}

void run(const Settings& settings, std::size_t size) {
  const std::size_t dim = settings.dim;
  std::mt19937_64 random(7);
  const Rows rows = make_rows(settings, size, random);
  Rows queries(dim);
  for (std::size_t at = 0; at < std::min(size, kQueries); ++at) {
    queries.add(near(rows.row(random() % rows.size()), dim, 0.5F, random));
  }
  fmt::print("--- {} x {}, {}\n", size, dim, kernels.name);
  const auto flat = Flat::open({.dim = dim}).value();
  fill(*flat, rows, dim);
  Truth truth;
  measure("flat", queries, {}, [&](const float* query) {
    const auto ids = ids_of(flat->search({query, dim}, kAnswers, nullptr));
    truth.emplace_back(ids.begin(), ids.end());
    return ids;
  });
  for (std::size_t at = 0; at < settings.efs.size(); ++at) {
    // ef is an option of the index; the graph is the same each time, so only the first is timed.
    const auto graph = Graph::open({.dim = dim, .ef_search = settings.efs[at]}).value();
    const double seconds = fill(*graph, rows, dim);
    if (at == 0) {
      fmt::print("{:<24} build {:.1f} s, {} bytes an entry\n", "graph", seconds,
                 graph->info().bytes / size);
    }
    measure(fmt::format("graph ef {}", settings.efs[at]), queries, truth, [&](const float* query) {
      return ids_of(graph->search({query, dim}, kAnswers, nullptr));
    });
  }
  if (!settings.snapshot.empty()) {
    run_snapshot(settings, rows);
  }
#ifdef REFRAIN_HNSWLIB
  if (settings.hnswlib) {
    run_hnswlib(settings, rows, queries, truth);
  }
#endif
}

bool number(std::string_view text, std::size_t& out) {
  return std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc{};
}

int start(std::span<char*> arguments) {
  Settings settings;
  for (std::size_t at = 1; at < arguments.size(); ++at) {
    const std::string_view name = arguments[at];
    std::size_t value = 0;
    if (name == "--no-hnswlib") {
      settings.hnswlib = false;
    } else if (name == "--snapshot" && at + 1 < arguments.size()) {
      settings.snapshot = arguments[++at];
    } else if (name == "--data" && at + 1 < arguments.size()) {
      settings.data = arguments[++at];
    } else if (at + 1 < arguments.size() && number(arguments[at + 1], value)) {
      ++at;
      if (name == "--size") {
        settings.sizes.push_back(value);
      } else if (name == "--ef") {
        settings.efs.push_back(value);
      } else {
        settings.dim = value;
      }
    }
  }
  if (settings.sizes.empty()) {
    settings.sizes = {1000, 4096, 100'000};
  }
  if (settings.efs.empty()) {
    settings.efs = {0};
  }
  run_tiny_spaces(settings, 10'000, 100);
  run_tiny_spaces(settings, 100'000, 1);
  for (const std::size_t size : settings.sizes) {
    run(settings, size);
  }
  return 0;
}

}  // namespace
}  // namespace refrain::index

int main(int count, char** arguments) {
  return refrain::index::start({arguments, static_cast<std::size_t>(count)});
}
