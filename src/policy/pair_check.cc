#include "policy/pair_check.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "policy/verifier_table.h"
#include "policy/weigh.h"

namespace refrain::policy {

PairCheck check_pair(std::string_view a, std::string_view b, double cosine,
                     std::string_view overlooked, const Budget::Options& options) {
  PairCheck out;
  out.reasons = compare_texts(a, b);
  if (!overlooked.empty()) {
    out.reasons.push_back({"unseen", true, "the embedder cannot tell the texts apart"});
  }
  const bool refused = std::ranges::any_of(out.reasons, &Reason::refused);
  out.identical = out.reasons.front().gate == "identical";
  if (out.identical || refused) {
    out.serve = out.identical && !refused;
    return out;
  }
  const Profile stored = profile(b);
  const std::array<Neighbour, 1> near = {Neighbour{cosine, &stored, false}};
  Budget budget(options, verifier_prior());
  const Weighing found = weigh(profile(a), near, std::array{1.0}, budget.state().belief.mean);
  if (!found.best) {
    out.reasons.push_back({"order", true, "a script in which only the same order is trusted"});
    return out;
  }
  // 1: nothing is explored, this is no traffic.
  out.allowance = budget.judge(found.all.front().evidence, 1);
  out.serve = out.allowance.serve;
  out.reasons.push_back(
      {"verifier", !out.serve,
       fmt::format("wrong with {:.4f}, bound {:.4f}, limit {:.4f}", out.allowance.wrong,
                   out.allowance.bound, out.allowance.limit)});
  return out;
}

}  // namespace refrain::policy
