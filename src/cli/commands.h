#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/server.h"
#include "embed/embedder.h"

/// The subcommands that talk to a running server, and those that need none. Each returns the exit
/// status (cli/exit.h) and prints for people, or JSON with --json.
namespace refrain::cli {

struct Session {
  Server::Options server;
  bool json = false;
};

struct AskOptions {
  std::string question{}, model{}, system{};
  std::string cache{};       // x-refrain-cache; "" says nothing
};
int ask(const Session& common, const AskOptions& options);

int stats(const Session& common);
int explain(const Session& common, const std::string& id);

struct EntriesOptions {
  std::string model{}, tag{}, after{};
  std::size_t limit = 20;
};
int entries(const Session& common, const EntriesOptions& options);

struct InsertOptions {
  std::string file{};       // JSON lines of {"question","answer",...}; "-" is standard input
  std::string model{};      // for lines that name none
  std::vector<std::string> tags{};
};
int insert(const Session& common, const InsertOptions& options);

struct InvalidateOptions {
  std::vector<std::string> ids;
  std::string model, tag, scope, user, tenant, prefix, older_than;  // older_than: "7d"
  bool all = false, dry_run = false;
  std::uint64_t older_than_seconds = 0;
};
int invalidate(const Session& common, const InvalidateOptions& options);

struct AnalyzeCommand {
  std::string file;
  double threshold = 0.9;
  std::size_t samples = 5;
};
int analyze_file(const Session& common, const AnalyzeCommand& command, embed::Embedder& embedder);

/// Something the doctor looks at. probe returns what it found, or what is wrong and what to do.
struct Check {
  enum class Weight : std::uint8_t { must, may };  // may: what is wrong is told, and all is well
  std::string name;
  std::function<base::Result<std::string>()> probe;
  Weight weight = Weight::must;
};
/// Prints a line per check; 0 if all that must be well is.
int doctor(const Session& common, const std::vector<Check>& checks);
/// Upstream checks: is it there (health or models), does a trial generation of a few tokens work.
std::vector<Check> upstream_checks(const std::string& url, const std::string& kind,
                                   const std::string& key, const std::string& model);

}  // namespace refrain::cli
