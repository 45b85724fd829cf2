// The rounding mode and the treatment of subnormals that results depend on.
//
// Every thread inherits them from the thread that starts it, and a program or another addon may have changed
// them: a flag that flushes subnormals to zero alters weights and logits. So a thread sets them before it
// computes and gives the caller's back afterwards.
#ifndef GGMA_CORE_FLOAT_ENVIRONMENT_H
#define GGMA_CORE_FLOAT_ENVIRONMENT_H

#include <cstdint>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace ggma {

// While it lives, the calling thread rounds to nearest and keeps subnormals.
class FloatEnvironment {
 public:
  FloatEnvironment() : before_(get()) { set(kDefault); }
  ~FloatEnvironment() { set(before_); }
  FloatEnvironment(const FloatEnvironment&) = delete;

 private:
#if defined(__x86_64__) || defined(_M_X64)
  using State = uint32_t;
  static constexpr State kDefault = 0x1f80;  // MXCSR with all exceptions masked
  static State get() { return _mm_getcsr(); }
  static void set(State state) { _mm_setcsr(state); }
#elif defined(__aarch64__)
  using State = uint64_t;
  static constexpr State kDefault = 0;  // FPCR
  static State get() {
    State state;
    asm volatile("mrs %0, fpcr" : "=r"(state));
    return state;
  }
  static void set(State state) { asm volatile("msr fpcr, %0" : : "r"(state) : "memory"); }
#else
  using State = uint32_t;
  static constexpr State kDefault = 0;
  static State get() { return 0; }
  static void set(State) {}
#endif

  const State before_;
};

}  // namespace ggma

#endif
