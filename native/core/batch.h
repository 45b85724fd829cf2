// Runs decode requests in lock-step: every step is one pass over rows of all of them.
#ifndef GGMA_CORE_BATCH_H
#define GGMA_CORE_BATCH_H

#include <set>
#include <vector>

#include "core/decode.h"
#include "core/model.h"

namespace ggma {

class Batch {
 public:
  // Checks each request. A wrong one fails by itself and changes nothing.
  Batch(Model& model, std::vector<DecodeRequest> requests);
  // Frees KV blocks that the sequences reserved and did not use.
  ~Batch();
  Batch(const Batch&) = delete;

  // Runs steps until one of the requests has ended (all of its tokens are drawn, a stop id came, it failed)
  // or `max_ms` have passed, but at least one step. The caller continues the others in its next batch.
  void run(double max_ms, const std::atomic<bool>* disposed);

  std::vector<DecodeOutcome> outcomes;  // [requests]

 private:
  struct Run {
    const DecodeRequest* request;
    DecodeOutcome* outcome;
    std::shared_ptr<Sequence> sequence;
    const int32_t* pending;  // tokens to feed next
    size_t pending_count;
    int32_t position;  // of pending[0]
    bool active;
    int32_t drawn;  // what pending points to once the feed is in
  };
  struct Part {  // one run's rows of a step
    Run* run;
    size_t first, rows;  // of rows_
  };

  void check(const DecodeRequest& request, std::set<int32_t>& seen, Run& run) const;
  void end(Run& run);
  void fail(Run& run, const Failure& failure);
  void plan_step();
  bool add_part(Run& run, size_t rows);
  void step(const std::atomic<bool>* disposed);
  size_t take_part(const Part& part, size_t first_wanted);
  void write_scores(const Part& part, size_t wanted);
  void draw(Run& run, size_t wanted);
  int32_t choose(const DecodeRequest& request, size_t wanted);

  Model& model_;
  const std::vector<DecodeRequest> requests_;
  std::vector<Run> runs_;                                // those who waited longest first
  size_t active_ = 0, draw_turn_ = 0, prompt_turn_ = 0;  // turns: of runs_, who comes first
  bool ended_ = false;
  std::vector<Part> parts_;
  std::vector<Row> rows_;
  std::vector<const int32_t*> flags_;
  std::vector<int32_t> best_;  // of the wanted rows
  AllowedIds allowed_;
};

}  // namespace ggma

#endif
