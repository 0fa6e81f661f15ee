#include "app/serve_command.h"

#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <set>

#include <fmt/format.h>

#include "app/config.h"
#include "app/graph.h"
#include "app/version.h"
#include "base/log.h"

namespace refrain::app {
namespace {

int fail(const base::Error& error) {
  std::fprintf(stderr, "refrain: %s\n", error.what.c_str());
  return 2;
}

base::log::Level level_of(std::string_view word) {
  using base::log::Level;
  if (word == "debug") return Level::debug;
  if (word == "warn") return Level::warn;
  if (word == "error") return Level::error;
  return word == "off" ? Level::off : Level::info;
}

// Two descriptors for each stream; root may go above its own hard limit. Returns what is allowed.
rlim_t raise_file_limit(rlim_t wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return limit.rlim_cur;
  rlimit more{wanted, std::max<rlim_t>(wanted, limit.rlim_max)};
  if (setrlimit(RLIMIT_NOFILE, &more) == 0) return wanted;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_max;
}

// The settings files that had a say.
std::string files_of(const Values& values) {
  std::set<std::string> files;
  for (const auto& [name, value] : values) {
    if (value.origin.starts_with("file ")) files.insert(value.origin.substr(5));
  }
  return fmt::format("{}", fmt::join(files, ", "));
}

// Blocked before any thread is made, so that only the wait below sees them.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

}  // namespace

int serve(const Values& values) {
  base::Result<Config> config = configure(values);
  if (!config) return fail(config.error());
  base::log::set_level(level_of(config->log_level));
  if (std::string settings = files_of(values); !settings.empty()) {
    base::log::info("settings read", {{"files", settings}});
  }
  rlim_t files_wanted = 2 * config->net.requests_max + 500;
  rlim_t files = raise_file_limit(files_wanted);
  // A file over its size limit (ulimit -f) is a full disk to us, not an end.
  std::signal(SIGXFSZ, SIG_IGN);
  sigset_t signals = block_signals();
  base::Result<std::unique_ptr<Graph>> graph = Graph::open(*config);
  if (!graph) return fail(graph.error());
  std::vector<std::uint16_t> ports = (*graph)->ports();
  std::vector<net::Listener> listeners = config->net.listeners;
  listeners.insert(listeners.end(), config->resp.listeners.begin(), config->resp.listeners.end());
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const net::Listener& listener = listeners[i];
    const bool resp = i >= config->net.listeners.size();
    bool v6 = listener.address.find(':') != std::string::npos;
    std::string address = v6 ? "[" + listener.address + "]" : listener.address;
    // Scripts and tests read this line: it is a promise.
    const char* scheme = resp ? "redis" : listener.tls ? "https" : "http";
    std::printf("refrain %s listens on %s://%s:%u\n", kVersion, scheme, address.c_str(),
                static_cast<unsigned>(ports[i]));
  }
  std::fflush(stdout);
  if (files < files_wanted) {
    base::log::warn("fewer open files are allowed than requests-max streams need",
                    {{"allowed", files}, {"wanted", files_wanted}});
  }
  for (;;) {
    timespec second{1, 0};
    int signal = sigtimedwait(&signals, nullptr, &second);
    if (signal == SIGTERM || signal == SIGINT) break;
    (*graph)->upkeep();
  }
  base::log::info("stopping", {{"drain_ms", config->drain.count()}});
  // A second signal ends it without waiting.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  (*graph)->stop();
  return 0;
}

}  // namespace refrain::app
