// Layers and losses.
#include "batch_norm.h"
#include "depthwise.h"
#include "families.h"
#include "layers.h"
#include "max_pool.h"
#include "winograd.h"

namespace sweepstake {
namespace {

// Mixed precision: the weights of a layer whose input is bfloat16 are float32 and rounded for the product; the gradient comes back
// as float32.
at::Tensor inTypeOf(const at::Tensor& x, const at::Tensor& weight) {
  const bool mixed = weight.defined() && x.scalar_type() == at::kBFloat16 && weight.scalar_type() == at::kFloat;
  return mixed ? weight.to(at::kBFloat16) : weight;
}

Napi::Value conv2d(Call& call) {
  const auto x = call.tensor(0), weight = call.tensor(1), bias = call.optionalTensor(2);
  return call.give(convolution2d(x, weight, bias, call.integers(3), call.integers(4), call.integers(5), call.integer(6)));
}

Napi::Value maxPool2d(Call& call) {
  return call.give(maxPooling2d(call.tensor(0), call.integers(1), call.integers(2), call.integers(3)));
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

Napi::Value linear(Call& call) { return call.give(linearLayer(call.tensor(0), call.tensor(1), call.optionalTensor(2))); }

void checkClassification(const at::Tensor& logits, const at::Tensor& labels) {
  if (logits.dim() != 2 || labels.dim() != 1 || logits.size(0) != labels.size(0) || labels.scalar_type() != at::kLong) {
    throw std::invalid_argument("expected logits [N, C] and int64 labels [N]");
  }
}

Napi::Value crossEntropy(Call& call) {
  const auto logits = call.tensor(0), labels = call.tensor(1);
  checkClassification(logits, labels);
  // The loss of bfloat16 logits is taken in float32.
  const auto scores = logits.scalar_type() == at::kBFloat16 ? logits.to(at::kFloat) : logits;
  const auto reduction = call.text(2) == "sum" ? at::Reduction::Sum : at::Reduction::Mean;
  return call.give(at::cross_entropy_loss(scores, labels, {}, reduction));
}

Napi::Value correctCount(Call& call) {
  const auto logits = call.tensor(0), labels = call.tensor(1);
  checkClassification(logits, labels);
  return call.give(logits.argmax(1).eq(labels).sum());
}

}  // namespace

at::Tensor convolution2d(const at::Tensor& x, const at::Tensor& given, const at::Tensor& givenBias, at::IntArrayRef stride,
                         at::IntArrayRef padding, at::IntArrayRef dilation, int64_t groups) {
  if (isWinograd(x, given, givenBias, stride, padding, dilation, groups)) return winograd(x, given, givenBias);
  const auto weight = inTypeOf(x, given), bias = inTypeOf(x, givenBias);
  if (isDepthwise(x, weight, bias, stride, padding, dilation, groups)) return depthwise(x, weight, stride[0], padding[0]);
  return at::conv2d(x, weight, bias, stride, padding, dilation, groups);
}

at::Tensor maxPooling2d(const at::Tensor& x, at::IntArrayRef kernel, at::IntArrayRef stride, at::IntArrayRef padding) {
  return isPoolByTwo(x, kernel, stride, padding) ? maxPoolByTwo(x) : at::max_pool2d(x, kernel, stride, padding);
}

// A libtorch without MKL leaves matrix products to the system's BLAS, which on a plain Debian is the reference
// implementation, some twenty times off the pace. oneDNN is there anyway: a 1x1 convolution over a 1x1 image is the same product.
at::Tensor linearLayer(const at::Tensor& x, const at::Tensor& given, const at::Tensor& givenBias) {
  const auto weight = inTypeOf(x, given), bias = inTypeOf(x, givenBias);
  const bool typeFits = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  const bool viaConvolution = x.is_cpu() && weight.is_cpu() && typeFits && weight.scalar_type() == x.scalar_type() && at::hasMKLDNN() && !at::hasMKL() && x.dim() == 2 &&
                              weight.dim() == 2 && x.size(1) == weight.size(1) && x.numel() > 0;
  if (!viaConvolution) return at::linear(x, weight, bias);
  const auto image = x.reshape({x.size(0), x.size(1), 1, 1}), kernel = weight.reshape({weight.size(0), weight.size(1), 1, 1});
  return at::conv2d(image, kernel, bias).reshape({x.size(0), weight.size(0)});
}

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
