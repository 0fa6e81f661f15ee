#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "policy/budget.h"
#include "trust/allowance.h"

namespace refrain::trust {

/// Whose hits share an error budget.
struct Route {
  std::string door, tenant, model;
  double error_max = 0.01;    // of its hits, 0..1
  double alone_floor = 0.86;  // see policy::Budget::Options
};
/// One text for one route; door and tenant hold no NUL.
std::string name(const Route& route);

/// What the prior's first block is tied to: a floor that an operator sets, or nothing, as it was
/// fitted to this traffic.
enum class Anchor : std::uint8_t { alone_floor, none };

/// Whether a would-be hit may be generated instead, to learn from it.
enum class Explore : std::uint8_t { never, allowed };

/// What was decided of one candidate and by what was known then, for explain and for a label that
/// comes later.
struct Judgement {
  Route route;
  policy::Features evidence{};
  policy::Allowance allowance;
  policy::First first = policy::First::checked;
  double correction = 1;  // see policy::Budget::correction
  std::uint64_t labels = 0, checks = 0, checks_wrong = 0;
};

/// What is kept of a route between two runs of the program.
struct RouteImage {
  std::string name;
  double anchor = 0;  // the first weight of the prior that the belief began with
  policy::Budget::State state;
};

/// The error budgets of all routes. Threads: any; two routes never wait for each other.
class Routes {
 public:
  struct Options {
    policy::Budget::Options budget;  // error_max and alone_floor are each route's own
    policy::Belief prior;
    std::size_t routes_max = 512;  // about 11 KB each; later ones share one budget
    Anchor anchor = Anchor::alone_floor;
  };
  struct Row {
    std::string door, tenant, model;  // all "": the shared budget of later routes
    double error_max = 0, limit = 0, correction = 1;
    std::uint64_t labels = 0, hits = 0, checks = 0, checks_wrong = 0;
  };

  /// checks and clock outlive this.
  Routes(Options options, CheckAllowance& checks, const base::Clock& clock);
  ~Routes();

  /// The verifier's weights as they are believed now.
  policy::Features weights(const Route& route);
  /// Counts a look-up and says whether its candidate is served, refused or explored.
  Judgement judge(const Route& route, const policy::Features& evidence, policy::First first,
                  Explore explore);
  /// The same without counting anything.
  Judgement preview(const Route& route, const policy::Features& evidence, policy::First first);
  /// Whether the candidate's answer was right, as its fresh answer tells.
  void learn(const Judgement& judged, bool right);
  /// The same of an answer that was served, as a person tells.
  void report(const Judgement& judged, bool right);

  std::vector<Row> rows() const;
  std::vector<RouteImage> image() const;
  /// Before the first judge(). A changed anchor (other floor or budget) moves what was learnt.
  void restore(std::vector<RouteImage> images);
  /// How often something was learnt or counted; a change means that there is something to save.
  std::uint64_t changes() const noexcept { return changes_.load(std::memory_order_relaxed); }

 private:
  struct Kept;
  std::shared_ptr<Kept> kept(const Route& route);
  policy::Budget::Options options_of(const Route& route) const;

  const Options options_;
  CheckAllowance& checks_;
  const base::Clock& clock_;
  base::Mutex<std::map<std::string, std::shared_ptr<Kept>>> kept_;
  base::Mutex<std::map<std::string, RouteImage>> restored_;  // not asked for yet
  std::atomic<std::uint64_t> changes_{0};
};

}  // namespace refrain::trust
