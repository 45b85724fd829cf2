// Which tokens one sequence may produce next: a list of choices (core/choices.h), a grammar, a schema.
//
// A constraint never takes part in a draw that it has no objection to. The batch draws as if there were none
// and asks about the one token that came out; only when that token is refused does it ask for all allowed
// tokens and draw again. Most tokens of a model that follows its instructions are allowed, so a mask over the
// vocabulary is rare.
#ifndef GGMA_CORE_CONSTRAINT_H
#define GGMA_CORE_CONSTRAINT_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ggma {

// One thread at a time. Questions may change what an implementation caches, never its answers.
class Constraint {
 public:
  virtual ~Constraint() = default;

  // Number of token ids that it knows.
  virtual size_t vocab() const = 0;
  // Whether `id` (0 … vocab − 1) may come next. Ids that end a text are asked about like all others.
  virtual bool allows(int32_t id) = 0;
  // Sets bit id % 32 of out[id / 32] for every id that allows() holds for, and clears all others;
  // out [mask_words(vocab)].
  virtual void mask(uint32_t* out) = 0;
  // `id` has been produced; allows(id) holds.
  virtual void accept(int32_t id) = 0;
  // Number of ids that were accepted and not taken back.
  virtual size_t accepted() const = 0;
  // Takes back the last `count` of them; at most accepted().
  virtual void rollback(size_t count) = 0;
};

constexpr size_t mask_words(size_t vocab) { return (vocab + 31) / 32; }

// The mask of a constraint, applied to a row of scores. Keeps its memory from one draw to the next.
class AllowedIds {
 public:
  void ask(Constraint& constraint);

  // Scores of the other ids become −infinity; scores [vocab].
  void ban_others(float* scores) const;
  // The allowed id with the highest score, the first one of equal scores. Scores [vocab] are finite. Throws
  // NO_CANDIDATE when no id is allowed.
  int32_t first_highest(const float* scores) const;

 private:
  size_t vocab_ = 0;
  std::vector<uint32_t> mask_;
};

}  // namespace ggma

#endif
