// What the native benchmarks share.
#ifndef GGMA_TEST_BENCH_BENCH_H
#define GGMA_TEST_BENCH_BENCH_H

#include <time.h>

#include <algorithm>
#include <string>

#include "kernels/kernels.h"

namespace ggma::bench {

inline double seconds_of(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// CPU time of the calling thread: another program on the machine changes little.
inline double thread_time() { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }
inline double wall_time() { return seconds_of(CLOCK_MONOTONIC); }

constexpr const char* kDtypeNames[] = {"f32", "f16", "bf16", "q8_0", "q4_0"};

// The dtype of that name; kDtypes when there is none.
inline uint32_t dtype_of(const std::string& name) {
  return static_cast<uint32_t>(std::find(kDtypeNames, kDtypeNames + kDtypes, name) - kDtypeNames);
}

// Whole models: `ggma_bench model.S135.q8_0 [isa] [threads] [position] [screened]`.
bool bench_model(const std::string& what, const char* isa, size_t threads, size_t position, bool screened);

}  // namespace ggma::bench

#endif
