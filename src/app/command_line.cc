#include "app/command_line.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/config.h"
#include "app/graph.h"
#include "app/keys.h"
#include "app/serve_command.h"
#include "app/settings.h"
#include "app/units.h"
#include "app/vectors_setup.h"
#include "app/version.h"
#include "cli/check.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/exit.h"
#include "cli/feedback.h"
#include "cli/kv.h"
#include "cli/modelcache_import.h"
#include "cli/tune.h"
#include "store/place.h"
#include "store/store.h"

extern char** environ;

namespace refrain::app {
namespace {

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string text = *entry;
    std::size_t equals = text.find('=');
    if (text.starts_with("REFRAIN_") && equals != std::string::npos) {
      out[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  return out;
}

json::Value as_json(const Values& values) {
  json::Value out = json::Object{};
  for (const Setting& setting : settings()) {
    const Value& value = values.at(setting.name);
    json::Array texts;
    for (const std::string& text : value.texts) {
      texts.emplace_back(setting.secret && !text.empty() ? "***" : text);
    }
    json::Value row;
    if (setting.list) {
      row.set("value", std::move(texts));
    } else {
      row.set("value", texts.empty() ? json::Value("") : texts.back());
    }
    row.set("origin", value.origin);
    out.set(setting.name, std::move(row));
  }
  return out;
}

// Flags of serve and doctor: one per setting.
struct SettingFlags {
  Sources sources;
  std::map<std::string, std::vector<std::string>> given;

  void add(CLI::App& command) {
    command.add_option("--config", sources.file, "settings file (TOML)")->envname("REFRAIN_CONFIG");
    command
        .add_option("--profile", sources.profile,
                    "overlay: FILE.PROFILE.toml beside the settings file")
        ->envname("REFRAIN_PROFILE");
    for (const Setting& setting : settings()) {
      std::string initial = setting.initial.empty() ? "" : " [" + setting.initial + "]";
      auto* option =
          command.add_option(flag_of(setting), given[setting.name], setting.help + initial);
      option->group(setting.name.find('.') == std::string::npos ? "Settings"
                                                                : "Settings of one door");
      if (!setting.list) option->expected(1)->take_last();
    }
  }
  base::Result<Values> values() {
    for (const auto& [name, texts] : given) {
      if (!texts.empty()) sources.flags[name] = texts;
    }
    sources.environment = environment();
    return layer(sources);
  }
};

// The settings as a command needs them, or a sentence on stderr.
std::optional<Config> config_of(SettingFlags& flags, bool json, int& status) {
  base::Result<Values> values = flags.values();
  base::Result<Config> config =
      values ? configure(*values) : base::Result<Config>(std::unexpected(values.error()));
  if (config) return std::move(*config);
  status = cli::report(config.error(), json);
  return std::nullopt;
}

base::Result<std::string> check_folder(const std::string& folder) {
  if (folder == ":memory:") return "nothing is kept";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error || ::access(folder.c_str(), W_OK) != 0) {
    return base::fail(base::Code::io, folder + " cannot be written; choose another by --data-dir");
  }
  auto space = std::filesystem::space(folder, error);
  return fmt::format("{}, {} GiB free", folder, space.available >> 30U);
}

base::Result<std::string> check_embedder(const Config& config) {
  TRY(client, fetch::Client::open({}));
  TRY(embedder, open_embedder(config, *client));
  if (!embedder) return "off: only equal questions hit";
  std::string_view texts[] = {"How does a cache work?"};
  base::SystemClock clock;
  base::Instant start = clock.now();
  TRY(vectors, embedder->embed({start + std::chrono::seconds(30), {}, 0}, texts));
  return fmt::format("{}, {} dimensions, {:.1f} ms for one question", embedder->info().model,
                     vectors.cols, base::milliseconds_between(start, clock.now()));
}

base::Result<std::string> check_vectors_of(const Config& config) {
  TRY(client, fetch::Client::open({}));
  TRY(embedder, open_embedder(config, *client));
  if (!embedder) return "not used: the embedder is off";
  if (embedder->info().dim == 0) {  // a remote embedder knows it after an answer only
    std::string_view texts[] = {"dimension"};
    TRY_DO(embedder->embed({base::SystemClock().now() + std::chrono::seconds(30), {}, 0}, texts));
  }
  return check_vectors(config, embedder->info());
}

// A folder is not opened: a server that runs holds it.
base::Result<std::string> check_store(const Config& config) {
  const store::Options& options = config.store;
  if (options.remote.url.empty()) {
    const bool memory = options.folder == ":memory:";
    return memory ? "in memory: nothing is kept" : "SQLite in " + options.folder;
  }
  base::SystemClock clock;
  base::Instant start = clock.now();
  TRY(store, store::open(options, clock));
  base::Call call{start + std::chrono::seconds(30), {}, 0};
  TRY_DO(store->get(call, std::array<key::EntryId, 1>{1}));
  TRY(place, store::place_of(options.remote.url));
  return fmt::format("{}, {} entries, {:.1f} ms to open and read", place.label(),
                     store->stats().records, base::milliseconds_between(start, clock.now()));
}

base::Result<std::string> check_server(const cli::Server::Options& options) {
  TRY(server, cli::Server::open(options));
  TRY(body, server->get("/ready"));
  (void)body;
  return options.url + " is ready";
}

int doctor(const cli::Session& common, SettingFlags& flags) {
  int status = 0;
  std::optional<Config> config = config_of(flags, common.json, status);
  if (!config) return status;
  constexpr cli::Check::Weight must = cli::Check::Weight::must;
  std::vector<cli::Check> checks;
  checks.push_back({"data folder", [&] { return check_folder(config->data_dir); }, must});
  checks.push_back({"store", [&] { return check_store(*config); }, must});
  checks.push_back({"embedder", [&] { return check_embedder(*config); }, must});
  if (config->vectors) {
    checks.push_back({"vectors", [&] { return check_vectors_of(*config); }, must});
  }
  // A doctor is called before the server is started, too.
  checks.push_back(
      {"server", [&] { return check_server(common.server); }, cli::Check::Weight::may});
  for (const UpstreamSetting& upstream : config->upstreams) {
    for (cli::Check& check : cli::upstream_checks(upstream.url, upstream.kind, config->upstream_key,
                                                  config->default_model)) {
      checks.push_back(std::move(check));
    }
  }
  return cli::doctor(common, checks);
}

// For commands that embed by themselves, by the settings of the server.
int with_embedder(const cli::Session& common, std::string_view command, SettingFlags& flags,
                  const std::function<int(embed::Embedder&)>& work) {
  int status = 0;
  std::optional<Config> config = config_of(flags, common.json, status);
  if (!config) return status;
  base::Result<std::unique_ptr<fetch::Client>> client = fetch::Client::open({});
  if (!client) return cli::report(client.error(), common.json);
  auto embedder = open_embedder(*config, **client);
  if (!embedder) return cli::report(embedder.error(), common.json);
  if (!*embedder) {
    return cli::report({base::Code::invalid, fmt::format("{} needs an embedder", command)},
                       common.json);
  }
  return work(**embedder);
}

// All subcommands with what they were given; chosen is what main() runs.
struct Commands {
  CLI::App app{"A cache for large language models: it never answers twice and never reads twice.",
               "refrain"};
  cli::Session common;
  SettingFlags serve_flags, doctor_flags, analyze_flags, check_flags, tune_flags, kv_flags;
  cli::KvListOptions kv_list;
  bool print_config = false;
  cli::AskOptions ask;
  std::string explain_id = "last", shell;
  cli::EntriesOptions entries;
  cli::InsertOptions insert;
  cli::ImportOptions imports;
  cli::InvalidateOptions invalidate;
  cli::AnalyzeCommand analyze;
  cli::CheckCommand check;
  cli::FeedbackCommand feedback;
  cli::TuneCommand tune;
  std::function<int()> chosen;

