#include "serve/ask.h"

#include <algorithm>

namespace refrain::serve {

std::string_view name(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::hit: return "hit";
    case Outcome::miss: return "miss";
    case Outcome::coalesced: return "coalesced";
    case Outcome::bypass: return "bypass";
    case Outcome::refresh: return "refresh";
  }
  return "miss";
}

std::vector<cache::Place> places_of(const chat::Request& request, const key::Tenant& tenant,
                                    const key::Controls& controls, const key::Rules& rules) {
  key::Scope scope;
  scope.kind = controls.scope.value_or(tenant.scope);
  if (scope.kind == key::ScopeKind::user && controls.user.empty()) {
    // A user scope without a user would be shared by all who forgot to say who they are.
    return {};
  }
  if (scope.kind != key::ScopeKind::global) scope.tenant = tenant.id;
  if (scope.kind == key::ScopeKind::user) scope.user = controls.user;
  std::vector<cache::Place> places(1);
  places[0].identity = key::identify(request, scope, rules);
  places[0].scope = std::move(scope);
  return places;
}

bool may_name(const key::Tenant& tenant, key::ScopeKind scope) {
  return tenant.admin || scope == tenant.scope ||
         std::ranges::find(tenant.allowed.scopes, scope) != tenant.allowed.scopes.end();
}

Outcome outcome_of(const Ticket& ticket, const chat::Head& head) noexcept {
  if (!head.tier.empty()) return Outcome::hit;
  return ticket.outcome;
}

}  // namespace refrain::serve
