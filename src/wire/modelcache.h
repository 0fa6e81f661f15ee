#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chat/conversation.h"
#include "json/value.h"

/// ModelCache's dialect: POST /modelcache with one JSON object, or the same as a JSON string, and
/// its frames over WebSocket (reference 5.2). Bodies and codes: docs/protocol/modelcache.md.
/// Pure; threads: any.
namespace refrain::wire::modelcache {

inline constexpr std::size_t kTurnsMax = 4096;     // of one conversation
inline constexpr std::size_t kInsertMax = 10'000;  // entries of one insert
inline constexpr std::size_t kIdsMax = 10'000;     // of one remove

enum class Kind : std::uint8_t { query, insert, remove, register_model };

/// Codes of the protocol; the ones of HTTP too are statuses.
namespace code {
inline constexpr int kType = 102, kParameter = 103, kQueryRefused = 105;
inline constexpr int kQueryEmbedder = 201, kQueryStore = 202;
inline constexpr int kInsertEmbedder = 301, kInsertStore = 302, kInsertOther = 303,
                     kInsertRefused = 305;
inline constexpr int kBadJson = 400, kRemoveArgument = 401, kRemoveStore = 402, kUnknown = 403,
                     kInternal = 500, kRegister = 502;
}  // namespace code

/// Why a request is not served, in the protocol's terms.
struct Fault {
  int code = 0;
  std::string what;
};

struct NewAnswer {
  chat::Conversation query;  // not empty
  std::string answer;
};

struct Request {
  Kind kind = Kind::query;
  std::string model;                 // as written; not empty
  chat::Conversation query{};        // of a query: not empty
  std::vector<NewAnswer> answers{};  // of an insert
  std::string remove_type{};
  std::vector<std::uint64_t> ids{};  // of a delete_by_id
};

/// A body: an object, or a JSON string that holds one. Faults: 400, 102, 103; 401 for a remove of
/// unknown type or with ids that are none.
std::expected<Request, Fault> read_request(std::string_view body);
/// The same of a value that was read already.
std::expected<Request, Fault> read_value(const json::Value& body);

/// An id of an entry: a whole number, its digits, or the 16 hexadecimal digits that Refrain shows.
std::optional<std::uint64_t> read_id(const json::Value& value);

/// `-` and `.` as `_`, as the reference has all names.
std::string folded(std::string_view model);

/// What a query found. The lists have one item, or all that fit where all were asked for.
struct Reply {
  bool hit = false;
  bool as_list = false;  // hit_query and answer are lists
  std::vector<json::Value> questions{};
  std::vector<std::string> answers{};
  double seconds = 0;
};
std::string render_query(const Reply& reply);
std::string render_inserted();
std::string render_truncated(std::size_t count);
std::string render_deleted(std::size_t count);
enum class Registered : std::uint8_t { created, was_there };
std::string render_registered(Registered state);
/// The body of a fault, in the shape that its code has.
std::string render_fault(const Fault& fault);
/// The HTTP status of a code: 200 but for 400, 403 and 500.
int http_status(int code) noexcept;

/// A frame of the WebSocket door: {"requestId", "payload"}.
struct Frame {
  json::Value id{};  // a string or number, echoed as it came; null: there was none
  json::Value payload{};
  std::optional<Fault> fault{};  // what is wrong with the frame itself
};
Frame read_frame(std::string_view text);
/// {"requestId": id, "result": body}
std::string render_frame(const json::Value& id, std::string_view body);

}  // namespace refrain::wire::modelcache
