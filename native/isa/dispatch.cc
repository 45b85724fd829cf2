#include "isa/dispatch.h"

#include <cstring>
#include <initializer_list>
#include <string>

#include "core/failure.h"
#include "isa/isa.h"

#if defined(__x86_64__) || defined(_M_X64)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace ggma {
namespace {

#if defined(__x86_64__) || defined(_M_X64)
// Leaf 1, ECX bit 29; clang's __builtin_cpu_supports does not know the name.
bool has_f16c() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & (1u << 29)) != 0;
}
#endif

KernelTable whole(std::initializer_list<const KernelTable*> parts) {
  KernelTable table = **parts.begin();
  for (const KernelTable* part : parts) {
#define GGMA_SECTION_ROWS
#define GGMA_KERNEL(kernel, Args) \
  if (part->kernel) table.kernel = part->kernel;
#define GGMA_OP(Operands, Step)
#include "kernels/kernels.inc"
#undef GGMA_OP
#undef GGMA_KERNEL
#undef GGMA_SECTION_ROWS
  }
  return table;
}

// The whole table of an instruction set; it stays for good.
#define GGMA_ADDRESS(table) &table,
#define GGMA_WHOLE(name)                                                      \
  [] {                                                                        \
    static const KernelTable table = whole({GGMA_PARTS(GGMA_ADDRESS, name)}); \
    return &table;                                                            \
  }()

}  // namespace

std::vector<const KernelTable*> available_kernels() {
  std::vector<const KernelTable*> tables;
#if defined(__x86_64__) || defined(_M_X64)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
  if (avx512) tables.push_back(GGMA_WHOLE(kAvx512Kernels));
  if (avx2) tables.push_back(GGMA_WHOLE(kAvx2Kernels));
#elif defined(__aarch64__)
#if defined(__APPLE__)
  const bool dot = true;  // every Apple processor that Node runs on
#elif defined(__linux__)
  const bool dot = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#else
  const bool dot = false;
#endif
  if (dot) tables.push_back(GGMA_WHOLE(kNeonDotKernels));
  tables.push_back(GGMA_WHOLE(kNeonKernels));
#endif
  tables.push_back(GGMA_WHOLE(kScalarKernels));
  return tables;
}

const KernelTable& choose_kernels(const char* name) {
  const auto tables = available_kernels();
  if (!name || !*name) return *tables.front();
  std::string choices;
  for (const KernelTable* table : tables) {
    if (std::strcmp(table->name, name) == 0) return *table;
    choices += (choices.empty() ? "" : ", ") + std::string(table->name);
  }
  throw Failure("NATIVE_ISA", "expected one of " + choices + " for the instruction set, got '" + name + "'");
}

}  // namespace ggma
