#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "embed/embedder.h"
#include "fetch/client.h"
#include "net/server.h"

namespace refrain::app {

/// The running server: everything that serve needs, built top to bottom, stopped the other way
/// round.
class Graph {
 public:
  /// Errors: whatever keeps a server from starting, as one sentence.
  static base::Result<std::unique_ptr<Graph>> open(Config config);
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  /// Of the HTTP listeners, then of the RESP listeners.
  std::vector<std::uint16_t> ports() const;
  /// Once a second or so: expiry, counts of hits, growth of the index.
  void upkeep();
  /// Refuses new requests, lets running ones finish for `drain`, writes what is waiting.
  /// Idempotent.
  void stop();

 private:
  struct Parts;
  explicit Graph(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// The embedder of a configuration; null for "off". Errors: those of embed::open_embedder.
base::Result<std::unique_ptr<embed::Embedder>> open_embedder(const Config& config,
                                                             fetch::Client& client);

}  // namespace refrain::app
