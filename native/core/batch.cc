#include "core/batch.h"

#include <algorithm>
#include <chrono>

#include "core/float_environment.h"

namespace ggma {
namespace {

// Prompt rows in a step in which other sequences draw tokens. They wait for the whole step, so it must stay
// short.
constexpr size_t kMixedRows = 64;
// A prompt gets at least this many rows: with fewer, a pass over the weights does too little. However many
// sequences draw, a step keeps that much room for prompts, so that a first token is never more than a few
// steps away.
constexpr size_t kMinShare = 16;

Failure not_finite(int32_t position) {
  return Failure("NUMERIC",
                 "expected finite logits, got NaN or infinity at position " + std::to_string(position));
}

}  // namespace

Batch::Batch(Model& model, std::vector<DecodeRequest> requests)
    : outcomes(requests.size()), model_(model), requests_(std::move(requests)) {
  runs_.reserve(requests_.size());
  std::set<int32_t> seen;
  for (size_t i = 0; i < requests_.size(); i++) {
    const DecodeRequest& request = requests_[i];
    runs_.push_back(
        {&request, &outcomes[i], nullptr, request.feed, request.feed_count, request.position, true, 0});
    active_++;
    try {
      check(request, seen, runs_.back());
    } catch (const Failure& failure) {
      fail(runs_.back(), failure);
    }
  }
  // A job may end before everyone has had a turn. Those who waited longest come first in the next one,
  // whatever order the caller names them in.
  const auto served = [](const Run& run) { return run.sequence ? run.sequence->served : 0; };
  std::stable_sort(runs_.begin(), runs_.end(),
                   [&](const Run& a, const Run& b) { return served(a) < served(b); });
}

Batch::~Batch() {
  for (const Run& run : runs_)
    if (run.sequence) run.sequence->trim(static_cast<uint64_t>(run.sequence->length()));
}

void Batch::check(const DecodeRequest& request, std::set<int32_t>& seen, Run& run) const {
  if (!seen.insert(request.sequence).second)
    throw Failure("STEP_INVALID", "expected one request for sequence " + std::to_string(request.sequence),
                  "sequence");
  std::shared_ptr<Sequence> sequence = model_.find(request.sequence);
  if (request.feed_count == 0) throw Failure("STEP_INVALID", "expected a token to feed, got none", "feed");
  for (size_t i = 0; i < request.feed_count; i++)
    model_.expect_token(request.feed[i], "feed[" + std::to_string(i) + "]");
  if (request.position < 0 || request.position > sequence->length())
    throw Failure("STEP_INVALID",
                  "expected a position of at most the sequence's length " +
                      std::to_string(sequence->length()) + ", got " + std::to_string(request.position),
                  "position");
  // The last token that is drawn takes no position yet.
  const uint64_t rows = uint64_t{request.feed_count} + (request.count > 0 ? request.count - 1 : 0);
  if (rows > static_cast<uint64_t>(INT32_MAX - request.position))
    throw Failure("STEP_INVALID", "expected positions below 2^31", "count");
  model_.tables_.expect(static_cast<uint64_t>(request.position) + rows);
  const size_t vocab = model_.program_.vocab;
  if (request.sampler && request.sampler->vocab() != vocab)
    throw Failure("STEP_INVALID",
                  "expected a sampler for a vocabulary of " + std::to_string(vocab) + ", got one for " +
                      std::to_string(request.sampler->vocab()),
                  "sampler");
  if (request.constraint && request.constraint->vocab() != vocab)
    throw Failure("STEP_INVALID",
                  "expected a constraint for a vocabulary of " + std::to_string(vocab) + ", got one for " +
                      std::to_string(request.constraint->vocab()),
                  "constraint");
  if (request.logprobs.top > vocab || request.scores.top > vocab)
    throw Failure("STEP_INVALID", "expected at most " + std::to_string(vocab) + " alternatives", "top");
  run.sequence = std::move(sequence);
}

void Batch::end(Run& run) {
  run.active = false;
  active_--;
  ended_ = true;
}

void Batch::fail(Run& run, const Failure& failure) {
  run.outcome->failure = failure;
  end(run);
}

void Batch::run(double max_ms, const std::atomic<bool>* disposed) {
  const FloatEnvironment environment;
  ended_ = false;  // requests that the constructor refused do not end the batch for the others
  const auto start = std::chrono::steady_clock::now();
  while (active_ > 0 && !ended_) {
    for (Run& run : runs_)
      if (run.active && is_set(run.request->cancel))
        fail(run, Failure("CANCELLED", "the request was cancelled"));
    plan_step();
    if (!parts_.empty()) step(disposed);
    const std::chrono::duration<double, std::milli> passed = std::chrono::steady_clock::now() - start;
    if (passed.count() >= max_ms) return;
  }
}

// One row for everyone who draws, and the rest of the room shared among the prompts. Where there is not room
// for all, the next step begins with those who were left out.
void Batch::plan_step() {
  parts_.clear();
  rows_.clear();
  flags_.clear();
  // body returns whether it planned rows for the run.
  const auto each = [&](size_t& turn, bool prompt, auto body) {
    const size_t first = turn;
    for (size_t i = 0; i < runs_.size(); i++) {
      const size_t at = (first + i) % runs_.size();
      if (runs_[at].active && (runs_[at].pending_count > 1) == prompt && body(runs_[at]))
        turn = (at + 1) % runs_.size();
    }
  };
  size_t prompts = 0;
  for (const Run& run : runs_) prompts += run.active && run.pending_count > 1 ? 1 : 0;
  const size_t kept = prompts > 0 ? kMinShare : 0;
  size_t room = kChunkRows - kept;
  each(draw_turn_, false, [&](Run& run) {
    const bool fits = room > 0 && add_part(run, 1);
    room -= fits ? 1 : 0;
    return fits;
  });
  room += kept;
  if (!parts_.empty()) room = std::min(room, kMixedRows);
  each(prompt_turn_, true, [&](Run& run) {
    const size_t share = std::max(kMinShare, room / prompts--);
    const size_t rows = std::min({run.pending_count, share, room});
    const bool fits = rows > 0 && add_part(run, rows);
    room -= fits ? rows : 0;
    return fits;
  });
}

// Plans the next rows of a run. Returns false if there is no memory for them; then the run has failed.
bool Batch::add_part(Run& run, size_t rows) {
  try {
    const auto first = static_cast<uint64_t>(run.position);
    run.sequence->reserve(first, first + rows);
  } catch (const Failure& failure) {
    fail(run, failure);
    return false;
  }
  run.sequence->served = model_.turns_.fetch_add(1, std::memory_order_relaxed) + 1;
  const DecodeRequest& request = *run.request;
  parts_.push_back({&run, rows_.size(), rows});
  flags_.push_back(request.cancel);
  for (size_t i = 0; i < rows; i++) {
    const bool last = i + 1 == run.pending_count;
    const bool wanted = last ? request.count > 0 : request.scores.logprobs != nullptr;
    rows_.push_back({run.pending[i], run.sequence.get(), run.position + static_cast<int32_t>(i), wanted});
  }
  return true;
}

void Batch::step(const std::atomic<bool>* disposed) {
  // From here on the step overwrites the cache from each part's first row on.
  for (const Part& part : parts_) part.run->sequence->set_length(part.run->position);
  const bool with_logits = std::any_of(parts_.begin(), parts_.end(), [](const Part& part) {
    const DecodeRequest& request = *part.run->request;
    return request.scores.logprobs || (request.count > 0 && (request.sampler || request.logprobs.logprobs));
  });
  try {
    model_.executor_.run(rows_.data(), rows_.size(), Cancel{disposed, nullptr, &flags_}, with_logits, best_);
  } catch (const Failure& failure) {
    const bool cancelled = failure.code == "CANCELLED";
    if (cancelled) {
      for (const Part& part : parts_) fail(*part.run, failure);
    } else {
      for (Run& run : runs_)
        if (run.active) fail(run, failure);
    }
    return;
  }
  size_t wanted = 0;
  for (const Part& part : parts_) wanted = take_part(part, wanted);
}

// first_wanted: index of the part's first wanted row among all wanted rows. Returns that of the next part.
size_t Batch::take_part(const Part& part, size_t first_wanted) {
  Run& run = *part.run;
  const Row* rows = rows_.data() + part.first;
  size_t end = first_wanted;
  for (size_t i = 0; i < part.rows; i++) {
    if (!rows[i].wanted) continue;
    if (best_[end++] >= 0) continue;
    fail(run, not_finite(rows[i].position));  // its length is still that before the step
    while (++i < part.rows) end += rows[i].wanted ? 1 : 0;
    return end;
  }
  if (run.request->scores.logprobs) write_scores(part, first_wanted);
  if (run.outcome->produced == 0) run.outcome->fed += part.rows;
  run.pending += part.rows;
  run.pending_count -= part.rows;
  run.position += static_cast<int32_t>(part.rows);
  run.sequence->set_length(run.position);
  if (run.pending_count > 0) return end;
  if (run.request->count == 0) {
    this->end(run);
  } else {
    draw(run, end - 1);
  }
  return end;
}

void Batch::write_scores(const Part& part, size_t wanted) {
  const Run& run = *part.run;
  const DecodeRequest& request = *run.request;
  const size_t vocab = model_.program_.vocab, at = static_cast<size_t>(run.pending - request.feed);
  Profiler* const profiler = model_.profiler_.get();
  for (size_t i = 0; i < part.rows && i + 1 < run.pending_count; i++) {
    if (profiler) profiler->resume();
    model_.logprobs_.write(model_.executor_.logits() + wanted++ * vocab, vocab, run.pending[i + 1],
                           request.scores, at + i + 1);
    if (profiler) profiler->sample(vocab);
  }
}

// The next token for the wanted row.
int32_t Batch::choose(const DecodeRequest& request, size_t wanted) {
  Executor& executor = model_.executor_;
  const size_t vocab = model_.program_.vocab;
  if (request.sampler)
    return request.sampler->draw(executor.logits() + wanted * vocab, model_.distribution_,
                                 request.constraint);
  if (!request.constraint || request.constraint->allows(best_[wanted])) return best_[wanted];
  // The step may have left the logits out, because most of the time the best token is an allowed one.
  executor.complete_logits();
  allowed_.ask(*request.constraint);
  return allowed_.first_highest(executor.logits() + wanted * vocab);
}

void Batch::draw(Run& run, size_t wanted) {
  const DecodeRequest& request = *run.request;
  DecodeOutcome& outcome = *run.outcome;
  const size_t vocab = model_.program_.vocab;
  const bool samples = request.sampler || request.constraint || request.logprobs.logprobs;
  Profiler* const profiler = samples ? model_.profiler_.get() : nullptr;
  try {
    if (profiler) profiler->resume();
    run.drawn = choose(request, wanted);
    if (request.constraint) request.constraint->accept(run.drawn);
    if (request.logprobs.logprobs)
      model_.logprobs_.write(model_.executor_.logits() + wanted * vocab, vocab, run.drawn, request.logprobs,
                             outcome.produced);
    if (profiler) profiler->sample(vocab);
    request.out[outcome.produced++] = run.drawn;
    run.pending = &run.drawn;
    run.pending_count = 1;
    const int32_t* stops_end = request.stop_ids + request.stop_count;
    const bool stops = std::find(request.stop_ids, stops_end, run.drawn) != stops_end;
    if (stops || outcome.produced == request.count) {
      end(run);
    } else {
      model_.expect_token(run.drawn, "token");
    }
  } catch (const Failure& failure) {
    fail(run, failure);
  }
}

}  // namespace ggma
