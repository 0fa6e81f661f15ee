#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cache/cache.h"
#include "chat/flight.h"
#include "chat/request.h"
#include "key/controls.h"
#include "key/tenant.h"

namespace refrain::serve {

/// What became of a request, in the words of x-refrain-cache.
enum class Outcome : std::uint8_t { hit, miss, coalesced, bypass, refresh };
constexpr std::size_t kOutcomes = 5;
std::string_view name(Outcome outcome) noexcept;

/// One question as a door hands it on.
struct Ask {
  chat::Request request;
  std::string id;  // of the request, for logs and explain
  key::Tenant tenant;
  bool certain = true;  // false: the tenant is unknown, the cache is left alone
  key::Controls controls;
  std::vector<cache::Place> places;  // see places_of
  base::Instant received{};
};

/// The places of a request: one scope for most doors.
std::vector<cache::Place> places_of(const chat::Request& request, const key::Tenant& tenant,
                                    const key::Controls& controls, const key::Rules& rules);

/// Whether a tenant may name this scope: its own, one it was allowed, or any for an admin. global
/// crosses tenants: what one writes there, others are answered with.
bool may_name(const key::Tenant& tenant, key::ScopeKind scope);

/// The reply in the making. Exactly one of answer (an exact hit, at once) and flight is set.
/// Whoever holds a flight has joined it and must leave() it when done.
struct Ticket {
  Outcome outcome = Outcome::miss;  // with a flight: see outcome_of
  std::shared_ptr<const chat::Answer> answer;
  chat::Head head;  // of the answer
  std::shared_ptr<chat::Flight> flight;
  std::vector<std::string> controls;  // what the request said about the cache
};

/// The outcome of a flight for one of its readers, once its head is known.
Outcome outcome_of(const Ticket& ticket, const chat::Head& head) noexcept;

}  // namespace refrain::serve
