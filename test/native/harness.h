// A test is GGMA_TEST(name) { … CHECK(…) … }. main.cc runs them all, or those whose name contains its
// argument.
#ifndef GGMA_TEST_NATIVE_HARNESS_H
#define GGMA_TEST_NATIVE_HARNESS_H

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "core/failure.h"
#include "isa/dispatch.h"

namespace ggma::test {

struct Test {
  const char* name;
  void (*run)();
};
std::vector<Test>& tests();
struct Register {
  Register(const char* name, void (*run)()) { tests().push_back({name, run}); }
};

// Counts a check; a failed one is printed (the first ten of a test).
void check(bool holds, const char* what, const std::string& detail, const char* file, int line);

#define GGMA_TEST(name)                                             \
  static void name();                                               \
  static const ::ggma::test::Register register_##name(#name, name); \
  static void name()
#define CHECK(condition) ::ggma::test::check((condition), #condition, "", __FILE__, __LINE__)
#define CHECK_FOR(condition, detail) \
  ::ggma::test::check((condition), #condition, (detail), __FILE__, __LINE__)

// The code of the Failure that body throws, or "" when it throws none.
template <class Body>
std::string failure_of(Body body) {
  try {
    body();
  } catch (const Failure& failure) {
    return failure.code;
  }
  return "";
}

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  size_t below(size_t limit) { return static_cast<size_t>(next() % limit); }
  float unit() { return static_cast<float>(next() >> 40) / static_cast<float>(1 << 23) - 1.0f; }  // [−1, 1)

 private:
  uint64_t state_;
};

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// `size` floats with NaN on both sides: a kernel that reads outside computes NaN, one that writes there is
// seen.
class Guarded {
 public:
  explicit Guarded(size_t size, float fill = kNaN) : size_(size), memory_(size + 2 * kGuard, kNaN) {
    for (size_t i = 0; i < size; i++) memory_[kGuard + i] = fill;
  }
  static Guarded random(size_t size, uint64_t seed, float range = 1.0f) {
    Guarded out(size);
    Random random(seed);
    for (size_t i = 0; i < size; i++) out[i] = random.unit() * range;
    return out;
  }
  float* data() { return memory_.data() + kGuard; }
  const float* data() const { return memory_.data() + kGuard; }
  float& operator[](size_t i) { return data()[i]; }
  float operator[](size_t i) const { return data()[i]; }
  size_t size() const { return size_; }
  bool intact() const {
    for (size_t i = 0; i < kGuard; i++)
      if (!std::isnan(memory_[i]) || !std::isnan(memory_[kGuard + size_ + i])) return false;
    return true;
  }
  bool same_bits(const Guarded& other) const {
    return size_ == other.size_ && std::memcmp(data(), other.data(), size_ * sizeof(float)) == 0;
  }

 private:
  static constexpr size_t kGuard = 67;  // odd: nothing is aligned by luck
  size_t size_;
  std::vector<float> memory_;
};

}  // namespace ggma::test

#endif
