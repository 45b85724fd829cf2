#include "core/choices.h"

#include <algorithm>
#include <string>

#include "core/failure.h"

namespace ggma {
namespace {

constexpr size_t kBeginning = 0, kEnded = 1;

void expect_ids(const std::vector<int32_t>& ids, size_t vocab, const char* name) {
  if (ids.empty()) throw Failure("OPTION", std::string("expected at least one token id for ") + name, name);
  for (const int32_t id : ids)
    if (id < 0 || static_cast<size_t>(id) >= vocab)
      throw Failure("OPTION",
                    "expected token ids from 0 to " + std::to_string(vocab - 1) + " for " + name + ", got " +
                        std::to_string(id),
                    name);
}

}  // namespace

Choices::Choices(size_t vocab, const std::vector<std::vector<int32_t>>& sequences,
                 std::vector<int32_t> end_ids)
    : vocab_(vocab), end_ids_(std::move(end_ids)), nodes_(2), path_{kBeginning} {
  expect_ids(end_ids_, vocab, "endIds");
  if (sequences.empty())
    throw Failure("OPTION", "expected at least one sequence for choices, got none", "choices");
  nodes_[kEnded].complete = true;  // more end ids may follow the first one
  for (const std::vector<int32_t>& sequence : sequences) {
    expect_ids(sequence, vocab, "choices");
    size_t at = kBeginning;
    for (const int32_t id : sequence) {
      const auto [place, is_new] = nodes_[at].next.try_emplace(id, nodes_.size());
      at = place->second;
      if (is_new) nodes_.emplace_back();  // moves the nodes: `place` is of no use any more
    }
    nodes_[at].complete = true;
  }
}

bool Choices::ends(int32_t id) const {
  return here().complete && std::find(end_ids_.begin(), end_ids_.end(), id) != end_ids_.end();
}

bool Choices::allows(int32_t id) { return here().next.count(id) > 0 || ends(id); }

void Choices::mask(uint32_t* out) {
  std::fill(out, out + mask_words(vocab_), 0u);
  const auto set = [&](int32_t id) { out[id / 32] |= 1u << id % 32; };
  for (const auto& [id, node] : here().next) set(id);
  if (here().complete)
    for (const int32_t id : end_ids_) set(id);
}

// A sequence may hold an end id: then it goes on.
void Choices::accept(int32_t id) {
  const auto next = here().next.find(id);
  path_.push_back(next == here().next.end() ? kEnded : next->second);
}

void Choices::rollback(size_t count) { path_.resize(path_.size() - count); }

}  // namespace ggma
