// Decoding for many sequences at once: what each of them asks for, and what came of it.
#ifndef GGMA_CORE_DECODE_H
#define GGMA_CORE_DECODE_H

#include <optional>

#include "core/failure.h"
#include "core/logprobs.h"
#include "core/sampler.h"

namespace ggma {

// The caller's memory, all of it, until the job is done.
struct DecodeRequest {
  int32_t sequence, position;  // at most the sequence's length (less: it is rewound)
  const int32_t* feed;         // the tokens from `position` on: a prompt, or the last token drawn
  size_t feed_count;           // ≥ 1
  int32_t* out;                // [count]
  size_t count;                // tokens to draw behind them at most
  const int32_t* stop_ids;     // one of them ends it, if the constraint allows it; it is written to out
  size_t stop_count;
  Sampler* sampler;        // null: the most likely token of the bare logits
  Constraint* constraint;  // null: any token; no two requests of a batch have the same
  LogprobSink logprobs;    // of out
  LogprobSink scores;      // of feed, entry 0 excepted: of feed[i] after the tokens before it
  const int32_t* cancel;
};

struct DecodeOutcome {
  size_t fed = 0;       // tokens of feed that are in the cache now
  size_t produced = 0;  // tokens in out; the last is not in the cache yet
  std::optional<Failure> failure;
};

}  // namespace ggma

#endif
