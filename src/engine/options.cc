#include "engine/options.h"

#include <fmt/format.h>

namespace refrain::engine {

base::Result<> Options::check() const {
  const auto refuse = [](std::string_view name, std::size_t value, std::string_view wanted) {
    return base::fail(base::Code::invalid,
                      fmt::format("{} is {}, {} is wanted", name, value, wanted));
  };
  if (parallel == 0 || parallel + kept_max > 254) {
    return refuse("parallel", parallel, "1 or more, with the kept sequences at most 254");
  }
  if (cells < 16) return refuse("ctx", cells, "16 or more");
  if (batch_tokens < parallel) return refuse("batch", batch_tokens, "at least parallel");
  if (ubatch_tokens == 0 || ubatch_tokens > batch_tokens) {
    return refuse("ubatch", ubatch_tokens, "1 to batch");
  }
  if (chunk_tokens == 0) return refuse("chunk", chunk_tokens, "1 or more");
  if (restore_tokens == 0) return refuse("restore_tokens", restore_tokens, "1 or more");
  if (queue_max == 0) return refuse("queue_max", queue_max, "1 or more");
  if (entries_max == 0) return refuse("entries_max", entries_max, "1 or more");
  return {};
}

}  // namespace refrain::engine
