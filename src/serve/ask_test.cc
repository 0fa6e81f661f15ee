#include "serve/ask.h"

#include <gtest/gtest.h>

namespace refrain::serve {
namespace {

std::vector<cache::Place> places_of(key::Controls controls, key::Tenant tenant = {.id = "t"}) {
  return serve::places_of({}, tenant, controls, {});
}

TEST(Ask, GoesToTheScopeOfItsTenantUnlessItSaysOtherwise) {
  EXPECT_EQ(places_of({})[0].scope, (key::Scope{key::ScopeKind::tenant, "t", ""}));
  key::Tenant shared{.id = "t", .scope = key::ScopeKind::global};
  EXPECT_EQ(places_of({}, shared)[0].scope, (key::Scope{key::ScopeKind::global, "", ""}));
  EXPECT_EQ(places_of({.scope = key::ScopeKind::tenant}, shared)[0].scope.tenant, "t");
}

TEST(Ask, OfAUserScopeWithoutAUserHasNoPlace) {
  EXPECT_TRUE(places_of({.scope = key::ScopeKind::user}).empty());
  EXPECT_EQ(places_of({.scope = key::ScopeKind::user, .user = "u"})[0].scope,
            (key::Scope{key::ScopeKind::user, "t", "u"}));
}

TEST(Ask, ScopesNeverShareAnIdentity) {
  key::Key tenant = places_of({})[0].identity.exact;
  key::Key user = places_of({.scope = key::ScopeKind::user, .user = "u"})[0].identity.exact;
  key::Key other = places_of({}, {.id = "t2"})[0].identity.exact;
  EXPECT_NE(tenant, user);
  EXPECT_NE(tenant, other);
}

TEST(Ask, OnlyAnAdminMayNameAScopeThatItWasNotAllowed) {
  EXPECT_TRUE(may_name({.id = "t"}, key::ScopeKind::user));
  EXPECT_FALSE(may_name({.id = "t"}, key::ScopeKind::global));
  EXPECT_TRUE(may_name({.id = "t", .scope = key::ScopeKind::global}, key::ScopeKind::global));
  EXPECT_TRUE(may_name({.id = "t", .admin = true}, key::ScopeKind::global));
}

TEST(Ask, AFlightThatATierAnswersIsAHitWhateverItBeganAs) {
  Ticket ticket;
  ticket.outcome = Outcome::coalesced;
  EXPECT_EQ(outcome_of(ticket, {}), Outcome::coalesced);
  EXPECT_EQ(outcome_of(ticket, {.tier = "semantic"}), Outcome::hit);
}

TEST(Ask, OutcomesHaveTheWordsOfTheirHeader) {
  EXPECT_EQ(name(Outcome::hit), "hit");
  EXPECT_EQ(name(Outcome::miss), "miss");
  EXPECT_EQ(name(Outcome::coalesced), "coalesced");
  EXPECT_EQ(name(Outcome::bypass), "bypass");
  EXPECT_EQ(name(Outcome::refresh), "refresh");
}

}  // namespace
}  // namespace refrain::serve
