// Our own kernels for TorchScript networks: operators of TorchScript's interpreter, put in the place of libtorch's.
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/custom_operator.h>

#include "batch_norm.h"
#include "layers.h"
#include "script.h"

namespace sweepstake {
namespace {

namespace jit = torch::jit;

// The arguments of the operator that is called; they leave the stack with this.
class Arguments {
 public:
  Arguments(jit::Stack& stack, size_t count) : values_(stack.end() - static_cast<int64_t>(count), stack.end()) {
    stack.resize(stack.size() - count);
  }
  const c10::IValue& operator[](size_t i) const { return values_[i]; }
  at::Tensor tensor(size_t i) const { return values_[i].isTensor() ? values_[i].toTensor() : at::Tensor(); }

 private:
  std::vector<c10::IValue> values_;
};

void conv2d(jit::Stack& stack) {
  const Arguments a(stack, 7);
  stack.emplace_back(convolution2d(a.tensor(0), a.tensor(1), a.tensor(2), a[3].toIntVector(), a[4].toIntVector(), a[5].toIntVector(),
                                   a[6].toInt()));
}

void linear(jit::Stack& stack) {
  const Arguments a(stack, 3);
  stack.emplace_back(linearLayer(a.tensor(0), a.tensor(1), a.tensor(2)));
}

void batchNormalisation(jit::Stack& stack) {
  const Arguments a(stack, 9);
  const auto x = a.tensor(0), weight = a.tensor(1), bias = a.tensor(2), mean = a.tensor(3), variance = a.tensor(4);
  const bool training = a[5].toBool();
  const double momentum = a[6].toDouble(), eps = a[7].toDouble();
  const bool tracked = mean.defined() && variance.defined();
  stack.emplace_back(tracked ? batchNorm(x, weight, bias, mean, variance, {}, {training, momentum, eps, false})
                             : at::batch_norm(x, weight, bias, mean, variance, training, momentum, eps, a[8].toBool()));
}

void maxPool2d(jit::Stack& stack) {
  const Arguments a(stack, 6);
  const auto kernel = a[1].toIntVector(), given = a[2].toIntVector(), padding = a[3].toIntVector(), dilation = a[4].toIntVector();
  const auto& stride = given.empty() ? kernel : given;
  const bool plain = !a[5].toBool() && std::all_of(dilation.begin(), dilation.end(), [](int64_t d) { return d == 1; });
  stack.emplace_back(plain ? maxPooling2d(a.tensor(0), kernel, stride, padding)
                           : at::max_pool2d(a.tensor(0), kernel, stride, padding, dilation, a[5].toBool()));
}

// libtorch's mixed precision leaves the next three alone on a CPU, where they refuse bfloat16 with float32 weights.
bool isMixed(const at::Tensor& x, const at::Tensor& weight) {
  return weight.defined() && x.scalar_type() == at::kBFloat16 && weight.scalar_type() == at::kFloat;
}

at::Tensor inFloat(const at::Tensor& x, const at::Tensor& weight) { return isMixed(x, weight) ? x.to(at::kFloat) : x; }

void layerNormalisation(jit::Stack& stack) {
  const Arguments a(stack, 6);
  const auto x = a.tensor(0), weight = a.tensor(2);
  const auto y = at::layer_norm(inFloat(x, weight), a[1].toIntVector(), weight, a.tensor(3), a[4].toDouble(), a[5].toBool());
  stack.emplace_back(y.to(x.scalar_type()));
}

void groupNormalisation(jit::Stack& stack) {
  const Arguments a(stack, 6);
  const auto x = a.tensor(0), weight = a.tensor(2);
  const auto y = at::group_norm(inFloat(x, weight), a[1].toInt(), weight, a.tensor(3), a[4].toDouble(), a[5].toBool());
  stack.emplace_back(y.to(x.scalar_type()));
}

// What tracing makes of every convolution.
void tracedConvolution(jit::Stack& stack) {
  const Arguments a(stack, 13);
  const auto x = a.tensor(0), weight = a.tensor(1), bias = a.tensor(2);
  const auto stride = a[3].toIntVector(), padding = a[4].toIntVector(), dilation = a[5].toIntVector(), outputPadding = a[7].toIntVector();
  const bool transposed = a[6].toBool();
  stack.emplace_back(isMixed(x, weight) && !transposed && x.dim() == 4
                         ? convolution2d(x, weight, bias, stride, padding, dilation, a[8].toInt())
                         : at::_convolution(inFloat(x, weight), weight, bias, stride, padding, dilation, transposed, outputPadding,
                                            a[8].toInt(), a[9].toBool(), a[10].toBool(), a[11].toBool(), a[12].toBool()));
}

struct OwnKernel {
  const char* replaced;
  const char* schema;
  void (*body)(jit::Stack&);
};

constexpr OwnKernel kOwn[] = {
    {"aten::conv2d",
     "sweepstake::conv2d(Tensor input, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, int groups) -> Tensor",
     conv2d},
    {"aten::linear", "sweepstake::linear(Tensor input, Tensor weight, Tensor? bias) -> Tensor", linear},
    {"aten::batch_norm",
     "sweepstake::batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, "
     "float momentum, float eps, bool cudnn_enabled) -> Tensor",
     batchNormalisation},
    {"aten::max_pool2d",
     "sweepstake::max_pool2d(Tensor self, int[] kernel_size, int[] stride, int[] padding, int[] dilation, bool ceil_mode) -> Tensor",
     maxPool2d},
    {"aten::layer_norm",
     "sweepstake::layer_norm(Tensor input, int[] normalized_shape, Tensor? weight, Tensor? bias, float eps, bool cudnn_enable) -> Tensor",
     layerNormalisation},
    {"aten::group_norm",
     "sweepstake::group_norm(Tensor input, int num_groups, Tensor? weight, Tensor? bias, float eps, bool cudnn_enabled) -> Tensor",
     groupNormalisation},
    {"aten::_convolution",
     "sweepstake::_convolution(Tensor input, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, bool transposed, "
     "int[] output_padding, int groups, bool benchmark, bool deterministic, bool cudnn_enabled, bool allow_tf32) -> Tensor",
     tracedConvolution},
};

void registerKernels() {
  static const bool once = [] {
    for (const auto& kernel : kOwn)
      jit::registerOperator(jit::Operator(kernel.schema, kernel.body, c10::AliasAnalysisKind::CONSERVATIVE));
    return true;
  }();
  static_cast<void>(once);
}

}  // namespace

void useOwnKernels(jit::Graph& graph) {
  registerKernels();
  for (jit::Node* node : allNodes(graph)) {
    const auto* schema = node->maybeSchema();
    if (schema == nullptr || !schema->overload_name().empty()) continue;
    for (const auto& kernel : kOwn) {
      if (node->kind() != c10::Symbol::fromQualString(kernel.replaced)) continue;
      const std::string name = std::string("sweepstake") + std::string(kernel.replaced).substr(4);
      jit::Node* own = graph.create(c10::Symbol::fromQualString(name), node->inputs());
      own->insertBefore(node);
      own->copyMetadata(node);
      own->output()->setType(node->output()->type());
      node->output()->replaceAllUsesWith(own->output());
      node->destroy();
      break;
    }
  }
}

}  // namespace sweepstake
