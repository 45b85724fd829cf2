#include "core/lateness.h"

#include <algorithm>
#include <cstdint>

namespace ggma {
namespace {

using Duration = Lateness::Clock::duration;

constexpr Duration kLate = std::chrono::microseconds(300);
// The event loop takes a core now and then, too, and a share of a core is worth a few waits. More than this,
// forgotten at a quarter of the time that passes, means that the worker is there less than half the time.
constexpr Duration kMaxLost = std::chrono::milliseconds(6);
constexpr int kForgotten = 4;
// Long enough that the waits that find out cost little, short enough that a free core is soon used again.
constexpr Duration kFirstPause = std::chrono::milliseconds(50);
constexpr Duration kMaxPause = std::chrono::milliseconds(800);

}  // namespace

Duration Lateness::threshold(Duration worked, size_t chunks) {
  return std::max<Duration>(kLate, 4 * worked / static_cast<int64_t>(chunks));
}

void Lateness::late(Duration waited, Clock::time_point now) {
  lost_ = std::max(lost_ - (now - last_) / kForgotten, Duration::zero()) + waited;
  last_ = now;
  // Soon after the last time: the core is still busy.
  const bool again = pause_ > Duration::zero() && now < until_ + 4 * pause_;
  if (!again && lost_ < kMaxLost) return;
  lost_ = Duration::zero();
  pause_ = again ? std::min(2 * pause_, kMaxPause) : kFirstPause;
  until_ = now + pause_;
  rests_ = true;
}

bool Lateness::rests_at(Clock::time_point now) {
  if (rests_ && now >= until_) rests_ = false;
  return rests_;
}

}  // namespace ggma