  CLI::App& command(const std::string& name, const std::string& help, const std::string& example,
                    std::function<int()> run) {
    CLI::App* out = app.add_subcommand(name, help);
    out->footer("Example:\n  refrain " + example);
    out->add_flag("--json", common.json, "print JSON");
    out->callback([this, run = std::move(run)] { chosen = run; });
    return *out;
  }

  void client_flags(CLI::App& out) {
    out.add_option("--server", common.server.url, "where the server is")->envname("REFRAIN_SERVER");
    out.add_option("--key", common.server.key, "API key")->envname("REFRAIN_KEY");
  }

  void add_serving() {
    CLI::App& serve = command("serve", "start the server", "serve --upstream http://127.0.0.1:8000",
                              [this] { return run_serve(); });
    serve.add_flag("--print-config", print_config, "show all settings and where they come from");
    serve_flags.add(serve);
    CLI::App& doctor_command =
        command("doctor", "probe folder, store, embedder, server and upstream",
                "doctor --upstream http://127.0.0.1:8000",
                [this] { return doctor(common, doctor_flags); });
    client_flags(doctor_command);
    doctor_flags.add(doctor_command);
    CLI::App& analyze_command = command("analyze", "how redundant are the prompts of a file",
                                        "analyze prompts.jsonl --threshold 0.9", [this] {
                                          return with_embedder(
                                              common, "analyze", analyze_flags,
                                              [this](embed::Embedder& embedder) {
                                                return cli::analyze_file(common, analyze, embedder);
                                              });
                                        });
    analyze_command.add_option("FILE", analyze.file, ".jsonl, .json or .csv")->required();
    analyze_command.add_option("--threshold", analyze.threshold, "cosine [0.9]")
        ->check(CLI::Range(-1.0, 1.0));
    analyze_command.add_option("--samples", analyze.samples, "pairs shown [5]");
    analyze_flags.add(analyze_command);
    CLI::App& check_command =
        command("check", "may one question be answered with another one's answer, and why",
                "check \"Is it safe?\" \"Is it not safe?\"",
                [this] {
                  return with_embedder(common, "check", check_flags,
                                       [this](embed::Embedder& embedder) {
                                         return cli::check(common, check, embedder);
                                       });
                });
    check_command.add_option("A", check.a, "a question")->required();
    check_command.add_option("B", check.b, "another question")->required();
    check_flags.add(check_command);
  }

