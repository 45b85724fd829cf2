#include "core/buffer.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "core/cgroup.h"
#include "core/failure.h"

#if defined(_WIN32)
#include <malloc.h>
#else
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sys/mman.h>
#include <sys/resource.h>
#endif

namespace ggma {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr uint64_t kLookedUp = uint64_t{32} << 20;

#if defined(__linux__)
// What `ulimit -v` leaves; UINT64_MAX without a limit.
uint64_t address_space_left() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
  unsigned long long pages = 0;
  if (FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%llu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  const uint64_t used = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}
#endif

[[noreturn]] void out_of_memory(uint64_t need, uint64_t have, const std::string& what) {
  std::string message = "expected room for " + what + ", need " + std::to_string(need) + " bytes";
  if (have != UINT64_MAX) message += ", have " + std::to_string(have);
  throw Failure("OUT_OF_MEMORY", message);
}

}  // namespace

void FreeAligned::operator()(float* memory) const {
#if defined(_WIN32)
  _aligned_free(memory);
#else
  std::free(memory);
#endif
}

FloatBuffer allocate_floats(uint64_t count, const std::string& what) {
  const uint64_t bytes = count * sizeof(float);
  if (count > (UINT64_MAX >> 3) || bytes > SIZE_MAX / 2) out_of_memory(UINT64_MAX, available_memory(), what);
  const size_t alignment = bytes >= kHugePage ? kHugePage : 64;
  const size_t size = (static_cast<size_t>(bytes) + 64 + 63) / 64 * 64;
  void* memory = nullptr;
#if defined(_WIN32)
  memory = _aligned_malloc(size, alignment);
#else
  if (posix_memalign(&memory, alignment, size) != 0) memory = nullptr;
#endif
  if (!memory) out_of_memory(bytes, available_memory(), what);
#if defined(__linux__)
  // Weights are read end to end for every token: fewer, larger pages keep the address translation out of the
  // way.
  if (alignment == kHugePage) madvise(memory, size, MADV_HUGEPAGE);
#endif
  return FloatBuffer(static_cast<float*>(memory));
}

uint64_t physical_memory() {
#if defined(_SC_PHYS_PAGES) && defined(_SC_PAGESIZE)
  const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  if (pages > 0 && size > 0)
    return std::min(static_cast<uint64_t>(pages) * static_cast<uint64_t>(size), cgroup_memory());
#endif
  return UINT64_MAX;
}

uint64_t available_memory() {
#if defined(__linux__)
  uint64_t available = UINT64_MAX;
  if (FILE* file = std::fopen("/proc/meminfo", "r")) {
    char line[128];
    unsigned long long kib = 0;
    while (std::fgets(line, sizeof line, file)) {
      if (std::sscanf(line, "MemAvailable: %llu kB", &kib) == 1) {
        available = kib * 1024;
        break;
      }
    }
    std::fclose(file);
  }
  if (available == UINT64_MAX) available = physical_memory();
  return std::min({available, address_space_left(), cgroup_memory_left()});
#else
  return physical_memory();
#endif
}

void expect_memory(uint64_t bytes, const std::string& what) {
  if (bytes < kLookedUp) return;
  const uint64_t have = available_memory();
  if (bytes > have) out_of_memory(bytes, have, what);
}

}  // namespace ggma
