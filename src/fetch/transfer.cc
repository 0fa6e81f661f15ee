// One transfer. curl frames the bytes; this file decides what its callbacks and codes mean to us.
//
// A callback stops a transfer by returning a short count, which curl reports as a write error; the
// real reason waits in own_error_ and wins. Interim replies (1xx) come through the same header
// callback as the final one and are dropped at their blank line; trailers come after the body has
// begun and are dropped too. The request body is let go as soon as the reply's head shows that it
// was needed: ten thousand open streams must not hold ten thousand prompts.
#include "fetch/transfer.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <exception>
#include <system_error>

#include <fmt/format.h>

namespace refrain::fetch {

using base::Code, base::fail, base::Result;

namespace {

constexpr std::size_t kHeadBytesMax = std::size_t{256} << 10;

// Headers that curl writes itself: a second copy, or one that disagrees, would break the framing.
constexpr std::string_view kOwnHeaders[] = {"content-length", "transfer-encoding", "connection",
                                            "host", "expect"};

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equal_names(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' ||
                           text.back() == '\n')) {
    text.remove_suffix(1);
  }
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  return text;
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

std::string take_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK || text == nullptr) return {};
  std::string result = text;
  curl_free(text);
  return result;
}

// System messages begin with a capital; our sentences go on after a colon.
std::string system_cause(int error) {
  std::string text = std::generic_category().message(error);
  if (!text.empty()) text.front() = lower(text.front());
  return text;
}

// Names of options are long; `ok` keeps their lines short. Every setting is checked.
template <class Setting>
bool set(CURL* easy, CURLoption option, Setting setting) {
  return curl_easy_setopt(easy, option, setting) == CURLE_OK;
}

}  // namespace

std::string_view header(const Headers& headers, std::string_view name) noexcept {
  for (const auto& [key, value] : headers) {
    if (equal_names(key, name)) return value;
  }
  return {};
}

Result<std::string> origin_of(const std::string& url) {
  auto clean = [](CURLU* parsed) { curl_url_cleanup(parsed); };
  std::unique_ptr<CURLU, decltype(clean)> parsed(curl_url());
  if (!parsed || url.find_first_of(" \r\n\t") != std::string::npos ||
      curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return fail(Code::invalid, fmt::format("'{}' is no URL", url));
  }
  std::string scheme = take_part(parsed.get(), CURLUPART_SCHEME);
  std::string host = take_part(parsed.get(), CURLUPART_HOST);
  std::string port = take_part(parsed.get(), CURLUPART_PORT);
  if ((scheme != "http" && scheme != "https") || host.empty()) {
    return fail(Code::invalid, fmt::format("'{}' is no http or https URL", url));
  }
  return port.empty() ? fmt::format("{}://{}", scheme, host)
                      : fmt::format("{}://{}:{}", scheme, host, port);
}

Result<> check_framing(const Request& request) {
  if (!is_token(request.method)) {
    return fail(Code::invalid, fmt::format("'{}' is no HTTP method", request.method));
  }
  for (const auto& [key, value] : request.headers) {
    if (!is_token(key)) return fail(Code::invalid, fmt::format("'{}' is no header name", key));
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return fail(Code::invalid, fmt::format("header {} has a line end in its value", key));
    }
  }
  return {};
}

Transfer::Transfer(Request request, std::string origin, std::shared_ptr<Sink> sink,
                   std::stop_token stop)
    : request_(std::move(request)),
      origin_(std::move(origin)),
      sink_(std::move(sink)),
      stop_(std::move(stop)) {}

Result<> Transfer::prepare(const Options& options, CURLSH* share, const base::Clock& clock) {
  clock_ = &clock;
  started_ = moved_ = clock.now();
  easy_.reset(curl_easy_init());
  if (!easy_) return fail(Code::unavailable, fmt::format("{}: no memory for curl", origin_));
  if (!set_request() || !set_connection(options, share) || !set_callbacks()) {
    return fail(Code::internal, fmt::format("{}: curl refused a setting", origin_));
  }
  return {};
}

Transfer* Transfer::of(CURL* easy) noexcept {
  char* self = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  return reinterpret_cast<Transfer*>(self);
}

