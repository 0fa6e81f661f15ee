// Budgets while serving. policy::Budget is a value that decides; here it has a lock, a name and a
// neighbour: the allowance of shadow checks.
//
// Which would-be hits are generated instead. Those that only the verifier vouches for: at random,
// most of the first ones and few later. Those that the floor and every gate let through: one in
// each run of 1 / explore, and in the first run the last one, so that a new server shows what it
// can before it doubts itself; in later runs at a random place, so that no rhythm of the traffic
// decides which ones are checked. Without a call left for the day nothing is explored.
#include "trust/routes.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/random.h"

namespace refrain::trust {
namespace {

double uniform() noexcept {
  return static_cast<double>(base::random64() >> 11U) * 0x1.0p-53;
}

/// One in each run of `period`.
class Sampler {
 public:
  bool next(std::uint64_t period) {
    if (period == 0) return false;
    if (pick_ == 0) pick_ = period;
    ++at_;
    const bool picked = at_ == std::min(pick_, period);
    if (at_ >= period) {
      at_ = 0;
      pick_ = 1 + base::random64() % period;
    }
    return picked;
  }

 private:
  std::uint64_t at_ = 0, pick_ = 0;
};

Judgement judgement(const Route& route, const policy::Features& evidence, policy::First first,
                    const policy::Budget& budget) {
  Judgement out;
  out.route = route;
  out.evidence = evidence;
  out.first = first;
  out.correction = budget.correction();
  out.labels = budget.state().labels;
  out.checks = budget.state().checks;
  out.checks_wrong = budget.state().checks_wrong;
  return out;
}

}  // namespace

struct Routes::Kept {
  struct Inside {
    policy::Budget budget;
    Sampler sampler{};
  };
  Kept(const Route& of, policy::Budget budget)
      : route(of), inside(std::in_place_t{}, Inside{std::move(budget)}) {}
  const Route route;
  base::Mutex<Inside> inside;
};

std::string name(const Route& route) {
  std::string out = route.door;
  out.push_back('\0');
  out += route.tenant;
  out.push_back('\0');
  return out + route.model;
}

Routes::Routes(Options options, CheckAllowance& checks, const base::Clock& clock)
    : options_(std::move(options)), checks_(checks), clock_(clock) {}

Routes::~Routes() = default;

policy::Budget::Options Routes::options_of(const Route& route) const {
  policy::Budget::Options out = options_.budget;
  out.error_max = route.error_max;
  out.alone_floor =
      options_.anchor == Anchor::none ? policy::Budget::kNoAnchor : route.alone_floor;
  return out;
}

std::shared_ptr<Routes::Kept> Routes::kept(const Route& route) {
  const std::string own = name(route);
  const auto known = [&](const std::string& wanted) {
    return kept_.with([&](const auto& kept) -> std::shared_ptr<Kept> {
      const auto found = kept.find(wanted);
      return found == kept.end() ? nullptr : found->second;
    });
  };
  if (std::shared_ptr<Kept> found = known(own)) return found;
  Route made = route;
  const std::size_t count = kept_.with([](const auto& all) { return all.size(); });
  const bool full = count >= options_.routes_max;
  if (full) made = {"", "", "", route.error_max, route.alone_floor};
  const std::string key = name(made);
  const policy::Budget::Options options = options_of(made);
  const std::optional<RouteImage> image =
      restored_.with([&](auto& images) -> std::optional<RouteImage> {
        const auto node = images.extract(key);
        if (node.empty()) return std::nullopt;
        return node.mapped();
      });
  policy::Budget budget(options, options_.prior);
  if (image) {
    policy::Budget::State state = image->state;
    state.belief.mean[0] +=
        policy::Budget::anchored(options_.prior, options).mean[0] - image->anchor;
    budget = policy::Budget(options, options_.prior, std::move(state));
  }
  auto fresh = std::make_shared<Kept>(made, std::move(budget));
  return kept_.with([&](auto& kept) { return kept.emplace(key, fresh).first->second; });
}

policy::Features Routes::weights(const Route& route) {
  return kept(route)->inside.with(
      [](const Kept::Inside& inside) { return inside.budget.state().belief.mean; });
}

Judgement Routes::judge(const Route& route, const policy::Features& evidence, policy::First first,
                        Explore explore) {
  const bool taken = explore == Explore::allowed && checks_.take(clock_.wall());
  const double share = options_.budget.explore;
  const auto period = static_cast<std::uint64_t>(share > 0 ? std::llround(1 / share) : 0);
  const double chance = uniform();
  Judgement out = kept(route)->inside.with([&](Kept::Inside& inside) {
    const bool trusted = first == policy::First::trusted;
    // Only would-be hits count for the sampler.
    const bool would = trusted && taken && inside.budget.preview(evidence).serve;
    const double random = !taken ? 1 : trusted ? (would && inside.sampler.next(period) ? 0 : 1)
                                               : chance;
    Judgement judged = judgement(route, evidence, first, inside.budget);
    judged.allowance = inside.budget.judge(evidence, random, first);
    return judged;
  });
  if (taken && !out.allowance.explore) checks_.give_back();
  changes_.fetch_add(1, std::memory_order_relaxed);
  return out;
}

Judgement Routes::preview(const Route& route, const policy::Features& evidence,
                          policy::First first) {
  return kept(route)->inside.with([&](const Kept::Inside& inside) {
    Judgement judged = judgement(route, evidence, first, inside.budget);
    judged.allowance = inside.budget.preview(evidence);
    return judged;
  });
}

void Routes::report(const Judgement& judged, bool right) {
  kept(judged.route)->inside.with([&](Kept::Inside& inside) {
    inside.budget.report(judged.evidence, right, judged.allowance);
  });
  changes_.fetch_add(1, std::memory_order_relaxed);
}

void Routes::learn(const Judgement& judged, bool right) {
  const std::optional<policy::Allowance> allowance =
      judged.allowance.explore ? std::optional(judged.allowance) : std::nullopt;
  kept(judged.route)->inside.with([&](Kept::Inside& inside) {
    inside.budget.learn(judged.evidence, right, allowance);
  });
  changes_.fetch_add(1, std::memory_order_relaxed);
}

std::vector<Routes::Row> Routes::rows() const {
  std::vector<std::shared_ptr<Kept>> all;
  kept_.with([&](const auto& kept) {
    for (const auto& [name, one] : kept) all.push_back(one);
  });
  std::vector<Row> out;
  for (const std::shared_ptr<Kept>& one : all) {
    out.push_back(one->inside.with([&](const Kept::Inside& inside) {
      const policy::Budget::State& state = inside.budget.state();
      return Row{one->route.door,     one->route.tenant,
                 one->route.model,    one->route.error_max,
                 inside.budget.limit(), inside.budget.correction(),
                 state.labels,        state.hits,
                 state.checks,        state.checks_wrong};
    }));
  }
  return out;
}

std::vector<RouteImage> Routes::image() const {
  std::map<std::string, std::shared_ptr<Kept>> all =
      kept_.with([](const auto& kept) { return kept; });
  std::vector<RouteImage> out;
  for (const auto& [name, one] : all) {
    const double anchor =
        policy::Budget::anchored(options_.prior, options_of(one->route)).mean[0];
    out.push_back(one->inside.with([&](const Kept::Inside& inside) {
      return RouteImage{name, anchor, inside.budget.state()};
    }));
  }
  // What was restored and not asked for since is kept as it was.
  restored_.with([&](const auto& images) {
    for (const auto& [name, image] : images) {
      if (out.size() < options_.routes_max) out.push_back(image);
    }
  });
  return out;
}

void Routes::restore(std::vector<RouteImage> images) {
  restored_.with([&](auto& restored) {
    for (RouteImage& image : images) restored[image.name] = std::move(image);
  });
}

}  // namespace refrain::trust
