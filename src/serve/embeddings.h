#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/metric.h"
#include "serve/ask.h"
#include "serve/completions.h"

namespace refrain::serve {

struct EmbeddingReply {
  std::string body;                       // on success
  Outcome outcome = Outcome::miss;        // hit: every input was cached
  std::size_t cached = 0;                 // inputs that came from the cache
  chat::Head head;
  std::optional<chat::Refusal> refusal;   // the upstream's own error
  std::optional<base::Error> error;
};

/// How a batch is cut, asked for and joined; wire gives these, serve knows no dialect.
struct EmbeddingWire {
  struct Items {
    std::vector<chat::Request> requests;  // one per input, each with one input only
    std::vector<json::Value> inputs;
  };
  std::function<base::Result<Items>(const chat::Request&)> split;
  /// The request for the inputs of these indices.
  std::function<chat::Request(const chat::Request&, const Items&,
                              const std::vector<std::size_t>&)> batch;
  std::function<std::string(const std::vector<const chat::Answer*>&)> render;
};

/// Embeddings, cached exactly, per input: a batch is asked for only where it is not known yet.
/// Threads: any.
class Embeddings {
 public:
  struct Rooms {
    cache::Cache& cache;
    chat::Producer& producer;   // ends an embedding flight with one event per input
    base::Pool& work;
    base::Clock& clock;
  };
  struct Stats {
    std::uint64_t requests = 0, inputs = 0, inputs_cached = 0;
    std::array<std::uint64_t, kOutcomes> outcomes{};  // of requests
  };
  struct Options {
    Route route;
    std::chrono::milliseconds answer_deadline = std::chrono::minutes(10);
    // Of a batch: 2,048 inputs of 3,072 dimensions, written as numbers, are 75 MiB.
    std::size_t answer_bytes_max = std::size_t{256} << 20;
  };
  Embeddings(Options options, EmbeddingWire wire, Rooms rooms);

  /// `done` runs once, on any thread.
  void ask(Ask ask, std::function<void(EmbeddingReply)> done);
  Stats stats() const;

 private:
  class Batch;
  const Options options_;
  EmbeddingWire wire_;
  Rooms rooms_;
  base::Counter requests_, inputs_, inputs_cached_;
  std::array<base::Counter, kOutcomes> outcomes_;
};

}  // namespace refrain::serve
