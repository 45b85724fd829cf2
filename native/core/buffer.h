// Float memory aligned to cache lines. A request for too much is a Failure, because a system that runs out of
// memory kills the process.
#ifndef GGMA_CORE_BUFFER_H
#define GGMA_CORE_BUFFER_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace ggma {

struct FreeAligned {
  size_t mapped = 0;  // bytes of the mapping that it is; 0: memory of the C library's heap
  void operator()(float* memory) const;
};

// From 128 KiB on, a buffer is a mapping of its own and goes back to the system as soon as it is freed. The
// heap would keep the memory as long as something small lies behind it. From 2 MiB on, the mapping has huge
// pages if the system has them.
using FloatBuffer = std::unique_ptr<float[], FreeAligned>;

// Uninitialised. Throws OUT_OF_MEMORY with need and have; `what` names the purpose.
FloatBuffer allocate_floats(uint64_t count, const std::string& what);

// Rounds up to the whole pages that a buffer of so many bytes occupies.
uint64_t mapped_bytes(uint64_t bytes);

// Bytes that can still be allocated without swapping or leaving the control groups' limits, as far as the
// system says; UINT64_MAX when it does not.
uint64_t available_memory();

// Bytes of memory that this process may have at all: the machine's or its control groups'; UINT64_MAX when
// unknown.
uint64_t physical_memory();

// Throws OUT_OF_MEMORY when `bytes` are more than available_memory(). Amounts below 32 MiB are not looked up:
// asking the system takes longer than allocating them.
void expect_memory(uint64_t bytes, const std::string& what);

}  // namespace ggma

#endif
