#pragma once

#include <string>

#include "cli/commands.h"
#include "kv/store.h"

namespace refrain::cli {

/// Reads every byte of a KV store that no process uses and drops what is damaged. Exit status 1 if
/// there was damage.
int kv_verify(const Session& common, const kv::Options& options);

struct KvListOptions {
  std::string prefix, after;
  std::size_t limit = 100;
};
/// Named KV objects of a running server.
int kv_list(const Session& common, const KvListOptions& options);

}  // namespace refrain::cli
