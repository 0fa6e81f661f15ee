#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/child_process.h"
#include "tests/support/loopback.h"
#include "tests/support/temp_folder.h"

namespace refrain {

inline std::string text_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// A real mariadbd on a temporary folder and a port of its own, gone with the object. root has no
/// password; refrain's is "secret".
class MariadbServer {
 public:
  explicit MariadbServer(std::vector<std::string> flags = {}) : flags_(std::move(flags)) {
    port_ = Loopback::free_port();
    bootstrap();
    start();
  }
  std::uint16_t port() const { return port_; }
  std::string socket() const { return folder_.path() + "/socket"; }
  std::string log() const { return text_of_file(folder_.path() + "/log"); }
  ChildProcess& process() { return process_; }

  /// kill -9, and a new one on the same folder and port.
  void crash() { process_.end(SIGKILL); }
  void start() {
    process_ = ChildProcess(command({"--port=" + std::to_string(port_), "--bind-address=127.0.0.1",
                                     "--socket=" + socket()}),
                            folder_.path() + "/log");
    bool up = await_listener(port_, [this] { return !process_.running(); });
    EXPECT_TRUE(up) << "mariadbd did not start (tools/setup test installs it): " << log();
  }

 private:
  std::vector<std::string> command(const std::vector<std::string>& more) const {
    std::vector<std::string> out = {"/usr/sbin/mariadbd",
                                    "--no-defaults",
                                    "--datadir=" + folder_.path() + "/data",
                                    "--innodb-log-file-size=8M",
                                    "--innodb-buffer-pool-size=32M",
                                    "--innodb-data-file-path=ibdata1:4M:autoextend",
                                    "--performance-schema=off",
                                    "--skip-log-bin",
                                    "--skip-name-resolve"};
    if (::getuid() == 0) out.emplace_back("--user=root");
    out.insert(out.end(), flags_.begin(), flags_.end());
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  void bootstrap() {
    std::filesystem::create_directories(folder_.path() + "/data");
    const std::string script = folder_.path() + "/bootstrap.sql";
    {
      std::ofstream out(script, std::ios::binary);
      out << "create database mysql;\nuse mysql;\nSET @auth_root_socket=NULL;\n";
      for (const char* part : {"mysql_system_tables", "mysql_system_tables_data"}) {
        out << text_of_file("/usr/share/mysql/" + std::string(part) + ".sql");
      }
      out << "create database refrain character set utf8mb4;\nflush privileges;\n"
             "create user 'refrain'@'%' identified by 'secret';\n"
             "grant all on `refrain%`.* to 'refrain'@'%';\n";
    }
    ChildProcess made(
        command({"--bootstrap", "--innodb-flush-method=nosync", "--default-storage-engine=InnoDB"}),
        folder_.path() + "/log", script);
    EXPECT_EQ(made.wait(), 0) << log();
  }

  std::vector<std::string> flags_;
  TempFolder folder_;
  std::uint16_t port_ = 0;
  ChildProcess process_;
};

/// A real redis-server on a temporary folder and a port of its own, gone with the object. It
/// flushes its log before each reply.
class RedisServer {
 public:
  explicit RedisServer(std::vector<std::string> flags = {}) : flags_(std::move(flags)) {
    port_ = Loopback::free_port();
    start();
  }
  std::uint16_t port() const { return port_; }
  std::string log() const { return text_of_file(folder_.path() + "/log"); }
  ChildProcess& process() { return process_; }

  void crash() { process_.end(SIGKILL); }
  void start() {
    // The program of redis-tools is the server under another name; the package redis-server would
    // start a service.
    std::vector<std::string> command = {"/bin/bash",
                                        "-c",
                                        "exec -a redis-server /usr/bin/redis-check-rdb \"$@\"",
                                        "redis-server",
                                        "--port",
                                        std::to_string(port_),
                                        "--bind",
                                        "127.0.0.1",
                                        "--dir",
                                        folder_.path(),
                                        "--appendonly",
                                        "yes",
                                        "--appendfsync",
                                        "always",
                                        "--save",
                                        ""};
    command.insert(command.end(), flags_.begin(), flags_.end());
    process_ = ChildProcess(command, folder_.path() + "/log");
    bool up = await_listener(port_, [this] { return !process_.running(); });
    EXPECT_TRUE(up) << "redis-server did not start (tools/setup test installs it): " << log();
  }

 private:
  std::vector<std::string> flags_;
  TempFolder folder_;
  std::uint16_t port_ = 0;
  ChildProcess process_;
};

}  // namespace refrain