  void add_tuning() {
    CLI::App& out = command("tune", "fit the decision to labelled pairs or to feedback",
                            "tune pairs.jsonl --out profile.json", [this] {
                              return with_embedder(common, "tune", tune_flags,
                                                   [this](embed::Embedder& embedder) {
                                                     return cli::tune(common, tune, embedder);
                                                   });
                            });
    out.add_option("FILE", tune.file,
                   "JSON lines of a, b, same and group; or what GET /refrain/v1/feedback says")
        ->required();
    out.add_option("--out", tune.out, "profile to write, for --decision-profile");
    out.add_option("--for-error", tune.error_max, "error budget that it is tuned for [0.01]")
        ->check(CLI::Range(0.0001, 0.5));
    tune_flags.add(out);
  }

  int run_serve() {
    base::Result<Values> values = serve_flags.values();
    if (!values) return cli::report(values.error(), common.json);
    if (!print_config) return app::serve(*values);
    if (base::Result<Config> config = configure(*values); !config) {
      return cli::report(config.error(), common.json);
    }
    std::string text = common.json ? json::write(as_json(*values)) + "\n" : print(*values);
    std::fputs(text.c_str(), stdout);
    return 0;
  }

  void add_asking() {
    CLI::App& out = command("ask", "ask one question through a running server",
                            "ask \"What is a cache?\"", [this] { return cli::ask(common, ask); });
    client_flags(out);
    out.add_option("QUESTION", ask.question, "the question")->required();
    out.add_option("--model", ask.model, "model")->envname("REFRAIN_DEFAULT_MODEL");
    out.add_option("--system", ask.system, "system prompt");
    out.add_option("--cache", ask.cache, "on, off, refresh, read-only or write-only");
    client_flags(command("stats", "what the server did so far", "stats --json",
                         [this] { return cli::stats(common); }));
    CLI::App& explain = command("explain", "why a request was answered as it was",
                                "explain req-... (or an answer id, or 'last')",
                                [this] { return cli::explain(common, explain_id); });
    client_flags(explain);
    explain.add_option("ID", explain_id, "request id, answer id or last [last]");
    CLI::App& told = command("feedback", "say that an answer was wrong, or right after all",
                             "feedback 00000000000000ff wrong",
                             [this] { return cli::feedback(common, feedback); });
    client_flags(told);
    told.add_option("ID", feedback.id, "answer id, or id of the request that got it")->required();
    told.add_option("VERDICT", feedback.verdict, "wrong or right")
        ->required()
        ->check(CLI::IsMember({"wrong", "right"}));
    told.add_flag("--forget-others", feedback.forget_others,
                  "forget other entries that hold the same answer");
  }

