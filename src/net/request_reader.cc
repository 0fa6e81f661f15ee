// Beast's parser checks the grammar: request line, field lines, Content-Length against
// Transfer-Encoding, chunks. This file turns its events into a Request and adds what it leaves
// open:
// - A head has a limit as a whole. Beast forgets the fields it has read, so its own limit holds
//   only for what is left over; bytes are counted here.
// - A transfer coding that is not exactly "chunked" is not supported. Beast ignores an unknown
//   one, and would then believe a Content-Length beside it: two readings of one message, which is
//   how requests are smuggled (RFC 9112, section 6.3).
// - HTTP/1.1 needs exactly one Host. Chunk headers and trailers have a limit; trailers are
//   dropped.
#include "net/request_reader.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <optional>
#include <string>
#include <utility>

#include "net/reply_head.h"
#include "net/target.h"

namespace refrain::net {
namespace http = boost::beast::http;
using boost::beast::error_code;
using Text = boost::beast::string_view;

namespace {

// A claimed length is believed up to here before the bytes have come.
constexpr std::size_t kBodyReserveMax = std::size_t{1} << 20;

std::string_view view(Text text) { return {text.data(), text.size()}; }

struct Refusal {
  int status = 0;
  std::string_view reason;
};

// "GET /a b HTTP/1.1" is a bad line, "GET /a HTTP/3.0" a good one of a version we do not speak.
Refusal version_refusal(std::string_view line) {
  const std::size_t method_end = line.find(' ');
  const std::size_t target_end = line.find(' ', method_end + 1);
  const std::string_view version = target_end == line.npos ? "" : line.substr(target_end + 1);
  const bool known = version.starts_with("HTTP/1.0") || version.starts_with("HTTP/1.1");
  if (version.starts_with("HTTP/") && version.substr(0, 10).ends_with("\r\n") && !known) {
    return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  }
  return {400, "malformed request line"};
}

Refusal grammar_refusal(const error_code& error, std::string_view rest) {
  if (error == http::error::bad_version) return version_refusal(rest);
  if (error == http::error::header_limit) return {431, "request head is too large"};
  if (error == http::error::bad_method || error == http::error::bad_target) {
    return {400, "malformed request line"};
  }
  if (error == http::error::bad_content_length || error == http::error::multiple_content_length) {
    return {400, "malformed or conflicting content-length"};
  }
  if (error == http::error::bad_transfer_encoding) {
    return {400, "malformed or conflicting transfer-encoding"};
  }
  if (error == http::error::bad_chunk || error == http::error::bad_chunk_extension) {
    return {400, "malformed chunk"};
  }
  return {400, "malformed header"};
}

}  // namespace

class RequestReader::Parser {
 public:
  Parser(Limits limits, BodyLimit body_limit)
      : limits_(limits), body_limit_(std::move(body_limit)), body_max_(limits.body_max) {
    machine_.emplace(*this);
  }

  std::size_t put(std::string_view bytes);
  void reset() {
    request_ = Request();
    state_ = State::start;
    refusal_ = {};
    head_bytes_ = hosts_ = 0;
    body_max_ = limits_.body_max;
    body_bytes_ = 0;
    old_ = codings_ = unknown_coding_ = expects_ = unknown_expectation_ = has_length_ = false;
    machine_.emplace(*this);
  }

  // Beast's side: events become parts of the request.
  class Machine final : public http::basic_parser<true> {
   public:
    explicit Machine(Parser& reader) : reader_(reader) {
      eager(false);
      body_limit(boost::none);
      header_limit(static_cast<std::uint32_t>(
          std::min<std::size_t>(reader.limits_.header_max, UINT32_MAX - 1) + 1));
    }

   private:
    void on_request_impl(http::verb, Text method, Text target, int version,
                         error_code& error) override {
      reader_.on_line(view(method), view(target), version, error);
    }
    void on_response_impl(int, Text, int, error_code&) override {}
    void on_field_impl(http::field field, Text name, Text value, error_code&) override {
      if (!is_header_done() && !reader_.in_body()) {
        reader_.on_field(field, view(name), view(value));
      }
    }
    void on_header_impl(error_code& error) override { reader_.on_head(error); }
    void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
      if (length) {
        reader_.request_.body.reserve(
            static_cast<std::size_t>(std::min<std::uint64_t>(*length, kBodyReserveMax)));
      }
    }
    std::size_t on_body_impl(Text bytes, error_code&) override {
      reader_.request_.body.append(bytes.data(), bytes.size());
      reader_.body_bytes_ += bytes.size();
      return bytes.size();
    }
    void on_chunk_header_impl(std::uint64_t size, Text, error_code& error) override {
      if (size > reader_.body_max_ - reader_.body_bytes_) {
        reader_.refuse({413, "request body is too large"}, error);
      }
    }
    std::size_t on_chunk_body_impl(std::uint64_t, Text bytes, error_code& error) override {
      return on_body_impl(bytes, error);
    }
    void on_finish_impl(error_code&) override {}

    Parser& reader_;
  };

  bool in_body() const { return state_ == State::body || state_ == State::done; }
  void refuse(Refusal refusal, error_code& error) {
    refusal_ = refusal;
    error = http::error::bad_value;  // any: stops the parser, the refusal is what counts
  }
  void refuse(Refusal refusal) {
    if (refusal_.status == 0) refusal_ = refusal;
    state_ = State::refused;
  }
  void on_line(std::string_view method, std::string_view target, int version, error_code& error);
  void on_field(http::field field, std::string_view name, std::string_view value);
  void on_head(error_code& error);
  void check_room(std::size_t left_over);

