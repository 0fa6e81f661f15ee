// Stands in for the libraries that LMCache's RESP client is linked with and does not use (libc10,
// libtorch...), and has the one function of a newer libstdc++ that it does use on Debian 12:
// basic_string::_M_replace_cold, the replacement of a part by bytes that may lie in the same text.
#include <cstddef>
#include <cstring>
#include <string>

extern "C" void
_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE15_M_replace_coldEPcmPKcmm(
    void*, char* at, std::size_t old_bytes, const char* with, std::size_t new_bytes,
    std::size_t behind) {
  const std::string copy(with, new_bytes);
  if (behind > 0 && old_bytes != new_bytes) std::memmove(at + new_bytes, at + old_bytes, behind);
  std::memcpy(at, copy.data(), new_bytes);
}
