// A constraint that allows exactly the given sequences of token ids, each followed by an id that ends the
// text.
#ifndef GGMA_CORE_CHOICES_H
#define GGMA_CORE_CHOICES_H

#include <map>

#include "core/constraint.h"

namespace ggma {

class Choices : public Constraint {
 public:
  // sequences: at least one, each with at least one id; a sequence may begin with another one. end_ids: at
  // least one; they may come where a sequence is complete, and after each other. Throws OPTION.
  Choices(size_t vocab, const std::vector<std::vector<int32_t>>& sequences, std::vector<int32_t> end_ids);

  size_t vocab() const override { return vocab_; }
  bool allows(int32_t id) override;
  void mask(uint32_t* out) override;
  void accept(int32_t id) override;
  size_t accepted() const override { return path_.size() - 1; }
  void rollback(size_t count) override;

 private:
  // A beginning that some sequences share.
  struct Node {
    std::map<int32_t, size_t> next;  // id → node
    bool complete = false;           // a sequence ends here
  };

  const Node& here() const { return nodes_[path_.back()]; }
  bool ends(int32_t id) const;

  const size_t vocab_;
  const std::vector<int32_t> end_ids_;
  std::vector<Node> nodes_;   // the first one is where sequences begin, the second one follows an end id
  std::vector<size_t> path_;  // nodes from the beginning to where it is now
};

}  // namespace ggma

#endif
