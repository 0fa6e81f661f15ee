// Bytes come into a buffer that all conversations of a thread share, and are parsed there at once;
// so a client that is silent costs no buffer. A long value of SET goes from the socket straight
// into its writer. Replies are a queue of texts and values; a value is asked for piece by piece
// when its turn comes, so a command never waits for the disk, and what a slow client may make us
// hold is texts up to output_max and one piece. What one command answers may go over that once.
#include "api/resp_talk.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/resp_command.h"
#include "base/check.h"

namespace refrain::api {
namespace {

using wire::resp::CommandReader;
using State = CommandReader::State;

constexpr std::size_t kScratch = 64 << 10;
constexpr std::size_t kHeldMax = 64 << 10;     // pipelined bytes that wait
constexpr std::size_t kTextMax = 64 << 10;     // short replies are gathered up to here
constexpr std::size_t kCopyMax = 16 << 10;     // shorter values are copied: cheaper than a part
constexpr std::string_view kEnd = "\r\n";

std::span<char> scratch() {
  thread_local std::vector<char> buffer(kScratch);
  return buffer;
}

// Before it is known who asks, only what AUTH and HELLO need. Redis has the same two numbers.
CommandReader::Limits limits_of(const RespDoor::Shared& shared, bool known) {
  CommandReader::Limits limits;
  if (!known) {
    limits.args_max = 10;
    limits.bulk_max = 16384;
    return limits;
  }
  limits.bulk_max = shared.values.options().value_max;
  limits.stream_min = shared.values.options().small_max + 1;
  limits.held_max = shared.options.command_max;
  return limits;
}

}  // namespace

RespTalk::RespTalk(RespDoor::Shared& shared, net::Peer peer, std::shared_ptr<net::Waker> waker)
    : id(shared.next_id.fetch_add(1)),
      since(shared.clock.now()),
      shared_(shared),
      peer_(std::move(peer)),
      waker_(std::move(waker)) {
  shared_.open.add(1);
  reset();
}

RespTalk::~RespTalk() { shared_.open.add(-1); }

void RespTalk::reset() {
  name.clear();
  version_ = 2;
  database_ = 0;
  tenant_ = shared_.tenants.resolve("", peer_.loopback);
  identify();
}

bool RespTalk::authenticate(std::string_view user, std::string_view credential) {
  std::optional<key::Tenant> tenant;
  if (!credential.empty()) tenant = shared_.tenants.resolve(credential, peer_.loopback);
  const bool named = user.empty() || user == "default" || (tenant && user == tenant->id);
  if (!tenant || !named) {
    shared_.refused_auth.add();
    return false;
  }
  tenant_ = std::move(tenant);
  identify();
  return true;
}

void RespTalk::identify() {
  reader_.set_limits(limits_of(shared_, known()));
  space_ = known() ? space_of(database_) : "";
}

std::string RespTalk::space_of(int database) const {
  return fmt::format("{}:{}", database, tenant_->id);
}

void RespTalk::select(int database) {
  database_ = database;
  space_ = space_of(database);
}

// ---- bytes in

bool RespTalk::blocked() const {
  return outputs_.size() >= std::max<std::size_t>(shared_.options.output_max / kTextMax, 2);
}

std::span<char> RespTalk::room() {
  given_ = Given::none;
  if (over_ || held_.size() >= kHeldMax) return {};
  if (value_left_ > 0 && held_.empty() && streams_.back().writer) {
    given_ = Given::writer;
    return streams_.back().writer->room();
  }
  given_ = Given::scratch;
  return scratch();
}

void RespTalk::received(std::size_t count) {
  if (given_ == Given::scratch) return consume({scratch().data(), count});
  Streamed& stream = streams_.back();
  if (base::Result<> added = stream.writer->added(count); !added) {
    stream.error = added.error();
    stream.writer.reset();
  }
  advance_value(count);
}

void RespTalk::consume(std::string_view bytes) {
  while (!bytes.empty() && !over_) {
    if (value_left_ > 0) {
      stream(bytes);
    } else if (blocked()) {
      held_ += bytes;
      return;
    } else {
      bytes.remove_prefix(reader_.read(bytes));
      look();
    }
  }
}

void RespTalk::stream(std::string_view& bytes) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(value_left_, bytes.size()));
  Streamed& stream = streams_.back();
  if (stream.writer) {
    if (base::Result<> put = stream.writer->put(bytes.substr(0, count)); !put) {
      stream.error = put.error();
      stream.writer.reset();
    }
  }
  bytes.remove_prefix(count);
  advance_value(count);
}

void RespTalk::advance_value(std::uint64_t count) {
  value_left_ -= count;
  if (value_left_ == 0) reader_.value_taken();
}

