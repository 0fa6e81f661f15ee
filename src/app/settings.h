#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace refrain::app {

/// One thing that can be set: by flag, environment or file, in that order of precedence.
struct Setting {
  std::string
      name;  // in the file: "lookup.deadline"; flag --lookup-deadline; REFRAIN_LOOKUP_DEADLINE
  std::string initial;  // the default, as text
  std::string help;
  bool list = false;    // may be given more than once
  bool secret = false;  // never printed
};

/// All settings, in the order in which --print-config shows them.
const std::vector<Setting>& settings();

std::string flag_of(const Setting& setting);         // "--lookup-deadline"
std::string environment_of(const Setting& setting);  // "REFRAIN_LOOKUP_DEADLINE"

/// A value and where it came from: "default", "environment REFRAIN_X", "file refrain.toml", "flag
/// --x".
struct Value {
  std::vector<std::string> texts;
  std::string origin = "default";
};
using Values = std::map<std::string, Value, std::less<>>;

struct Sources {
  std::string file;     // --config; "" none
  std::string profile;  // --profile: FILE with .PROFILE before its ending
  std::map<std::string, std::vector<std::string>> flags;  // by setting name
  std::map<std::string, std::string> environment;         // by variable
};

/// Lays what a settings file says over `values`; file: its name, for errors. Pure.
/// Errors: invalid, with file and line (no TOML, an unknown name, a value of another kind).
base::Result<> read_settings(std::string_view text, const std::string& file, Values& values);

/// Layers the sources over the defaults.
/// Errors: invalid (unknown name in a file, with its line; a file that cannot be read).
base::Result<Values> layer(const Sources& sources);

/// The values as TOML with their origins as comments; secrets as "***".
std::string print(const Values& values);

}  // namespace refrain::app
