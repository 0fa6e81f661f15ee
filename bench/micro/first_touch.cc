// What a page of memory costs the first time it is written, three times over fresh mappings. On a
// virtual machine the first round of a boot pays for the host as well, which hands out memory page
// by page: the cost of the first large index, or of the first large snapshot that is loaded.
#include <sys/mman.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr std::size_t kPage = 4096;

double system_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_stime.tv_usec) / 1e6;
}

}  // namespace

int main(int count, char** words) {
  const std::size_t megabytes = count > 1 ? std::strtoul(words[1], nullptr, 10) : 4000;
  const std::size_t bytes = megabytes << 20U;
  std::printf("%zu MB, pages of %zu\n%8s %10s %10s %12s\n", megabytes, kPage, "round", "wall s",
              "system s", "us a page");
  for (int round = 1; round <= 3; ++round) {
    void* memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return 1;
    const double system = system_seconds();
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t at = 0; at < bytes; at += kPage) static_cast<volatile char*>(memory)[at] = 1;
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    const double own = system_seconds() - system;
    std::printf("%8d %10.2f %10.2f %12.2f\n", round, wall.count(), own,
                own * 1e6 / static_cast<double>(bytes / kPage));
    ::munmap(memory, bytes);
  }
  return 0;
}
