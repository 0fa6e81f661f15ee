#pragma once

#include <string_view>

#include "api/context.h"
#include "api/file_reply.h"

/// KV objects in the native door, under /refrain/v1/kv. docs/protocol/promptkv.md.
namespace refrain::api {

/// What the KV doors use; made by the router, outlives their requests.
struct KvDoors {
  kv::Store& store;
  base::Pool& work;
  const base::Clock& clock;
};

/// An object as the parameters version and layers of a query want it.
/// Errors: invalid, those of kv::Store::open.
base::Result<FileReply> file_of(KvDoors& doors, const kv::Description& facts,
                                std::string_view query);
base::Call call_of(const KvDoors& doors);

namespace kvdoor {
/// Runs on a network thread; the work is done on the work threads.
void handle(KvDoors& doors, const Visit& visit);
}  // namespace kvdoor

}  // namespace refrain::api