bool Transfer::add_header(const std::string& line) {
  curl_slist* longer = curl_slist_append(lines_.get(), line.c_str());
  if (longer == nullptr) return false;
  if (!lines_) lines_.reset(longer);  // otherwise the same list, longer
  return true;
}

bool Transfer::set_request() {
  CURL* easy = easy_.get();
  bool ok = add_header("Expect:");
  if (header(request_.headers, "content-type").empty()) ok = ok && add_header("Content-Type:");
  for (const auto& [key, value] : request_.headers) {
    auto is_key = [&](std::string_view own) { return equal_names(own, key); };
    if (std::ranges::any_of(kOwnHeaders, is_key)) continue;
    // curl takes "Name:" as an order to leave the header out, and "Name;" for an empty one.
    ok = ok && add_header(value.empty() ? key + ";" : fmt::format("{}: {}", key, value));
  }
  ok = ok && set(easy, CURLOPT_URL, request_.url.c_str()) &&
       set(easy, CURLOPT_HTTPHEADER, lines_.get());
  bool with_body = !request_.body.empty() || request_.method == "POST" || request_.method == "PUT";
  if (with_body) {
    ok = ok && set(easy, CURLOPT_POST, 1L) &&
         set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size())) &&
         set(easy, CURLOPT_POSTFIELDS, request_.body.data());
  }
  if (request_.method == "HEAD") return ok && set(easy, CURLOPT_NOBODY, 1L);
  return ok && set(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

bool Transfer::set_connection(const Options& options, CURLSH* share) {
  CURL* easy = easy_.get();
  bool ok =
      set(easy, CURLOPT_NOSIGNAL, 1L) && set(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
      set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS)) &&
      set(easy, CURLOPT_PIPEWAIT, 0L) && set(easy, CURLOPT_FOLLOWLOCATION, 0L) &&
      set(easy, CURLOPT_TCP_KEEPALIVE, 1L) && set(easy, CURLOPT_SHARE, share) &&
      set(easy, CURLOPT_BUFFERSIZE, static_cast<long>(options.buffer_bytes)) &&
      set(easy, CURLOPT_UPLOAD_BUFFERSIZE, 16'384L) &&
      // Without this a cancelled transfer waits for the thread that looks its name up.
      set(easy, CURLOPT_QUICK_EXIT, 1L) &&
      set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
  if (!options.proxy_from_environment) ok = ok && set(easy, CURLOPT_PROXY, "");
  ok = ok && set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (options.insecure) {
    ok = ok && set(easy, CURLOPT_SSL_VERIFYPEER, 0L) && set(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!options.ca_file.empty()) ok = ok && set(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  return ok;
}

bool Transfer::set_callbacks() {
  CURL* easy = easy_.get();
  return set(easy, CURLOPT_PRIVATE, static_cast<void*>(this)) &&
         set(easy, CURLOPT_ERRORBUFFER, message_.data()) &&
         set(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header) &&
         set(easy, CURLOPT_HEADERDATA, static_cast<void*>(this)) &&
         set(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body) &&
         set(easy, CURLOPT_WRITEDATA, static_cast<void*>(this));
}

void Transfer::watch_stop(std::function<void()> cancel) {
  if (stop_.stop_possible()) on_stop_.emplace(stop_, std::move(cancel));
}

// No exception may pass through curl's frames: bad_alloc becomes an error of this transfer.
std::size_t Transfer::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  try {
    return transfer->take_header({bytes, size * count}) ? size * count : 0;
  } catch (const std::exception& problem) {
    transfer->own_error_ = base::Error{Code::internal, problem.what()};
    return 0;
  }
}

std::size_t Transfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  try {
    return transfer->take_body({bytes, size * count}) ? size * count : 0;
  } catch (const std::exception& problem) {
    transfer->own_error_ = base::Error{Code::internal, problem.what()};
    return 0;
  }
}

bool Transfer::take_header(std::string_view line) {
  moved_ = clock_->now();
  if (head_done_) return true;  // trailers
  head_bytes_ += line.size();
  if (head_bytes_ > kHeadBytesMax) {
    own_error_ = base::Error{Code::too_large, fmt::format("{}: the reply's head is over {} bytes",
                                                          origin_, kHeadBytesMax)};
    return false;
  }
  if (line.starts_with("HTTP/")) {
    std::size_t space = line.find(' ');
    std::string_view rest = space == std::string_view::npos ? "" : trim(line.substr(space));
    status_ = 0;
    std::from_chars(rest.data(), rest.data() + rest.size(), status_);
    head_.clear();
    return true;
  }
  std::string_view text = trim(line);
  if (text.empty()) {
    if (status_ >= 200) end_of_head();
    return true;
  }
  std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return true;
  std::string name(trim(text.substr(0, colon)));
  std::ranges::transform(name, name.begin(), lower);
  head_.emplace_back(std::move(name), std::string(trim(text.substr(colon + 1))));
  return true;
}

void Transfer::end_of_head() {
  head_done_ = true;
  curl_off_t sent = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_SIZE_UPLOAD_T, &sent);
  if (sent == static_cast<curl_off_t>(request_.body.size())) std::string().swap(request_.body);
  sink_->head(status_, std::exchange(head_, {}));
}

