// Whether one worker of a pool should be left out for a while.
//
// A worker whose core another program keeps busy stands still for milliseconds with a chunk in its hands, and
// everybody waits for it. Where that happens again and again, the others work without it and try it again
// later. Only this worker is left out: on a machine of many cores one busy core costs one thread. Who works
// changes no bit.
#ifndef GGMA_CORE_LATENESS_H
#define GGMA_CORE_LATENESS_H

#include <chrono>
#include <cstddef>

namespace ggma {

class Lateness {
 public:
  using Clock = std::chrono::steady_clock;

  // How long a caller waits before those that it still waits for are late: it worked `worked` itself, on
  // `chunks` > 0 chunks. A wait of a few chunks is an ordinary difference between threads; a scheduler that
  // has given the core to another program takes longer.
  static Clock::duration threshold(Clock::duration worked, size_t chunks);

  bool rests() const { return rests_; }
  // Ends the rest when its time is over.
  bool rests_at(Clock::time_point now);
  // A caller has waited this long (at least threshold()) for the worker, until `now`. The worker may have to
  // rest now.
  void late(Clock::duration waited, Clock::time_point now);

 private:
  bool rests_ = false;
  Clock::duration lost_{};     // by waiting for it, of late
  Clock::time_point last_{};   // when lost_ was right
  Clock::duration pause_{};    // doubles while it comes late again and again
  Clock::time_point until_{};  // rests until then
};

}  // namespace ggma

#endif
