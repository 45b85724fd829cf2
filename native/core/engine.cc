#include "core/engine.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <thread>

#include "core/buffer.h"
#include "core/cgroup.h"
#include "isa/dispatch.h"

#if defined(__linux__)
#include <sched.h>
#endif

namespace ggma {
namespace {

// From so many cores on one is left to the event loop. With fewer, a thread less costs more than the event
// loop takes.
constexpr size_t kSparesOne = 4;

#if defined(__linux__)
// The first hardware thread of the core that `cpu` belongs to: equal for all threads of one core.
std::string core_of(int cpu) {
  const std::string path =
      "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list";
  std::string name = std::to_string(cpu);
  if (FILE* file = std::fopen(path.c_str(), "r")) {
    char line[256];
    if (std::fgets(line, sizeof line, file)) name = line;
    std::fclose(file);
  }
  return name;
}
#endif

size_t cores() {
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    std::set<std::string> cores;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
      if (CPU_ISSET(cpu, &allowed)) cores.insert(core_of(cpu));
    if (!cores.empty()) return cores.size();
  }
#endif
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

size_t default_threads(const std::string& root) {
  const auto available = static_cast<size_t>(std::min<uint64_t>(cores(), cgroup_cpus(root)));
  return available >= kSparesOne ? available - 1 : available;
}

Engine::Engine(const EngineOptions& options)
    : kernels(choose_kernels(options.isa ? options.isa : std::getenv("GGMA_ISA"))),
      pool(options.threads ? options.threads : default_threads()),
      budget(std::make_shared<MemoryBudget>(options.budget_bytes ? options.budget_bytes
                                                                 : physical_memory() / 2)),
      weights_in_budget(options.weights_in_budget),
      half_cache(options.half_cache),
      screened(options.screened),
      narrowed(options.narrowed) {}

}  // namespace ggma
