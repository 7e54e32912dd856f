// Layers and losses.
#include "families.h"

namespace sweepstake {
namespace {

Napi::Value conv2d(Call& call) {
  const auto x = call.tensor(0), weight = call.tensor(1), bias = call.optionalTensor(2);
  return call.give(at::conv2d(x, weight, bias, call.integers(3), call.integers(4), call.integers(5), call.integer(6)));
}

Napi::Value maxPool2d(Call& call) {
  return call.give(at::max_pool2d(call.tensor(0), call.integers(1), call.integers(2), call.integers(3)));
}

Napi::Value avgPool2d(Call& call) {
  return call.give(at::avg_pool2d(call.tensor(0), call.integers(1), call.integers(2), call.integers(3)));
}

Napi::Value globalAvgPool(Call& call) {
  const auto x = call.tensor(0);
  if (x.dim() != 4) throw std::invalid_argument("expected a tensor of shape [N, C, H, W]");
  return call.give(x.mean(at::IntArrayRef({2, 3})));
}

Napi::Value batchNorm(Call& call) {
  const auto x = call.tensor(0), weight = call.optionalTensor(1), bias = call.optionalTensor(2);
  const auto mean = call.tensor(3), variance = call.tensor(4);
  return call.give(at::batch_norm(x, weight, bias, mean, variance, call.flag(5), call.number(6), call.number(7),
                                  /*cudnn_enabled=*/true));
}

void checkClassification(const at::Tensor& logits, const at::Tensor& labels) {
  if (logits.dim() != 2 || labels.dim() != 1 || logits.size(0) != labels.size(0) || labels.scalar_type() != at::kLong) {
    throw std::invalid_argument("expected logits [N, C] and int64 labels [N]");
  }
}

Napi::Value crossEntropy(Call& call) {
  const auto logits = call.tensor(0), labels = call.tensor(1);
  checkClassification(logits, labels);
  const auto reduction = call.text(2) == "sum" ? at::Reduction::Sum : at::Reduction::Mean;
  return call.give(at::cross_entropy_loss(logits, labels, {}, reduction));
}

Napi::Value correctCount(Call& call) {
  const auto logits = call.tensor(0), labels = call.tensor(1);
  checkClassification(logits, labels);
  return call.give(logits.argmax(1).eq(labels).sum());
}

}  // namespace

Exports layerExports() {
  return {
      {"linear", [](Call& c) { return c.give(at::linear(c.tensor(0), c.tensor(1), c.optionalTensor(2))); }},
      {"conv2d", conv2d},
      {"maxPool2d", maxPool2d},
      {"avgPool2d", avgPool2d},
      {"globalAvgPool", globalAvgPool},
      {"batchNorm", batchNorm},
      {"logSoftmax", [](Call& c) { return c.give(at::log_softmax(c.tensor(0), c.integer(1))); }},
      {"crossEntropy", crossEntropy},
      {"correctCount", correctCount},
  };
}

}  // namespace sweepstake
