// A log that is cleaned from its old end. The alternative, cleaning whichever segment has the least
// alive, copies less, but then an erase has to be kept until no older segment can hold its key, and
// proving that needs a count per key. From the old end the proof is the order: nothing is older
// than the oldest segment, so its erases can go with it. A log is at most half dead, so each byte
// that is written is copied once more at most, in the long run.
#include "values/log.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"

namespace refrain::values {

using base::Code;
using base::Result;

namespace {

// Numbers of the segments in a folder, ascending.
std::vector<std::uint64_t> numbers(const std::string& folder) {
  std::vector<std::uint64_t> out;
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(folder, problem)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("log-") || !name.ends_with(".seg") || name.size() != 24) continue;
    if (const auto number = base::parse_hex64(name.substr(4, 16))) out.push_back(*number);
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace

Result<std::unique_ptr<Log>> Log::open(Disk& disk, const Segment::See& see,
                                       std::uint64_t& damaged) {
  std::unique_ptr<Log> log(new Log(disk));
  ::unlink((disk.folder + "/spare.seg").c_str());
  for (const std::uint64_t number : numbers(disk.folder)) {
    log->next_ = number + 1;
    auto segment = Segment::open(disk, number);
    if (!segment && segment.error().code != Code::corrupt) {
      return std::unexpected(segment.error());
    }
    if (!segment) {
      // Killed while it was made, or damaged: its place in the order is lost either way.
      base::log::warn("segment of values left out", {{"what", segment.error().what}});
      ++damaged;
      ::unlink((disk.folder + "/" + segment_name(number)).c_str());
      continue;
    }
    log->bytes_ += (*segment)->bytes();
    log->segments_[number] = {*segment, 0};
    TRY(lost, (*segment)->replay(see));
    damaged += lost;
  }
  TRY_DO(log->begin_segment());
  return log;
}

Result<> Log::begin_segment() {
  TRY(segment, Segment::make(disk_, next_, std::exchange(spare_, Descriptor())));
  if (!segments_.empty()) active()->seal();
  ++next_;
  bytes_ += segment->bytes();
  segments_[segment->number()] = {segment, 0};
  return {};
}

Result<Place> Log::append(const Record& record) {
  std::optional<Place> place = active()->append(record);
  if (!place) {
    TRY_DO(begin_segment());
    place = active()->append(record);
  }
  CHECK(place.has_value(), "a record fits into an empty segment");
  return *place;
}

void Log::live(const Place& place) {
  segments_.at(place.segment).live += place.bytes;
  live_bytes_ += place.bytes;
}

void Log::dead(const Place& place) {
  segments_.at(place.segment).live -= place.bytes;
  live_bytes_ -= place.bytes;
}

std::shared_ptr<Segment> Log::find(std::uint64_t number) const {
  return segments_.at(number).segment;
}

std::shared_ptr<Segment> Log::wasteful() const {
  if (segments_.size() < 2) return nullptr;
  const Held& oldest = segments_.begin()->second;
  const bool half_dead = bytes_ > 2 * live_bytes_ + 2 * disk_.segment_bytes;
  return oldest.live == 0 || half_dead ? oldest.segment : nullptr;
}

void Log::drop_oldest() {
  const auto oldest = segments_.begin();
  CHECK(oldest->second.live == 0 && segments_.size() > 1, "only a dead segment goes");
  bytes_ -= oldest->second.segment->bytes();
  std::shared_ptr<Segment>& segment = oldest->second.segment;
  if (segment.use_count() > 1) {
    segment->remove();  // somebody reads from it
  } else if (Descriptor file = segment->recycle()) {
    spare_ = std::move(file);
  }
  segments_.erase(oldest);
}

}  // namespace refrain::values
