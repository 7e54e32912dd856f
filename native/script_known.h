// Numbers and flags of a TorchScript network that are the same in every run.
#pragma once
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "script.h"

namespace sweepstake {

// Follows a value back through constants, attributes that forward() does not set, arguments that are left at their defaults, branches and
// arithmetic. Whether the network is in training is not known.
class KnownValues {
 public:
  using Value = decltype(torch::jit::toIValue(nullptr));  // optional, libtorch 1.13's or the standard library's

  explicit KnownValues(const Script& script);  // which must outlive this

  // A number, flag, text or None; nothing when it can differ from run to run, or when that is not seen.
  Value of(const torch::jit::Value* value);

  // Which branch (0 or 1) of a prim::If is taken in every run.
  std::optional<size_t> branchOf(const torch::jit::Node* node);

 private:
  Value find(const torch::jit::Value* value);
  Value ofArgument(const torch::jit::Value* value);
  Value ofAttribute(const torch::jit::Node* node);
  Value ofBranches(const torch::jit::Node* node, size_t offset);
  Value computed(const torch::jit::Node* node);
  c10::intrusive_ptr<c10::ivalue::Object> objectOf(const torch::jit::Value* value);

  const Script& script_;
  std::unordered_set<std::string> changing_;  // names of attributes that are not the same in every run
  std::unordered_map<const torch::jit::Value*, Value> known_;
};

}  // namespace sweepstake
