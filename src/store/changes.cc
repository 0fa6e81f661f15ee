#include "store/changes.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"

namespace refrain::store::changes {

std::string pack(std::vector<EntryId> ids) {
  std::ranges::sort(ids);
  base::ByteWriter out;
  out.varint(ids.size());
  EntryId before = 0;
  for (EntryId id : ids) out.varint(id - std::exchange(before, id));
  return out.take();
}

Result<std::vector<EntryId>> unpack(std::string_view bytes) {
  base::ByteReader in(bytes);
  TRY(count, in.count(1));
  std::vector<EntryId> ids;
  EntryId before = 0;
  for (std::size_t i = 0; i < count; ++i) {
    TRY(step, in.varint());
    ids.push_back(before += step);
  }
  return ids;
}

News Follower::read(std::span<const Note> notes, std::uint64_t now) {
  News news;
  // A database that was put back to an earlier state has a sequence that lies behind us.
  news.lost = now < seen_ || (now > seen_ && notes.empty());
  if (news.lost) seen_ = now;
  for (const Note& note : notes) {
    if (note.sequence != seen_ + 1) news.lost = true;
    seen_ = note.sequence;
    if (own_.erase(note.sequence) > 0) continue;
    Result<std::vector<EntryId>> gone = unpack(note.gone), put = unpack(note.put);
    if (!gone || !put) {
      news.lost = true;
      continue;
    }
    news.gone.insert(news.gone.end(), gone->begin(), gone->end());
    news.put.insert(news.put.end(), put->begin(), put->end());
  }
  if (news.lost) std::erase_if(own_, [this](std::uint64_t number) { return number <= seen_; });
  return news;
}

}  // namespace refrain::store::changes
