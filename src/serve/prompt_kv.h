#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "chat/flight.h"
#include "engine/engine.h"
#include "key/tenant.h"

namespace refrain::serve {

/// What doors do with the embedded engine's prompt KV: operators look at it and clear it, the
/// SemShareKV door generates with it and keeps the names of what it was asked. Threads: any.
class PromptKv {
 public:
  struct Options {
    std::size_t items_max = 64;  // names of one tenant, least recently used first
    std::size_t tenants_max = 1000;
    std::chrono::milliseconds answer_deadline = std::chrono::minutes(10);
    std::size_t answer_bytes_max = std::size_t{64} << 20U;
  };
  /// engine  null: this server has none.
  PromptKv(const Options& options, engine::Engine* engine, const base::Clock& clock);

  bool there() const noexcept { return engine_ != nullptr; }
  const engine::Engine* engine() const noexcept { return engine_; }

  /// Generates without the answer cache. The caller has joined the flight and must leave() it.
  std::shared_ptr<chat::Flight> generate(const key::Tenant& tenant, chat::Request request);

  /// "p" and 8 hexadecimal digits of the prompt's MD5, as the reference names it.
  static std::string default_key(std::string_view prompt);
  /// The tenant's item of that name, new or again; the least recently used goes.
  void store_item(const key::Tenant& tenant, const std::string& name);
  std::vector<std::string> items(const key::Tenant& tenant) const;
  /// The items and the KV of the tenant. Waits for the disk. Errors: io, unavailable.
  base::Result<> clear_items(const key::Tenant& tenant);

  /// An admin sees all tenants' entries.
  std::optional<engine::Entry> entry(const key::Tenant& tenant, const std::string& id);
  /// Entries and KV; of all tenants for an admin. Returns how many entries there were. Waits for
  /// the disk. Errors: io, unavailable.
  base::Result<std::size_t> clear(const key::Tenant& tenant);

 private:
  using Items = std::list<std::string>;  // least recently used first
  const Options options_;
  engine::Engine* engine_;
  const base::Clock& clock_;
  base::Mutex<std::map<std::string, Items>> items_;
};

}  // namespace refrain::serve