void RespTalk::look() {
  switch (reader_.state()) {
    case State::more: return;
    case State::value: return begin_value();
    case State::command:
      run();
      streams_.clear();
      reader_.next();
      return;
    case State::refused:
      shared_.protocol_errors.add();
      reply().error("ERR " + reader_.reason());
      over_ = true;
      return;
  }
}

// A long argument: the value of a SET goes to its place, any other is kept like a short one.
void RespTalk::begin_value() {
  const std::size_t arg = reader_.arg_count();
  const RespCommand* command = arg == 0 ? nullptr : find_command(reader_.arg(0));
  if (!command || !is_value(*command, arg) || !command_fits(*command, reader_.arg_total())) {
    reader_.keep_value();
    return look();
  }
  Streamed stream;
  stream.arg = arg;
  auto writer = shared_.values.begin(reader_.value_bytes());
  if (writer) stream.writer = std::move(*writer);
  else stream.error = writer.error();
  streams_.push_back(std::move(stream));
  value_left_ = reader_.value_bytes();
  shared_.streamed_in.add();
}

base::Result<std::unique_ptr<values::Writer>> RespTalk::streamed(std::size_t i) {
  for (Streamed& stream : streams_) {
    if (stream.arg != i) continue;
    if (stream.error) return std::unexpected(*stream.error);
    return std::move(stream.writer);
  }
  return std::unique_ptr<values::Writer>();
}

void RespTalk::run() {
  shared_.commands.add();
  const std::vector<std::string_view> args = reader_.args();
  run_command(*this, args);
}

// ---- bytes out

std::string& RespTalk::text() {
  const bool fits = !outputs_.empty() && !outputs_.back().reading &&
                    outputs_.back().text.size() < kTextMax;
  if (!fits) outputs_.emplace_back();
  return outputs_.back().text;
}

void RespTalk::error(std::string_view message) {
  shared_.errors.add();
  reply().error(message);
}

void RespTalk::error(const base::Error& problem) { error("ERR " + problem.what); }

void RespTalk::value(values::Found found) {
  const std::uint64_t bytes = found.bytes;
  value(std::move(found), 0, bytes);
}

void RespTalk::value(values::Found found, std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return reply().bulk("");
  if (found.blob && length <= kCopyMax) {
    return reply().bulk(std::string_view(*found.blob).substr(offset, length));
  }
  if (found.file) shared_.streamed_out.add();
  Output output;
  output.left = length;
  output.reading = std::make_unique<values::Reading>(
      shared_.values, std::move(found), offset, length, [waker = waker_] { waker->wake(); });
  outputs_.push_back(std::move(output));
}

// Gets the next piece of a value. False: there is nothing to write now.
bool RespTalk::fill(Output& output) {
  output.piece = output.reading->next();
  output.sent = 0;
  output.text.clear();
  wire::resp::ReplyWriter head(output.text, version_);
  switch (output.piece.state) {
    case values::Reading::State::wait: return false;
    case values::Reading::State::ready: break;
    default:
      if (output.begun) {  // its length was promised: the client must see a cut
        shared_.cut.add();
        outputs_.clear();
        over_ = true;
        return false;
      }
      head.null();
      output.reading.reset();
      return true;
  }
  if (!output.begun) head.bulk_head(output.left);
  output.begun = true;
  output.left -= output.piece.bytes.size();
  output.tail = output.left == 0 ? kEnd : std::string_view();
  return true;
}

std::size_t RespTalk::gather(std::span<std::string_view> out) {
  if (!held_.empty() && !blocked()) {
    const std::string held = std::exchange(held_, {});
    consume(held);
  }
  std::size_t used = 0;
  for (std::size_t i = 0; i < outputs_.size() && used + 3 <= out.size(); ++i) {
    Output& output = outputs_[i];
    const bool value = output.reading != nullptr;
    if (value && output.piece.bytes.empty() && !fill(output)) return outputs_.empty() ? 0 : used;
    std::size_t skip = output.sent;
    for (const std::string_view part :
         {std::string_view(output.text), output.piece.bytes, output.tail}) {
      const std::size_t gone = std::min(skip, part.size());
      skip -= gone;
      if (gone < part.size()) out[used++] = part.substr(gone);
    }
    if (value && output.left > 0) break;  // its next piece comes when this one is gone
  }
  return used;
}

void RespTalk::written(std::size_t count) {
  while (count > 0) {
    Output& output = outputs_.front();
    const std::size_t total = output.text.size() + output.piece.bytes.size() + output.tail.size();
    const std::size_t taken = std::min(count, total - output.sent);
    output.sent += taken;
    count -= taken;
    if (output.sent < total) return;
    if (output.reading && output.left > 0) {
      output.piece = {};
      output.text.clear();
      output.sent = 0;
    } else {
      outputs_.pop_front();
    }
  }
}

net::Mood RespTalk::mood() const {
  if (!outputs_.empty()) return net::Mood::working;
  return reader_.midway() ? net::Mood::reading : net::Mood::idle;
}

}  // namespace refrain::api
