#include "core/executor.h"

#include <algorithm>

#include "core/ops.h"
#include "core/products.h"

namespace ggma {
namespace {

constexpr size_t kTileRows = 16;  // rows of one attention unit: they share a pass over K and V

Profiler::Phase phase_of(const Row* rows, size_t count) {
  for (size_t r = 1; r < count; r++)
    if (rows[r].sequence == rows[r - 1].sequence) return Profiler::Phase::kPrefill;
  return Profiler::Phase::kDecode;
}

}  // namespace

void Executor::grow(size_t rows) {
  if (rows <= capacity_) return;
  uint64_t table_width = 0;
  for (const uint32_t width : program_.table_widths) table_width += width;
  const size_t quantised_width = std::max(program_.quantised_width, greedy_.quantised_width());
  const uint64_t quantised = quantised_width / kQuantBlock * sizeof(QuantBlock) / sizeof(float);
  const uint64_t arena = uint64_t{program_.arena_width} * rows,
                 scratch = (program_.scratch_width + table_width + quantised) * rows;
  expect_memory((arena + scratch) * sizeof(float), "intermediate values");
  capacity_ = 0;
  arena_floats_.store(0);
  scratch_floats_.store(0);
  arena_.reset();  // before the new one comes: both together may not fit
  scratch_.reset();
  table_rows_.reset();
  quantised_.reset();
  arena_ = allocate_floats(arena, "intermediate values");
  scratch_ = allocate_floats(program_.scratch_width * rows, "intermediate values");
  table_rows_ = allocate_floats(table_width * rows, "position tables");
  quantised_ = allocate_floats(quantised * rows, "intermediate values");
  arena_floats_.store(arena);
  scratch_floats_.store(scratch);
  capacity_ = rows;
}

// For the widest attention step; null when none would be split.
float* Executor::split_memory(const Row* rows, size_t count) {
  if (count != 1 || pool_.threads() == 1) return nullptr;
  const size_t length = static_cast<size_t>(rows->position) + 1;
  if (length < kSplitPositions) return nullptr;
  const size_t heads = program_.scratch_width / kLanes;  // at most: their heads have 16 elements or more
  const size_t need = ((length + kKvBlock - 1) / kKvBlock * (kKvBlock + 1) + 1) * heads;
  const uint64_t had = split_floats_.load();
  if (need > had) {
    const uint64_t floats = std::max<uint64_t>(need, 2 * had);
    split_.reset();
    split_floats_.store(0);
    expect_memory(floats * sizeof(float), "intermediate values");
    split_ = allocate_floats(floats, "intermediate values");
    split_floats_.store(floats);
  }
  return split_.get();
}

void Executor::lay_out(const Row* rows, size_t count) {
  tokens_.clear();
  positions_.clear();
  wanted_.clear();
  row_blocks_.clear();
  tiles_.clear();
  for (size_t r = 0; r < count; r++) {
    const Row& row = rows[r];
    tokens_.push_back(row.token);
    positions_.push_back(row.position);
    if (row.wanted) wanted_.push_back(static_cast<uint32_t>(r));
    void* const* blocks = row.sequence->blocks();
    if (program_.block_elements > 0)
      row_blocks_.push_back(blocks[row.position / static_cast<int32_t>(kKvBlock)]);
    const bool continues = r > 0 && rows[r - 1].sequence == row.sequence && tiles_.back().rows < kTileRows;
    if (continues) {
      tiles_.back().rows++;
    } else {
      tiles_.push_back({r, 1, blocks});
    }
  }
  table_pointers_.clear();
  float* out = table_rows_.get();
  for (size_t t = 0; t < program_.table_widths.size(); t++) {
    table_pointers_.push_back(out);
    if (!program_.table_used[t]) continue;
    tables_.copy(static_cast<uint32_t>(t), positions_.data(), count, out);
    out += count * program_.table_widths[t];
  }
}

// Of the rows that were laid out last.
StepContext Executor::context_of(size_t count) {
  return {program_,
          kernels_,
          weights_.data(),
          pool_,
          arena_.get(),
          scratch_.get(),
          count,
          count,
          wanted_.size(),
          tokens_.data(),
          positions_.data(),
          wanted_.data(),
          row_blocks_.data(),
          tiles_.data(),
          tiles_.size(),
          table_pointers_.data(),
          reinterpret_cast<QuantBlock*>(quantised_.get()),
          kNone};
}

void Executor::run(const Row* rows, size_t count, const Cancel& cancel, bool with_logits,
                   std::vector<int32_t>& ids) {
  if (profiler_) profiler_->begin_pass(phase_of(rows, count), count);
  grow(count);
  lay_out(rows, count);
  if (profiler_) profiler_->resume();
  rows_ = count;
  StepContext context = context_of(count);
  const bool greedy = !with_logits && greedy_.applies();
  has_logits_ = !greedy;
  const size_t last = program_.steps.size() - 1;
  context.split_memory = split_memory(rows, count);
  for (size_t i = 0; i < program_.steps.size() - (greedy ? 1 : 0);) {
    const Step& step = program_.steps[i];
    cancel.check();
    context.rows = step.wanted ? wanted_.size() : count;
    if (context.rows > 0 && step.together > 1) {
      run_products(context, &step, step.together);
    } else if (context.rows > 0) {
      step.op->run(context, step.operands);
    }
    if (profiler_ && context.rows > 0) profiler_->steps(i, step.together, context);
    for (const size_t end = i + step.together; i < end; i++) context.written(program_.steps[i].dst());
  }
  if (greedy) {
    context.rows = wanted_.size();
    ids.clear();
    if (context.rows > 0) greedy_.run(context, ids);
    if (!profiler_) return;
    if (context.rows > 0) profiler_->greedy(last, context, program_.vocab);
    profiler_->end_pass();
    return;
  }
  ids.assign(wanted_.size(), -1);
  const ArgmaxArgs args{ids.data(), logits(), program_.vocab};
  pool_.split(kernels_.argmax, args, wanted_.size(), program_.vocab);
  if (!profiler_) return;
  if (!wanted_.empty()) profiler_->argmax(wanted_.size(), program_.vocab);
  profiler_->end_pass();
}

// Greedy replaces the last step only, and does not change the slots that this step reads.
void Executor::complete_logits() {
  if (has_logits_) return;
  StepContext context = context_of(rows_);
  context.rows = wanted_.size();
  const Step& last = program_.steps.back();
  last.op->run(context, last.operands);
  has_logits_ = true;
}

const float* Executor::output(Output what) const {
  return arena_.get() + size_t{program_.slots[program_.output(what)->slot].offset} * rows_;
}

}  // namespace ggma
