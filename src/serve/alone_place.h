#pragma once

#include <optional>

#include "cache/cache.h"
#include "chat/request.h"
#include "key/identity.h"

namespace refrain::serve {

/// Where the last question of a conversation would be found if it had been the first: the place of
/// the same request without earlier turns; system prompts stay. nullopt where there are no earlier
/// turns, where the last message is no user's, or where the question does not stand alone
/// (policy::stands_alone). Only to be read: an answer given in a conversation is not kept there.
std::optional<cache::Place> alone_place(const chat::Request& request, const key::Scope& scope,
                                        const key::Rules& rules);

}  // namespace refrain::serve
