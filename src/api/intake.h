#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "api/multipart.h"
#include "base/pool.h"
#include "base/result.h"
#include "disk/file.h"
#include "net/server.h"

namespace refrain::api {

/// Takes a body to a file, in bounded memory: pieces are written by the work threads, one after the
/// other, and the network waits while more than pending_max are not written yet. The file is
/// removed with this unless release() was called.
class Intake final : public net::Sink, public std::enable_shared_from_this<Intake> {
 public:
  struct Options {
    std::string folder{};                           // where the file is made
    std::optional<Multipart::Options> multipart{};  // none: the body is the file
    /// Says why a file of that name is not wanted, before a byte of it is written.
    std::function<base::Result<>(const std::string& name)> check_name{};
    std::optional<base::Error> refused{};  // known from the head: nothing is taken at all
    std::size_t pending_max = 1 << 20;
  };
  struct Taken {
    std::string path;
    std::optional<std::string> name;  // of the wanted part; nullopt: there was none
    bool ended = true;                // false: the multipart body was cut
  };

  Intake(Options options, base::Pool& work, std::function<void()> wake);
  ~Intake() override;
  net::Take put(std::string bytes) override;
  /// Runs `done` on a work thread when everything that came is written. Once.
  void finish(std::function<void(base::Result<Taken>)> done);
  /// The file is somebody else's now.
  void release() { path_.clear(); }

 private:
  void schedule();
  void run();
  base::Result<> write(const std::string& bytes);

  const Options options_;
  base::Pool& work_;
  std::function<void()> wake_;
  std::optional<Multipart> multipart_;
  // Of the work thread that runs, one at a time:
  std::string path_;
  std::optional<disk::File> file_;
  bool named_ = false;

  std::mutex lock_;  // guards what follows
  std::string pending_;
  bool running_ = false, waiting_ = false;
  std::optional<base::Error> error_;
  std::function<void(base::Result<Taken>)> done_;
};

}  // namespace refrain::api
