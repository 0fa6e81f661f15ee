#pragma once

#include <curl/curl.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/metric.h"
#include "base/result.h"
#include "fetch/client.h"

namespace refrain::fetch {

struct Counters {
  base::Counter started, answered, unavailable, deadline, cancelled, cut, too_large, refused;
  base::Counter connections, bytes_in, bytes_out;
  base::Gauge open;
};

/// "http://host:port" of a URL: for error sentences, so never with user, password, path or query.
/// Errors: invalid (no absolute http or https URL).
base::Result<std::string> origin_of(const std::string& url);

/// Errors: invalid, for a method or header that would break the framing of the request.
base::Result<> check_framing(const Request& request);

/// One request, its curl handle and what has come of the reply. Threads: made anywhere, then only
/// its loop's.
class Transfer {
 public:
  Transfer(Request request, std::string origin, std::shared_ptr<Sink> sink, std::stop_token stop);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// Makes the curl handle. Errors: internal (curl refused a setting), unavailable (memory).
  base::Result<> prepare(const Options& options, CURLSH* share, const base::Clock& clock);
  /// Runs `cancel` when the stop token fires, perhaps at once and on this thread.
  void watch_stop(std::function<void()> cancel);
  /// What curl's last word and our own limits make of the transfer.
  base::Result<> verdict(CURLcode code) const;
  /// Lets go of the stop token, then tells the sink. Last call.
  void finish(base::Result<> result);

  /// When the transfer must have moved; max() without limits. The body's first byte may bring it
  /// nearer, any other byte only moves it away.
  base::Instant deadline() const noexcept;
  /// When deadline() is to be looked at again: whatever comes after `now`, it has not passed
  /// before then.
  base::Instant look_again(base::Instant now) const noexcept;
  /// The error of a transfer whose deadline() has passed.
  base::Error late() const;

  /// The transfer that a handle belongs to.
  static Transfer* of(CURL* easy) noexcept;
  void set_id(std::uint64_t id) noexcept { id_ = id; }
  std::uint64_t id() const noexcept { return id_; }
  CURL* easy() const noexcept { return easy_.get(); }
  const std::string& origin() const noexcept { return origin_; }
  std::uint64_t bytes_in() const noexcept { return body_bytes_; }

 private:
  struct EasyCleanup {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };
  struct ListCleanup {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };

  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  bool take_header(std::string_view line);
  bool take_body(std::string_view bytes);
  void end_of_head();
  bool add_header(const std::string& line);
  bool set_request();
  bool set_connection(const Options& options, CURLSH* share);
  bool set_callbacks();
  std::string cause(CURLcode code) const;

  Request request_;
  const std::string origin_;
  const std::shared_ptr<Sink> sink_;
  const std::stop_token stop_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;

  std::unique_ptr<curl_slist, ListCleanup> lines_;
  std::array<char, CURL_ERROR_SIZE> message_{};
  std::unique_ptr<CURL, EasyCleanup> easy_;

  std::uint64_t id_ = 0;
  const base::Clock* clock_ = nullptr;
  base::Instant started_{}, moved_{};
  int status_ = 0;
  Headers head_;
  std::size_t head_bytes_ = 0;
  bool head_done_ = false;
  std::uint64_t body_bytes_ = 0;
  std::optional<base::Error> own_error_;
};

}  // namespace refrain::fetch
