#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace refrain::bench {

/// "127.0.0.1:8780". Ends the program on anything else.
sockaddr_in address_of(const std::string& text);
/// A listening socket, not blocking; prints "listens on ADDR:PORT". Ends the program on failure.
int listen_on(const std::string& text);
/// A connected socket; -1 on failure, errno says why.
int connect_to(const sockaddr_in& address);
/// As many descriptors as the hard limit allows.
void raise_file_limit();

/// Nanoseconds of the clock that all processes of a machine share.
std::int64_t monotonic_ns();

/// What there is to read is appended to `in`; false: the peer has closed, or an error.
bool read_all(int socket, std::string& in);
/// Writes what the kernel takes and drops it from `out`; false: an error.
bool write_some(int socket, std::string& out);

/// The value of a header of `head` (lines that end in CR LF), without regard to case; "" for none.
std::string_view header(std::string_view head, std::string_view lower_case_name);

/// --name value pairs. Ends the program on a name that is not among the defaults.
class Arguments {
 public:
  Arguments(int count, char** words, std::map<std::string, std::string> defaults);
  const std::string& text(const std::string& name) const { return values_.at(name); }
  long number(const std::string& name) const;

 private:
  std::map<std::string, std::string> values_;
};

/// {"p50":..,"p90":..,"p99":..,"max":..,"mean":..,"count":..}; sorts `values`.
std::string quantiles(std::vector<double>& values);

}  // namespace refrain::bench
