#include "core/buffer.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "core/cgroup.h"
#include "core/failure.h"

#if defined(_WIN32)
#include <malloc.h>
#else
#include <sys/mman.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sys/resource.h>
#endif

namespace ggma {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kPage = size_t{64} << 10;  // at least the system's
constexpr uint64_t kMapped = uint64_t{128} << 10;
#if defined(_WIN32) || defined(__SANITIZE_ADDRESS__)
constexpr bool kMaps =
    false;  // AddressSanitizer watches the bytes around heap memory, not those around a mapping
#else
constexpr bool kMaps = true;
#endif
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

// Of the pages that a buffer of so many bytes has.
uint64_t page_of(uint64_t bytes) { return bytes >= kHugePage ? kHugePage : kPage; }

#if defined(_WIN32)
void* map_pages(size_t, size_t) { return nullptr; }
#else
// null: the system has no room. `alignment` is a power of two; what lies before and behind an aligned piece
// goes back.
void* map_pages(size_t bytes, size_t alignment) {
  const size_t spare = alignment > kPage ? alignment : 0;
  void* const whole =
      mmap(nullptr, bytes + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (whole == MAP_FAILED) return nullptr;
  auto* const start = static_cast<uint8_t*>(whole);
  const size_t before =
      spare > 0 ? (alignment - reinterpret_cast<uintptr_t>(whole) % alignment) % alignment : 0;
  if (before > 0) munmap(start, before);
  if (spare > before) munmap(start + before + bytes, spare - before);
#if defined(__linux__)
  // Weights are read end to end for every token: fewer, larger pages keep the address translation out of the
  // way.
  if (alignment == kHugePage) madvise(start + before, bytes, MADV_HUGEPAGE);
#endif
  return start + before;
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
  if (mapped > 0) {
    munmap(memory, mapped);
  } else {
    std::free(memory);
  }
#endif
}

uint64_t mapped_bytes(uint64_t bytes) {
  return (bytes + page_of(bytes) - 1) / page_of(bytes) * page_of(bytes);
}

FloatBuffer allocate_floats(uint64_t count, const std::string& what) {
  const uint64_t bytes = count * sizeof(float);
  if (count > (UINT64_MAX >> 3) || bytes > SIZE_MAX / 2) out_of_memory(UINT64_MAX, available_memory(), what);
  void* memory = nullptr;
  size_t mapped = 0;
  if (kMaps && bytes >= kMapped) {
    mapped = static_cast<size_t>(mapped_bytes(bytes));
    memory = map_pages(mapped, static_cast<size_t>(page_of(bytes)));
  } else {
    const size_t size = (static_cast<size_t>(bytes) + 64 + 63) / 64 * 64;
#if defined(_WIN32)
    memory = _aligned_malloc(size, 64);
#else
    if (posix_memalign(&memory, 64, size) != 0) memory = nullptr;
#endif
  }
  if (!memory) out_of_memory(bytes, available_memory(), what);
  return FloatBuffer(static_cast<float*>(memory), FreeAligned{mapped});
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
