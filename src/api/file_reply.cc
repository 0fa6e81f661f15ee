#include "api/file_reply.h"

#include <algorithm>
#include <charconv>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"

namespace refrain::api {
namespace {

constexpr std::size_t kPiece = 256 << 10;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

// What the network's thread and a work thread share of one download: at most one piece is ready,
// and one is being read.
class Pump : public std::enable_shared_from_this<Pump> {
 public:
  Pump(std::unique_ptr<kv::Reading> bytes, const ByteRange& range,
       std::shared_ptr<net::Exchange> exchange, base::Pool& work)
      : bytes_(std::move(bytes)),
        exchange_(std::move(exchange)),
        work_(work),
        at_(range.first),
        end_(range.last + 1) {}

  net::Piece next() {
    std::lock_guard guard(lock_);
    if (failed_) return {{}, net::More::broken};
    if (ready_.empty()) {
      schedule();
      return {{}, failed_ ? net::More::broken : net::More::wait};
    }
    net::Piece piece{std::exchange(ready_, {}), net::More::wait};
    if (at_ == end_) {
      piece.more = net::More::end;
    } else {
      schedule();
    }
    return piece;
  }

 private:
  // Under the lock.
  void schedule() {
    if (reading_) return;
    reading_ = true;
    if (!work_.submit([self = shared_from_this()] { self->read(); })) failed_ = true;
  }

  void read() {
    std::string piece(static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, end_ - at_)), '\0');
    base::Result<> done = bytes_->read(at_, piece);
    if (!done) base::log::warn("a download was cut", {{"what", done.error().what}});
    {
      std::lock_guard guard(lock_);
      reading_ = false;
      failed_ = !done;
      if (done) {
        at_ += piece.size();
        ready_ = std::move(piece);
      }
    }
    exchange_->wake();
  }

  std::unique_ptr<kv::Reading> bytes_;  // of the one that reads
  std::shared_ptr<net::Exchange> exchange_;
  base::Pool& work_;
  std::mutex lock_;  // guards what follows
  std::string ready_;
  bool reading_ = false, failed_ = false;
  std::uint64_t at_, end_;
};

class PumpSource final : public net::Source {
 public:
  PumpSource(std::shared_ptr<Pump> pump, std::uint64_t length)
      : pump_(std::move(pump)), length_(length) {}
  net::Piece next() override { return pump_->next(); }
  std::optional<std::uint64_t> length() const override { return length_; }

 private:
  std::shared_ptr<Pump> pump_;
  std::uint64_t length_;
};

}  // namespace

AskedRange asked_range(std::string_view header, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return {};
  const std::string_view range = trimmed(header.substr(kUnit.size()));
  const std::size_t dash = range.find('-');
  if (dash == range.npos || range.find(',') != range.npos) return {};
  const std::string_view from = range.substr(0, dash), to = range.substr(dash + 1);
  const auto first = number(from), last = number(to);
  if (from.empty()) {  // the last so many bytes
    if (!last) return {};
    if (*last == 0 || size == 0) return {RangeKind::unsatisfiable, {}};
    return {RangeKind::part, {size - std::min(*last, size), size - 1}};
  }
  if (!first || (!to.empty() && (!last || *last < *first))) return {};
  if (*first >= size) return {RangeKind::unsatisfiable, {}};
  return {RangeKind::part, {*first, std::min(last.value_or(size - 1), size - 1)}};
}

bool names_tag(std::string_view header, std::string_view tag) {
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(','), header.size());
    std::string_view one = trimmed(header.substr(0, end));
    header.remove_prefix(std::min(end + 1, header.size()));
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == "*" || one == tag) return true;
  }
  return false;
}

std::optional<kv::Layers> parse_layers(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = number(text.substr(0, dash));
  const auto last = dash == text.npos ? first : number(text.substr(dash + 1));
  if (!first || !last || *first > *last || *last >= UINT32_MAX) return std::nullopt;
  return kv::Layers{static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*last)};
}

void reply_file(const std::shared_ptr<net::Exchange>& exchange, FileReply reply, base::Pool& work) {
  const net::Request& request = exchange->request();
  const std::uint64_t size = reply.bytes->size();
  net::Headers headers = std::move(reply.headers);
  headers.emplace_back("etag", reply.tag);
  headers.emplace_back("accept-ranges", "bytes");
  headers.emplace_back("cache-control", "no-cache");  // keep it, but ask whether it is current
  const std::string* none_match = request.header("if-none-match");
  if (none_match && names_tag(*none_match, reply.tag)) {
    return exchange->reply({304, std::move(headers), ""});
  }
  const std::string* range = request.header("range");
  const std::string* if_range = request.header("if-range");
  const bool current = !if_range || *if_range == reply.tag;
  AskedRange asked = range && current ? asked_range(*range, size) : AskedRange{};
  if (asked.kind == RangeKind::unsatisfiable) {
    headers.emplace_back("content-range", fmt::format("bytes */{}", size));
    return exchange->reply({416, std::move(headers), ""});
  }
  int status = 200;
  if (asked.kind == RangeKind::part) {
    status = 206;
    headers.emplace_back("content-range",
                         fmt::format("bytes {}-{}/{}", asked.range.first, asked.range.last, size));
  } else {
    asked.range = {0, size - 1};  // a header is there at least
  }
  headers.emplace_back("content-type", "application/octet-stream");
  auto pump = std::make_shared<Pump>(std::move(reply.bytes), asked.range, exchange, work);
  exchange->stream(
      status, std::move(headers),
      std::make_unique<PumpSource>(std::move(pump), asked.range.last - asked.range.first + 1));
}

}  // namespace refrain::api
