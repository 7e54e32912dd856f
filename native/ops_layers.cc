// Layers and losses.
#include "batch_norm.h"
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

Napi::Value batchNormalisation(Call& call) {
  const auto x = call.tensor(0), weight = call.optionalTensor(1), bias = call.optionalTensor(2);
  const auto mean = call.tensor(3), variance = call.tensor(4), residual = call.optionalTensor(5);
  const BatchNormSettings settings{call.flag(6), call.number(7), call.number(8), call.flag(9)};
  return call.give(batchNorm(x, weight, bias, mean, variance, residual, settings));
}

// A libtorch without MKL leaves float32 matrix products to the system's BLAS, which on a plain Debian is the reference
// implementation, some twenty times off the pace. oneDNN is there anyway: a 1x1 convolution over a 1x1 image is the same product.
Napi::Value linear(Call& call) {
  const auto x = call.tensor(0), weight = call.tensor(1), bias = call.optionalTensor(2);
  const bool viaConvolution = x.is_cpu() && weight.is_cpu() && x.scalar_type() == at::kFloat &&
                              weight.scalar_type() == at::kFloat && at::hasMKLDNN() && !at::hasMKL() && x.dim() == 2 &&
                              weight.dim() == 2 && x.size(1) == weight.size(1) && x.numel() > 0;
  if (!viaConvolution) return call.give(at::linear(x, weight, bias));
  const auto image = x.reshape({x.size(0), x.size(1), 1, 1}), kernel = weight.reshape({weight.size(0), weight.size(1), 1, 1});
  return call.give(at::conv2d(image, kernel, bias).reshape({x.size(0), weight.size(0)}));
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
      {"linear", linear},
      {"conv2d", conv2d},
      {"maxPool2d", maxPool2d},
      {"avgPool2d", avgPool2d},
      {"globalAvgPool", globalAvgPool},
      {"batchNorm", batchNormalisation},
      {"logSoftmax", [](Call& c) { return c.give(at::log_softmax(c.tensor(0), c.integer(1))); }},
      {"crossEntropy", crossEntropy},
      {"correctCount", correctCount},
  };
}

}  // namespace sweepstake
