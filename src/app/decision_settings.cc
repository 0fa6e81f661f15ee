#include "app/decision_settings.h"

namespace refrain::app {

std::vector<Setting> decision_settings() {
  return {
      {"decision.alone-floor", "",
       "cosine from which an answer that no other supports is served; empty: the floor, else 0.86"},
      {"decision.profile", "", "file of refrain tune: what decisions begin with"},
      {"decision.across-conversations", "off",
       "a question that stands alone may be answered as at a conversation's beginning"},
      {"decision.gates-off", "", "gates that are not heard, by name", true},
      {"decision.check-share", "0.02", "of would-be hits that are generated to learn from them"},
      {"decision.first-checks", "20",
       "would-be hits of a route that are checked before the verifier is relied on"},
      {"decision.checks-per-day", "1000", "shadow checks of all routes; 0 for none"},
      {"decision.check-money-per-day", "0", "of shadow checks, by decision.token-price; 0: any"},
      {"decision.token-price", "0", "of a million tokens, in the same money"},
      {"decision.routes-max", "512", "budgets by door, tenant and model; later ones share one"},
      {"decision.texts-max", "64MiB", "of stored questions and answers that were read to decide"}};
}

}  // namespace refrain::app