bool Transfer::take_body(std::string_view bytes) {
  moved_ = clock_->now();
  if (bytes.empty()) return true;
  body_bytes_ += bytes.size();
  if (body_bytes_ > request_.body_max) {
    own_error_ = base::Error{Code::too_large, fmt::format("{}: the reply's body is over {} bytes",
                                                          origin_, request_.body_max)};
    return false;
  }
  if (sink_->data(bytes)) return true;
  own_error_ = base::Error{Code::cancelled, fmt::format("{}: the reader stopped", origin_)};
  return false;
}

base::Instant Transfer::deadline() const noexcept {
  base::Instant result = base::Instant::max();
  auto within = [&](base::Instant from, std::chrono::milliseconds limit) {
    if (limit.count() > 0) result = std::min(result, from + limit);
  };
  if (body_bytes_ == 0) within(started_, request_.first_byte_timeout);
  if (body_bytes_ > 0) within(moved_, request_.idle_timeout);
  within(started_, request_.total_timeout);
  return result;
}

base::Instant Transfer::look_again(base::Instant now) const noexcept {
  base::Instant result = deadline();
  if (body_bytes_ > 0 || request_.idle_timeout.count() <= 0) return result;
  return std::min(result, now + request_.idle_timeout);
}

base::Error Transfer::late() const {
  bool total =
      request_.total_timeout.count() > 0 && deadline() == started_ + request_.total_timeout;
  if (total) {
    return {Code::deadline,
            fmt::format("{}: not done after {} ms", origin_, request_.total_timeout.count())};
  }
  if (body_bytes_ == 0) {
    return {Code::deadline, fmt::format("{}: no byte of a reply within {} ms", origin_,
                                        request_.first_byte_timeout.count())};
  }
  return {Code::deadline,
          fmt::format("{}: no byte for {} ms", origin_, request_.idle_timeout.count())};
}

std::string Transfer::cause(CURLcode code) const {
  long error = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &error);
  if (code == CURLE_COULDNT_CONNECT && error != 0) return system_cause(static_cast<int>(error));
  std::string text = message_.front() != '\0' ? message_.data() : curl_easy_strerror(code);
  if (!text.empty()) text.front() = lower(text.front());
  return text;
}

Result<> Transfer::verdict(CURLcode code) const {
  if (own_error_) return std::unexpected(*own_error_);
  switch (code) {
    case CURLE_OK:
      if (head_done_) return {};
      return fail(Code::io, fmt::format("{}: closed without a reply", origin_));
    case CURLE_OPERATION_TIMEDOUT:  // curl knows of the connect timeout only
      return fail(Code::unavailable, fmt::format("{}: no connection within {} ms", origin_,
                                                 request_.connect_timeout.count()));
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
      return fail(Code::unavailable, fmt::format("{}: {}", origin_, cause(code)));
    case CURLE_OUT_OF_MEMORY:
      return fail(Code::unavailable, fmt::format("{}: no memory for curl", origin_));
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      if (status_ == 0 && head_bytes_ == 0) {
        return fail(Code::io, fmt::format("{}: the reply is no HTTP", origin_));
      }
      [[fallthrough]];
    default: return fail(Code::io, fmt::format("{}: {}", origin_, cause(code)));
  }
}

void Transfer::finish(Result<> result) {
  on_stop_.reset();
  sink_->finished(std::move(result));
}

}  // namespace refrain::fetch
