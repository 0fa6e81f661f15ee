#pragma once

#include <memory>

#include "base/metric.h"
#include "base/pool.h"
#include "chat/flight.h"
#include "embed/embedder.h"

namespace refrain::app {

/// Answers /v1/embeddings by this process's own embedder, where no upstream is set. Everything else
/// goes to `other`. Threads: any.
class LocalEmbeddings final : public chat::Producer {
 public:
  struct Rooms {
    embed::Embedder& embedder;
    base::Pool& work;  // tokenizes and waits for the encoders
    chat::Producer& other;
  };
  explicit LocalEmbeddings(const Rooms& rooms) : rooms_(rooms) {}

  /// Ends an embeddings flight with one event per input. Ends: invalid (token ids, another number
  /// of dimensions), busy, and those of the embedder.
  void start(const base::Call& call, const chat::Request& request,
             std::shared_ptr<chat::Flight> flight) override;

 private:
  base::Result<> answer(const base::Call& call, const chat::Request& request,
                        chat::Flight& flight) const;
  Rooms rooms_;
};

}  // namespace refrain::app
