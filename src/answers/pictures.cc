// Looks are compared one by one: 64 bits of XOR and a count are a nanosecond, so that even 100,000
// images of one collection cost less than decoding the one that is asked about.
#include "answers/pictures.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "key/canonical.h"
#include "key/sha256.h"
#include "picture/perceptual_hash.h"

namespace refrain::answers {
namespace {

constexpr std::string_view kTag = "looks:";
constexpr std::size_t kHashDigits = 16;
constexpr std::size_t kPage = 1000;

std::string name_of(const Collection& collection) {
  std::string out;
  key::part::text(collection.tenant, out);
  key::part::text(collection.model, out);
  return out;
}

}  // namespace

base::Result<> Pictures::Options::check() const {
  if (distance_max >= 0 && distance_max <= 32) return {};
  return base::fail(base::Code::invalid,
                    fmt::format("distance_max {} is not 0 to 32", distance_max));
}

Picture Pictures::look_at(std::string_view bytes) const {
  Picture out{key::sha256_hex(bytes), {}};
  if (base::Result<picture::Grey> image = picture::decode_grey(bytes, options_.decode)) {
    out.looks = picture::perceptual_hash(*image);
  }
  return out;
}

void Pictures::add(const Collection& collection, const Picture& picture) {
  // 0 is an image of one shade: it looks like any other such image.
  if (!picture.looks || *picture.looks == 0) return;
  state_.with([&](State& state) {
    if (state.count >= options_.pictures_max) return;
    std::vector<Known>& known = state.collections[name_of(collection)];
    if (std::ranges::find(known, picture.content, &Known::content) != known.end()) return;
    known.push_back({*picture.looks, picture.content});
    ++state.count;
  });
}

std::vector<std::string> Pictures::alike(const Collection& collection, const Picture& picture,
                                         std::size_t limit) const {
  if (!picture.looks || *picture.looks == 0) return {};
  std::vector<std::pair<int, std::string>> found;
  state_.with([&](const State& state) {
    const auto known = state.collections.find(name_of(collection));
    if (known == state.collections.end()) return;
    for (const Known& other : known->second) {
      const int distance = picture::distance(*picture.looks, other.looks);
      if (distance <= options_.distance_max && other.content != picture.content) {
        found.emplace_back(distance, other.content);
      }
    }
  });
  std::ranges::sort(found);
  if (found.size() > limit) found.resize(limit);
  std::vector<std::string> out;
  for (auto& [distance, content] : found) out.push_back(std::move(content));
  return out;
}

void Pictures::forget(const Collection& collection) {
  state_.with([&](State& state) {
    const auto known = state.collections.find(name_of(collection));
    if (known == state.collections.end()) return;
    state.count -= known->second.size();
    state.collections.erase(known);
  });
}

std::size_t Pictures::size() const {
  return state_.with([](const State& state) { return state.count; });
}

base::Result<> Pictures::load(const base::Call& call, cache::Cache& cache,
                              const std::string& kind) {
  store::Scan scan;
  scan.limit = kPage;
  scan.filter.dialect = kind;
  for (bool more = true; more;) {
    TRY(page, cache.list(call, scan));
    more = page.next.has_value();
    scan.after = page.next.value_or(0);
    for (const store::Record& record : page.records) {
      for (const std::string& tag : record.tags) {
        if (auto picture = picture_of(tag)) add({record.tenant, record.model, kind}, *picture);
      }
    }
  }
  return {};
}

std::string tag_of(const Picture& picture) {
  if (!picture.looks) return "";
  return fmt::format("{}{}:{}", kTag, base::hex(*picture.looks), picture.content);
}

std::optional<Picture> picture_of(std::string_view tag) {
  if (!tag.starts_with(kTag)) return std::nullopt;
  tag.remove_prefix(kTag.size());
  if (tag.size() <= kHashDigits + 1 || tag[kHashDigits] != ':') return std::nullopt;
  const std::optional<std::uint64_t> looks = base::parse_hex64(tag.substr(0, kHashDigits));
  if (!looks) return std::nullopt;
  return Picture{std::string(tag.substr(kHashDigits + 1)), looks};
}

}  // namespace refrain::answers