  void add_keeping() {
    CLI::App& list = command("entries", "list what is stored", "entries --model gpt-4o --limit 50",
                             [this] { return cli::entries(common, entries); });
    client_flags(list);
    list.add_option("--model", entries.model, "only of this model");
    list.add_option("--tag", entries.tag, "only with this tag");
    list.add_option("--after", entries.after, "continue behind this id");
    list.add_option("--limit", entries.limit, "how many [20]")->check(CLI::Range(1, 1000));
    CLI::App& in = command("insert", "store questions and answers of a file",
                           "insert faq.jsonl --model gpt-4o --tag faq",
                           [this] { return cli::insert(common, insert); });
    client_flags(in);
    in.add_option("FILE", insert.file, "JSON lines of question and answer; - is standard input")
        ->required();
    in.add_option("--model", insert.model, "model of lines that name none");
    in.add_option("--tag", insert.tags, "tag of lines that have none; more than one may be given");
    CLI::App& from = command("import", "store what another system kept",
                             "import modelcache-sqlite sqlite.db",
                             [this] { return cli::import_modelcache(common, imports); });
    client_flags(from);
    from.add_option("KIND", imports.kind, "modelcache-sqlite")
        ->required()
        ->check(CLI::IsMember({"modelcache-sqlite"}));
    from.add_option("FILE", imports.file, "its database")->required()->check(CLI::ExistingFile);
    from.add_option("--model", imports.model, "only of this model");
    CLI::App& out = command("invalidate", "forget entries", "invalidate --tag faq --dry-run",
                            [this] { return run_invalidate(); });
    client_flags(out);
    out.add_option("--id", invalidate.ids, "answer ids");
    out.add_option("--model", invalidate.model, "of this model");
    out.add_option("--tag", invalidate.tag, "with this tag");
    out.add_option("--scope", invalidate.scope, "user, tenant or global");
    out.add_option("--user", invalidate.user, "of this user");
    out.add_option("--tenant", invalidate.tenant, "of this tenant (admins)");
    out.add_option("--prefix", invalidate.prefix, "whose question begins so");
    out.add_option("--older-than", invalidate.older_than, "such as 7d or 12h");
    out.add_flag("--all", invalidate.all, "everything");
    out.add_flag("--dry-run", invalidate.dry_run, "only count");
  }

  // refrain kv verify | list: commands below a command.
  void add_kv() {
    CLI::App* group = app.add_subcommand("kv", "prompt KV: verify a store, list objects");
    group->require_subcommand(1);
    group->footer("Example:\n  refrain kv list --prefix docs-");
    CLI::App* verify = group->add_subcommand(
        "verify", "read every byte of a store that no process uses, drop what is damaged");
    verify->footer("Example:\n  refrain kv verify --data-dir /var/lib/refrain");
    verify->add_flag("--json", common.json, "print JSON");
    kv_flags.add(*verify);
    verify->callback([this] { chosen = [this] { return run_kv_verify(); }; });
    CLI::App* list = group->add_subcommand("list", "named objects of a running server");
    list->footer("Example:\n  refrain kv list --prefix docs-");
    list->add_flag("--json", common.json, "print JSON");
    client_flags(*list);
    list->add_option("--prefix", kv_list.prefix, "only names that begin so");
    list->add_option("--after", kv_list.after, "continue behind this name");
    list->add_option("--limit", kv_list.limit, "how many [100]")->check(CLI::Range(1, 1000));
    list->callback([this] { chosen = [this] { return cli::kv_list(common, kv_list); }; });
  }

  int run_kv_verify() {
    int status = 0;
    std::optional<Config> config = config_of(kv_flags, common.json, status);
    if (!config) return status;
    return cli::kv_verify(common, config->kv);
  }

  void add_completion() {
    CLI::App& out = command("completion", "a script that completes commands and flags in a shell",
                            "completion bash > ~/.local/share/bash-completion/completions/refrain",
                            [this] { return run_completion(); });
    out.add_option("SHELL", shell, "bash or zsh")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh"}));
  }

  int run_completion() {
    std::string script = cli::completion(app, *cli::parse_shell(shell));
    if (common.json) {
      json::Value out;
      out.set("script", script);
      script = json::write(out) + "\n";
    }
    std::fputs(script.c_str(), stdout);
    return 0;
  }

  int run_invalidate() {
    if (!invalidate.older_than.empty()) {
      base::Result<std::chrono::milliseconds> age = parse_duration(invalidate.older_than);
      if (!age) {
        return cli::report(
            {base::Code::invalid, fmt::format("--older-than is '{}': {} is wanted",
                                              invalidate.older_than, age.error().what)},
            common.json);
      }
      invalidate.older_than_seconds = static_cast<std::uint64_t>(age->count() / 1000);
    }
    return cli::invalidate(common, invalidate);
  }
};

constexpr const char* kFooter =
    "Start here: refrain serve --upstream http://127.0.0.1:8000\n"
    "Exit status: 0 done; 1 failed; 2 wrong use or settings; 3 nothing found; 4 nobody answers or "
    "no answer in time.";

}  // namespace

int run(int argc, const char* const* argv) {
  Commands commands;
  commands.app.set_version_flag("--version", std::string("refrain ") + kVersion);
  commands.app.require_subcommand(1);
  commands.app.footer(kFooter);
  commands.add_serving();
  commands.add_tuning();
  commands.add_asking();
  commands.add_keeping();
  commands.add_kv();
  commands.add_completion();
  try {
    commands.app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    // 0 for --help and --version, else wrong use.
    return commands.app.exit(problem) == 0 ? 0 : 2;
  }
  return commands.chosen ? commands.chosen() : 2;
}

}  // namespace refrain::app