  Limits limits_;
  BodyLimit body_limit_;
  std::uint64_t body_max_;        // of this request
  std::uint64_t body_bytes_ = 0;  // that have come
  Request request_;
  std::optional<Machine> machine_;
  State state_ = State::start;
  Refusal refusal_;
  std::size_t head_bytes_ = 0;
  std::size_t hosts_ = 0;
  bool old_ = false, codings_ = false, unknown_coding_ = false, expects_ = false;
  bool unknown_expectation_ = false, has_length_ = false;
};

void RequestReader::Parser::on_line(std::string_view method, std::string_view target, int version,
                                    error_code& error) {
  old_ = version == 10;
  request_.method = method;
  request_.target = target;
  std::optional<Target> parts = split_target(target);
  if (!parts) return refuse({400, "malformed request target"}, error);
  request_.path = std::move(parts->path);
  request_.query = std::move(parts->query);
}

void RequestReader::Parser::on_field(http::field field, std::string_view name,
                                     std::string_view value) {
  if (field == http::field::host) ++hosts_;
  if (field == http::field::content_length) has_length_ = true;
  if (field == http::field::transfer_encoding) {
    codings_ = true;
    unknown_coding_ = unknown_coding_ || !equal_ignoring_case(value, "chunked");
  }
  if (field == http::field::expect) {
    expects_ = equal_ignoring_case(value, "100-continue");
    unknown_expectation_ = !expects_;
  }
  auto& [lower, kept] = request_.headers.emplace_back(name, value);
  std::ranges::transform(lower, lower.begin(), [](char sign) {
    return sign >= 'A' && sign <= 'Z' ? static_cast<char>(sign | 0x20) : sign;
  });
}

void RequestReader::Parser::on_head(error_code& error) {
  if (codings_ && (has_length_ || old_)) {
    return refuse({400, "malformed or conflicting transfer-encoding"}, error);
  }
  if (unknown_coding_) return refuse({501, "only the transfer coding chunked is known"}, error);
  if (hosts_ > 1 || (hosts_ == 0 && !old_)) return refuse({400, "need exactly one host"}, error);
  if (unknown_expectation_) return refuse({417, "only 100-continue can be expected"}, error);
  const auto length = machine_->content_length();
  if (body_limit_ && (codings_ || (length && *length > 0))) body_max_ = body_limit_(request_);
  if (length && *length > body_max_) {
    return refuse({413, "request body is too large"}, error);
  }
}

// Nothing more can be used of what is there: may more be waited for?
void RequestReader::Parser::check_room(std::size_t left_over) {
  if (state_ == State::body) {
    if (left_over > limits_.header_max) refuse({400, "chunk header or trailer is too large"});
  } else if (head_bytes_ + left_over > limits_.header_max) {
    refuse({431, "request head is too large"});
  }
}

std::size_t RequestReader::Parser::put(std::string_view bytes) {
  std::size_t used = 0;
  if (state_ == State::start) {  // empty lines before a request are no request: RFC 9112, 2.2
    while (bytes.substr(used).starts_with("\r\n")) used += 2;
    if (bytes.substr(used) == "\r") return used;
  }
  while (used < bytes.size() && state_ != State::refused && state_ != State::done) {
    if (state_ == State::start) state_ = State::head;
    error_code error;
    const std::string_view rest = bytes.substr(used);
    const std::size_t count =
        machine_->put(boost::asio::const_buffer(rest.data(), rest.size()), error);
    used += count;
    if (state_ == State::head) head_bytes_ += count;
    if (error == http::error::need_more) {
      check_room(bytes.size() - used);
      break;
    }
    if (error) {
      refuse(grammar_refusal(error, bytes.substr(used)));
    } else if (state_ == State::head && head_bytes_ > limits_.header_max) {
      refuse({431, "request head is too large"});
    } else if (machine_->is_done()) {
      state_ = State::done;
    } else if (machine_->is_header_done()) {
      state_ = State::body;
    }
  }
  return used;
}

RequestReader::RequestReader(Limits limits, BodyLimit body_limit)
    : parser_(std::make_unique<Parser>(limits, std::move(body_limit))) {}
RequestReader::~RequestReader() = default;

std::size_t RequestReader::put(std::string_view bytes) { return parser_->put(bytes); }
RequestReader::State RequestReader::state() const noexcept { return parser_->state_; }
bool RequestReader::wants_continue() const noexcept {
  return parser_->state_ == State::body && parser_->expects_ && !parser_->old_ &&
         parser_->body_bytes_ == 0;
}
Request& RequestReader::request() noexcept { return parser_->request_; }
std::string RequestReader::take_body() { return std::exchange(parser_->request_.body, {}); }
bool RequestReader::keep_alive() const noexcept { return parser_->machine_->keep_alive(); }
bool RequestReader::http10() const noexcept { return parser_->old_; }
int RequestReader::status() const noexcept { return parser_->refusal_.status; }
std::string_view RequestReader::reason() const noexcept { return parser_->refusal_.reason; }
void RequestReader::reset() { parser_->reset(); }

}  // namespace refrain::net
