#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/resp.h"
#include "values/reading.h"
#include "wire/resp.h"

namespace refrain::api {

/// What all conversations of a door share.
struct RespDoor::Shared {
  Options options;
  values::Values& values;
  const key::Tenants& tenants;
  base::Clock& clock;
  base::Instant started;
  std::atomic<std::uint64_t> next_id{1};
  base::Gauge open;
  base::Counter commands, errors, refused_auth, protocol_errors, streamed_in, streamed_out, cut;
};

using RespArgs = std::span<const std::string_view>;

/// One client of the RESP door.
class RespTalk final : public net::Talk {
 public:
  RespTalk(RespDoor::Shared& shared, net::Peer peer, std::shared_ptr<net::Waker> waker);
  ~RespTalk() override;

  std::span<char> room() override;
  void received(std::size_t count) override;
  std::size_t gather(std::span<std::string_view> out) override;
  void written(std::size_t count) override;
  net::Mood mood() const override;
  bool over() const override { return over_; }

  // For commands.
  RespDoor::Shared& shared() noexcept { return shared_; }
  values::Values& values() noexcept { return shared_.values; }
  base::WallTime now() const { return shared_.clock.wall(); }
  const net::Peer& peer() const noexcept { return peer_; }
  /// Writes at the end of what is owed.
  wire::resp::ReplyWriter reply() { return wire::resp::ReplyWriter(text(), version_); }
  /// Counts; `text` as in "ERR syntax error".
  void error(std::string_view text);
  void error(const base::Error& error);
  /// The bytes of a value, or of a part of it, as a bulk string.
  void value(values::Found found);
  void value(values::Found found, std::uint64_t offset, std::uint64_t length);
  /// The namespace that commands work on.
  const std::string& space() const noexcept { return space_; }
  std::string space_of(int database) const;
  void select(int database);
  /// False: nobody knows this credential. user "": none was given.
  bool authenticate(std::string_view user, std::string_view credential);
  bool known() const noexcept { return tenant_.has_value(); }
  void speak(int version) { version_ = version; }
  int version() const noexcept { return version_; }
  /// As a new connection.
  void reset();
  /// Ends after what is owed.
  void leave() { over_ = true; }
  /// Argument i of the command: given to a writer as it came, null if it was short and is kept.
  /// Errors: why it could not be taken.
  base::Result<std::unique_ptr<values::Writer>> streamed(std::size_t i);

  std::string name, library, library_version;
  std::uint64_t id = 0;
  base::Instant since{};

 private:
  struct Output {
    std::string text;  // all of it, or the head of a value
    std::unique_ptr<values::Reading> reading;
    bool begun = false;
    std::uint64_t left = 0;  // of the value
    values::Reading::Piece piece{};
    std::string_view tail{};
    std::size_t sent = 0;  // of text, piece and tail together
  };
  struct Streamed {
    std::size_t arg = 0;
    std::unique_ptr<values::Writer> writer;
    std::optional<base::Error> error;
  };
  enum class Given : std::uint8_t { none, scratch, writer };

  void consume(std::string_view bytes);
  void stream(std::string_view& bytes);
  void begin_value();
  void advance_value(std::uint64_t count);
  void look();
  void run();
  void identify();
  bool blocked() const;
  std::string& text();
  bool fill(Output& output);

  RespDoor::Shared& shared_;
  net::Peer peer_;
  std::shared_ptr<net::Waker> waker_;
  wire::resp::CommandReader reader_;
  std::optional<key::Tenant> tenant_;
  std::string space_;
  int database_ = 0, version_ = 2;
  bool over_ = false;

  std::string held_;  // bytes that came while commands had to wait
  std::vector<Streamed> streams_;
  std::uint64_t value_left_ = 0;  // of the value that is being received
  Given given_ = Given::none;

  std::deque<Output> outputs_;
};

}  // namespace refrain::api
