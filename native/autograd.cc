// Gradients: libtorch's own autograd does the work.
#include "families.h"

namespace sweepstake {
namespace {

Napi::Value setGradEnabled(Call& call) {
  const bool before = c10::GradMode::is_enabled();
  c10::GradMode::set_enabled(call.flag(0));
  return call.give(before);
}

Napi::Value setRequiresGrad(Call& call) {
  auto target = call.tensor(0);
  if (!target.is_leaf()) throw std::invalid_argument("gradients can be switched for leaves only; detach() gives a leaf");
  target.set_requires_grad(call.flag(1));
  return call.nothing();
}

Napi::Value grad(Call& call) {
  const auto source = call.tensor(0);
  const at::Tensor gradient = source.is_leaf() ? source.grad() : at::Tensor();
  return gradient.defined() ? call.give(gradient) : call.give(0.0);
}

Napi::Value zeroGrad(Call& call) {
  call.tensor(0).mutable_grad().reset();
  return call.nothing();
}

Napi::Value backward(Call& call) {
  const auto loss = call.tensor(0);
  if (loss.numel() != 1) throw std::invalid_argument("backward() needs a tensor with exactly one element");
  if (!loss.requires_grad()) {
    throw std::invalid_argument("no gradient was recorded: no operand requires one, or all ran inside noGrad()");
  }
  loss.backward();
  return call.nothing();
}

}  // namespace

Exports autogradExports() {
  return {
      {"setGradEnabled", setGradEnabled},
      {"requiresGrad", [](Call& c) { return c.give(c.tensor(0).requires_grad()); }},
      {"setRequiresGrad", setRequiresGrad},
      {"grad", grad},
      {"zeroGrad", zeroGrad},
      {"backward", backward},
  };
}

}  // namespace sweepstake
