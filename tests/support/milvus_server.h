#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/check.h"
#include "tests/support/temp_folder.h"

namespace refrain::test {

/// A port that nobody listens on at this moment.
inline std::uint16_t free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  CHECK(bind(probe, plain, size) == 0 && getsockname(probe, plain, &size) == 0, "a free port");
  close(probe);
  return ntohs(address.sin_port);
}

/// A milvus-lite server (environment MILVUS_LITE) with a folder and a port of its own.
class MilvusServer {
 public:
  static const char* program() { return std::getenv("MILVUS_LITE"); }

  MilvusServer() { start(); }
  ~MilvusServer() { kill(); }
  MilvusServer(const MilvusServer&) = delete;
  MilvusServer& operator=(const MilvusServer&) = delete;
  std::uint16_t port() const noexcept { return port_; }

  /// Returns when it listens: it says so in a line.
  void start() {
    std::array<int, 2> ends{};
    CHECK(pipe(ends.data()) == 0, "a pipe");
    child_ = fork();
    CHECK(child_ >= 0, "a child");
    if (child_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      close(ends[0]);
      close(ends[1]);
      setenv("PYTHONUNBUFFERED", "1", 1);
      const std::string port = std::to_string(port_);
      execl(program(), program(), "server", "--data-dir", folder_.path().c_str(), "--host",
            "127.0.0.1", "--port", port.c_str(), nullptr);
      _exit(127);
    }
    close(ends[1]);
    char byte = 0;
    bool line = false;
    while (!line && read(ends[0], &byte, 1) == 1) line = byte == '\n';
    CHECK(line, "milvus-lite did not start; tools/setup test installs it");
    output_ = ends[0];
  }
  /// As kill -9: nothing is flushed. Once more is harmless.
  void kill() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    close(output_);
    child_ = -1;
  }

 private:
  TempFolder folder_;
  const std::uint16_t port_ = free_port();
  pid_t child_ = -1;
  int output_ = -1;
};

}  // namespace refrain::test
