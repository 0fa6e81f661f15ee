#pragma once

#include <expected>
#include <functional>

#include "answers/pictures.h"
#include "api/modelcache.h"
#include "wire/multicache.h"

namespace refrain::api {

/// ModelCache's multimodal door: questions of texts, images, or both. An image is known by its
/// bytes, then by its looks; by its URL's or its own name where no bytes come (nothing is fetched).
/// Threads: any.
class MulticacheDoor {
 public:
  MulticacheDoor(ModelcacheDoor::Options options, answers::Service& service,
                 answers::Pictures& pictures, base::Clock& clock);
  ~MulticacheDoor() { stop(); }
  /// POST /multicache and /llms_cache.
  void handle(const Visit& visit);
  /// Refuses new requests and finishes what has begun. Idempotent.
  void stop() { workers_.stop(); }

 private:
  using Request = wire::multicache::Request;
  using Asked = wire::multicache::Question;
  using Reply = ModelcacheDoor::Reply;
  struct Seen {
    answers::Viewing viewing;
    std::optional<answers::Picture> picture;  // where bytes came
  };

  Reply answer(Request request, const answers::Collection& collection, base::Instant received);
  Reply query(const Asked& asked, const answers::Collection& collection, base::Instant received);
  answers::Outcome<answers::Matches> find(const base::Call& call,
                                          const answers::Collection& collection, Seen seen);
  Reply insert(Request& request, const answers::Collection& collection);
  Reply remove(Request& request, const answers::Collection& collection);
  Seen look(const Asked& asked) const;
  base::Call inserting() const { return {clock_.now() + options_.insert_deadline, {}, 0}; }

  const ModelcacheDoor::Options options_;
  answers::Service& service_;
  answers::Pictures& pictures_;
  base::Clock& clock_;
  base::Pool workers_;
};

}  // namespace refrain::api
