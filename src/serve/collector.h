#pragma once

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"

namespace refrain::serve {

/// One row of the collection: a GKV request and what it cost.
struct Row {
  std::string request_id, prompt, user_id, strategy;
  bool hit = false;
  std::string source;     // with a hit
  double similarity = 0;  // with a hit
  double processing_ms = 0, embedding_ms = 0, search_ms = 0;
  std::size_t response_characters = 0;
};

/// Writes a CSV row per request between start and stop (reference GKV 1.4; its faults mended:
/// cumulative columns include the row's own request, cumulative_hit_rate is filled). Threads: any.
class Collector {
 public:
  struct Options {
    std::string root;  // folder that all batches lie in
  };
  struct Started {
    std::string batch_id;  // "batch_YYYYMMDD_HHMMSS"
  };
  struct Stopped {
    double seconds = 0;
    std::string csv_file;
  };
  Collector(Options options, const base::Clock& clock);

  /// A new batch, in a folder below the root ("" is the root itself); a running one ends first.
  /// Errors: invalid (the folder would lie outside the root), io.
  base::Result<Started> start(const std::string& output_dir);
  /// Errors: conflict ("Benchmarking is not enabled").
  base::Result<Stopped> stop();
  bool running() const;
  void add(const Row& row);

  /// Path of the last batch. Errors: conflict (never started).
  base::Result<std::string> csv() const;
  /// Path of a file of the last batch's folder. Errors: conflict (never started), invalid (a name
  /// with a separator, a dot at its beginning or a NUL), not_found.
  base::Result<std::string> file(const std::string& name) const;

 private:
  struct State {
    bool running = false;
    std::string folder, path, batch_id;
    std::ofstream out;
    base::Instant started{};
    double memory_mib = 0;
    std::uint64_t requests = 0, hits = 0;
  };
  const Options options_;
  const base::Clock& clock_;
  base::Mutex<State> state_;
};

}  // namespace refrain::serve
