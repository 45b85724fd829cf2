#include "core/model.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "core/float_environment.h"

namespace ggma {

struct Model::Part {
  std::shared_ptr<Sequence> sequence;
  int32_t id;
  int32_t first, end;  // positions
};

Model::Model(Program program, const std::vector<Source>& sources, const KernelTable& kernels,
             ThreadPool& pool, std::shared_ptr<MemoryBudget> budget, bool profile, const Loading& loading)
    : program_(std::move(program)),
      weights_(program_, sources, pool, program_.budgeted ? budget : nullptr, loading),
      tables_(program_),
      profiler_(profile ? std::make_unique<Profiler>(program_, weights_) : nullptr),
      executor_(program_, weights_, tables_, kernels, pool, profiler_.get(), loading),
      distribution_(kernels, pool),
      logprobs_(kernels, pool),
      kv_(std::make_shared<KvMemory>(program_.block_bytes(), std::move(budget))) {}

int32_t Model::create_sequence() { return add(std::make_shared<Sequence>(kv_)); }

int32_t Model::fork_sequence(int32_t id, int32_t positions) {
  const std::shared_ptr<Sequence> sequence = find(id);
  if (positions < 0 || positions > sequence->length())
    throw Failure("STEP_INVALID",
                  "expected 0 to " + std::to_string(sequence->length()) +
                      " positions, the sequence's length, got " + std::to_string(positions),
                  "positions");
  return add(sequence->fork(positions));
}

int32_t Model::add(std::shared_ptr<Sequence> sequence) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (next_id_ == INT32_MAX)
    throw Failure("OUT_OF_MEMORY", "expected fewer than 2^31 sequences in a program's life");
  const int32_t id = next_id_++;
  sequence->served = turns_.load(std::memory_order_relaxed);
  sequences_[id] = std::move(sequence);
  return id;
}

void Model::free_sequence(int32_t id) {
  std::shared_ptr<Sequence> freed = find(id);  // destroyed outside of the lock
  const std::lock_guard<std::mutex> lock(mutex_);
  sequences_.erase(id);
}

std::shared_ptr<Sequence> Model::find(int32_t id) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = sequences_.find(id);
  if (found == sequences_.end())
    throw Failure("SEQUENCE_UNKNOWN", "expected a sequence of this program, got " + std::to_string(id));
  return found->second;
}

int32_t Model::sequence_length(int32_t id) const { return find(id)->length(); }

MemoryUse Model::memory() const {
  return {weights_.bytes() + executor_.weight_bytes(), kv_->bytes(), executor_.arena_bytes()};
}

void Model::expect_token(int32_t token, const std::string& path) const {
  if (token < 0 || static_cast<uint64_t>(token) >= program_.token_limit)
    throw Failure("STEP_INVALID",
                  "expected a token from 0 to " + std::to_string(program_.token_limit - 1) + ", got " +
                      std::to_string(token),
                  path);
}

std::vector<Model::Part> Model::check_rows(const int32_t* rows, size_t count, std::vector<Row>& out) const {
  std::vector<Part> parts;
  std::set<int32_t> seen;
  int32_t end = 0;
  for (size_t r = 0; r < count; r++) {
    const int32_t token = rows[4 * r], id = rows[4 * r + 1], position = rows[4 * r + 2];
    const std::string path = "rows[" + std::to_string(r) + "]";
    expect_token(token, path);
    if (position < 0 || position == INT32_MAX)
      throw Failure("STEP_INVALID", "expected a position, got " + std::to_string(position), path);
    if (parts.empty() || parts.back().id != id) {
      if (!seen.insert(id).second)
        throw Failure("STEP_INVALID", "expected the rows of sequence " + std::to_string(id) + " together",
                      path);
      std::shared_ptr<Sequence> sequence = find(id);
      if (position > sequence->length())
        throw Failure("STEP_INVALID",
                      "expected a position of at most the sequence's length " +
                          std::to_string(sequence->length()) + ", got " + std::to_string(position),
                      path);
      parts.push_back({std::move(sequence), id, position, position});
    } else if (position != parts.back().end) {
      throw Failure("STEP_INVALID",
                    "expected position " + std::to_string(parts.back().end) + " after the row before, got " +
                        std::to_string(position),
                    path);
    }
    parts.back().end = position + 1;
    end = std::max(end, position + 1);
    out.push_back({token, parts.back().sequence.get(), position, rows[4 * r + 3] != 0});
  }
  if (count > 0) tables_.expect(static_cast<uint64_t>(end));
  return parts;
}

std::vector<int32_t> Model::step(const int32_t* rows, size_t count, float* logits, size_t logits_floats,
                                 const Cancel& cancel) {
  const FloatEnvironment environment;
  cancel.check();
  std::vector<Row> list;
  list.reserve(count);
  const std::vector<Part> parts = check_rows(rows, count, list);
  std::vector<int32_t> ids, chunk_ids;
  const size_t wanted =
      static_cast<size_t>(std::count_if(list.begin(), list.end(), [](const Row& r) { return r.wanted; }));
  if (logits && logits_floats != wanted * program_.vocab)
    throw Failure("STEP_INVALID",
                  "expected " + std::to_string(wanted) + " × " + std::to_string(program_.vocab) +
                      " floats for the logits, got " + std::to_string(logits_floats),
                  "logits");
  const auto settle = [&](bool done) {
    for (const Part& part : parts) {
      if (done) part.sequence->set_length(part.end);
      part.sequence->trim(static_cast<uint64_t>(part.sequence->length()));
    }
  };
  try {
    for (const Part& part : parts)
      part.sequence->reserve(static_cast<uint64_t>(part.first), static_cast<uint64_t>(part.end));
  } catch (...) {
    settle(false);
    throw;
  }
  // From here on the cache behind each first row is being overwritten.
  for (const Part& part : parts) part.sequence->set_length(part.first);
  try {
    for (size_t at = 0; at < count; at += kChunkRows) {
      const size_t rows_here = std::min(kChunkRows, count - at);
      executor_.run(list.data() + at, rows_here, cancel, logits != nullptr, chunk_ids);
      const auto bad = std::find(chunk_ids.begin(), chunk_ids.end(), -1);
      if (bad != chunk_ids.end()) {
        const size_t nth = ids.size() + static_cast<size_t>(bad - chunk_ids.begin());
        throw Failure("NUMERIC",
                      "expected finite logits, got NaN or infinity for wanted row " + std::to_string(nth),
                      "logits[" + std::to_string(nth) + "]");
      }
      if (logits)
        std::memcpy(logits + ids.size() * program_.vocab, executor_.logits(),
                    chunk_ids.size() * program_.vocab * sizeof(float));
      ids.insert(ids.end(), chunk_ids.begin(), chunk_ids.end());
    }
  } catch (...) {
    settle(false);
    throw;
  }
  settle(true);
  return ids;
}

}  // namespace ggma
