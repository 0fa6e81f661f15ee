// The file is written whole, under another name, flushed, and then given its name: whoever opens it
// sees the old state or the new one, also after kill -9 or a power cut. It is small (about 8 KB a
// route). A verdict is acknowledged when the file has it; labels may be lost for some seconds,
// which costs learning and nothing else.
#include "trust/trust.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/file.h"
#include "disk/file.h"
#include "trust/image.h"

namespace refrain::trust {
namespace {

constexpr std::uint64_t kFileMax = 64ULL << 20;

base::Result<> replace(const std::string& path, const std::string& bytes) {
  const std::string fresh = path + ".new";
  TRY(file, disk::File::create(fresh));
  TRY_DO(file.append(bytes));
  TRY_DO(file.sync());
  TRY_DO(disk::rename(fresh, path));
  return disk::sync_folder(std::filesystem::path(path).parent_path().string());
}

std::int64_t milliseconds(base::Instant now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
}

}  // namespace

Trust::Trust(Options options, const base::Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      checks_(options_.checks),
      routes_({options_.budget, options_.prior, options_.routes_max, options_.anchor}, checks_,
              clock),
      texts_(options_.texts),
      verdicts_(options_.spoken_max) {}

Trust::~Trust() = default;

std::unique_ptr<Trust> Trust::open(Options options, const base::Clock& clock) {
  std::unique_ptr<Trust> trust(
      new Trust(std::move(options), clock));  // NOLINT: private constructor
  trust->load();
  trust->saved_at_ = milliseconds(clock.now());
  return trust;
}

void Trust::load() {
  std::error_code ignored;
  if (options_.file.empty() || !std::filesystem::exists(options_.file, ignored)) return;
  base::Result<std::string> bytes = base::read_file(options_.file, kFileMax);
  base::Result<Image> image =
      bytes ? decode(*bytes) : base::Result<Image>(std::unexpected(bytes.error()));
  if (!image) {
    damaged_.add();
    base::log::warn("what was learnt about hits is unreadable and begins anew",
                    {{"file", options_.file}, {"what", image.error().what}});
    return;
  }
  verdicts_.restore(image->spoken);
  checks_.restore(image->spent);
  if (image->prior != print(options_.prior)) {
    base::log::info("the verifier is another one: routes begin anew", {{"file", options_.file}});
    return;
  }
  routes_.restore(std::move(image->routes));
}

void Trust::refused(std::string_view by) {
  const auto found = std::ranges::find(kRefusals, by);
  if (found == kRefusals.end()) return;
  refused_[static_cast<std::size_t>(found - kRefusals.begin())].add();
}

void Trust::learn(const Judgement& judged, std::optional<bool> right) {
  if (judged.allowance.explore) explored_.add();
  (right ? labels_ : unsure_).add();
  if (right) routes_.learn(judged, *right);
}

void Trust::forget(std::span<const key::EntryId> ids) {
  texts_.erase(ids);
  verdicts_.erase(ids);
}

base::Result<> Trust::save() {
  if (options_.file.empty()) return {};
  std::lock_guard turn(writing_);
  const std::uint64_t changes = routes_.changes();
  saved_at_ = milliseconds(clock_.now());
  const std::string bytes =
      encode({print(options_.prior), routes_.image(), verdicts_.all(), checks_.spent()});
  base::Result<> done = replace(options_.file, bytes);
  if (!done) {
    save_failed_.add();
    return done;
  }
  saved_.add();
  saved_changes_ = changes;
  return {};
}

void Trust::upkeep() {
  const std::int64_t waited = milliseconds(clock_.now()) - saved_at_;
  if (options_.file.empty() || routes_.changes() == saved_changes_ ||
      waited < options_.save_every.count() * 1000) {
    return;
  }
  if (base::Result<> done = save(); !done) {
    fault_.warn("what was learnt about hits was not written", {{"what", done.error().what}});
  }
}

Trust::Stats Trust::stats() const {
  Stats out;
  out.texts = texts_.stats();
  out.routes = routes_.rows();
  out.spent = checks_.spent();
  for (std::size_t i = 0; i < refused_.size(); ++i) out.refused[i] = refused_[i].value();
  out.quarantined = verdicts_.quarantined_count();
  out.labels = labels_.value();
  out.unsure = unsure_.value();
  out.explored = explored_.value();
  out.saved = saved_.value();
  out.save_failed = save_failed_.value();
  out.damaged = damaged_.value();
  return out;
}

}  // namespace refrain::trust
