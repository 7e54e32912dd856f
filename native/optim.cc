// Stochastic gradient descent with masks, over all parameters in one call.
#include "clones.h"
#include "compat.h"
#include "families.h"
#include "own_kernels.h"

namespace sweepstake {
namespace {

struct Options {
  double lr, momentum, weightDecay;
  bool nesterov, firstStep;
  at::Tensor deviceRate;  // if defined, the learning rate instead of `lr`: a scalar where the parameters are
};

// One parameter; gradient, momentum and mask may be undefined.
struct Parameter {
  at::Tensor weight, gradient, momentum, mask;
};

struct Step {
  std::vector<Parameter> parameters;
  Options options;
};

void checkLike(const at::Tensor& other, const at::Tensor& weight, bool isMask, const char* what) {
  if (!other.defined()) return;
  const bool typeFits = isMask ? other.scalar_type() == at::kByte || other.scalar_type() == at::kBool
                               : other.scalar_type() == weight.scalar_type();
  if (!typeFits || !other.sizes().equals(weight.sizes()) || other.device() != weight.device()) {
    throw std::invalid_argument(std::string(what) + " " + describeTensor(other) + " does not fit its parameter " +
                                describeTensor(weight) + (isMask ? " (a mask is uint8 or bool)" : ""));
  }
}

Step readStep(Call& call, Options options) {
  const auto weights = call.tensors(0), momenta = call.tensors(1), masks = call.tensors(2);
  Step step{{}, std::move(options)};
  if (masks.size() != weights.size() || (step.options.momentum != 0 && momenta.size() != weights.size())) {
    throw std::invalid_argument("the lists have different lengths");
  }
  for (size_t i = 0; i < weights.size(); i++) {
    if (!weights[i].defined() || !weights[i].is_floating_point()) throw std::invalid_argument("a parameter is a float tensor");
    Parameter p{weights[i], weights[i].grad(), step.options.momentum != 0 ? momenta[i] : at::Tensor(), masks[i]};
    if (step.options.momentum != 0 && !p.momentum.defined()) throw std::invalid_argument("a momentum buffer is missing");
    checkLike(p.gradient, p.weight, false, "gradient");
    checkLike(p.momentum, p.weight, false, "momentum buffer");
    checkLike(p.mask, p.weight, true, "mask");
    step.parameters.push_back(std::move(p));
  }
  return step;
}

// --- From libtorch's operations: any device, any layout ---

void updatePortable(const std::vector<Parameter>& parameters, const Options& options) {
  std::vector<at::Tensor> weights, gradients, momenta;
  for (const auto& p : parameters) {
    if (!p.gradient.defined()) continue;
    weights.push_back(p.weight);
    gradients.push_back(p.gradient);
    if (p.momentum.defined()) momenta.push_back(p.momentum);
  }
  if (!weights.empty()) {
    std::vector<at::Tensor> update = gradients;
    if (options.weightDecay != 0) update = at::_foreach_add(gradients, weights, options.weightDecay);
    if (options.momentum != 0) {
      if (options.firstStep) {
        for (size_t i = 0; i < momenta.size(); i++) momenta[i].copy_(update[i]);
      } else {
        at::_foreach_mul_(momenta, options.momentum);
        at::_foreach_add_(momenta, update, 1);
      }
      update = options.nesterov ? at::_foreach_add(update, momenta, options.momentum) : momenta;
    }
    if (options.deviceRate.defined()) {
      at::_foreach_sub_(weights, foreachTimes(update, options.deviceRate.to(weights[0].scalar_type())));
    } else {
      at::_foreach_add_(weights, update, -options.lr);
    }
  }
  // Filling, not multiplying: a NaN or an infinity where the mask is 0 must go too.
  for (const auto& p : parameters) {
    if (!p.mask.defined()) continue;
    const auto pruned = p.mask.eq(0);
    at::Tensor weight = p.weight, momentum = p.momentum;
    weight.masked_fill_(pruned, 0);
    if (momentum.defined()) momentum.masked_fill_(pruned, 0);
  }
}

// --- Fused: one pass over the memory of each parameter ---

template <typename T>
struct Pass {
  T* weight;
  const T* gradient;
  T* momentum;          // null: no momentum
  const uint8_t* mask;  // null: dense
  T lr, mu, weightDecay;
  bool nesterov, firstStep;
};

template <typename T>
SWEEPSTAKE_INLINE void updateRange(const Pass<T>& pass, int64_t begin, int64_t end) {
  T* __restrict weight = pass.weight;
  const T* __restrict gradient = pass.gradient;
  T* __restrict momentum = pass.momentum;
  const uint8_t* __restrict mask = pass.mask;
  const T lr = pass.lr, mu = pass.mu, weightDecay = pass.weightDecay;
  const bool nesterov = pass.nesterov;
  if (momentum == nullptr) {
    for (int64_t i = begin; i < end; i++) weight[i] -= lr * (gradient[i] + weightDecay * weight[i]);
  } else if (pass.firstStep) {
    for (int64_t i = begin; i < end; i++) {
      const T g = gradient[i] + weightDecay * weight[i];
      momentum[i] = g;
      weight[i] -= lr * (nesterov ? g + mu * g : g);
    }
  } else {
    for (int64_t i = begin; i < end; i++) {
      const T g = gradient[i] + weightDecay * weight[i];
      const T m = mu * momentum[i] + g;
      momentum[i] = m;
      weight[i] -= lr * (nesterov ? g + mu * m : m);
    }
  }
  // The block is still in the cache. Selecting, not multiplying: a NaN where the mask is 0 must go too.
  if (mask != nullptr) {
    for (int64_t i = begin; i < end; i++) weight[i] = mask[i] != 0 ? weight[i] : T(0);
    if (momentum != nullptr)
      for (int64_t i = begin; i < end; i++) momentum[i] = mask[i] != 0 ? momentum[i] : T(0);
  }
}

SWEEPSTAKE_CLONES void updateFloat(const Pass<float>& pass, int64_t begin, int64_t end) { updateRange(pass, begin, end); }
SWEEPSTAKE_CLONES void updateDouble(const Pass<double>& pass, int64_t begin, int64_t end) { updateRange(pass, begin, end); }
void updateRangeOf(const Pass<float>& pass, int64_t begin, int64_t end) { updateFloat(pass, begin, end); }
void updateRangeOf(const Pass<double>& pass, int64_t begin, int64_t end) { updateDouble(pass, begin, end); }

constexpr int64_t kBlock = 2048;           // elements; weight, gradient and momentum of a block fit the first-level cache
constexpr int64_t kParallelGrain = 32768;  // below this, starting threads costs more than the work

template <typename T>
void updateFused(const Parameter& p, const Options& options) {
  Pass<T> pass{};
  pass.weight = p.weight.data_ptr<T>();
  pass.gradient = p.gradient.data_ptr<T>();
  pass.momentum = p.momentum.defined() ? p.momentum.data_ptr<T>() : nullptr;
  pass.mask = p.mask.defined() ? static_cast<const uint8_t*>(p.mask.data_ptr()) : nullptr;
  pass.lr = static_cast<T>(options.lr);
  pass.mu = static_cast<T>(options.momentum);
  pass.weightDecay = static_cast<T>(options.weightDecay);
  pass.nesterov = options.nesterov;
  pass.firstStep = options.firstStep;
  at::parallel_for(0, p.weight.numel(), kParallelGrain, [&pass](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kBlock) updateRangeOf(pass, i, std::min(i + kBlock, end));
  });
  p.weight.unsafeGetTensorImpl()->bump_version();  // autograd then notices when an older value was still needed
}

bool sameLayout(const at::Tensor& other, const at::Tensor& weight) {
  return !other.defined() || other.strides().equals(weight.strides());
}

// Whether the flat loop over memory meets the same element in every tensor.
bool isFusable(const Parameter& p) {
  const auto type = p.weight.scalar_type();
  return hasOwnKernels(p.weight) && (type == at::kFloat || type == at::kDouble) && p.gradient.defined() &&
         p.weight.is_non_overlapping_and_dense() && sameLayout(p.gradient, p.weight) && sameLayout(p.momentum, p.weight) &&
         sameLayout(p.mask, p.weight);
}

Napi::Value sgdStep(Call& call) {
  const Step step = readStep(call, {call.number(3), call.number(4), call.number(5), call.flag(6), call.flag(7), {}});
  at::NoGradGuard unrecorded;
  std::vector<Parameter> others;
  for (const auto& p : step.parameters) {
    if (!isFusable(p)) {
      others.push_back(p);
    } else if (p.weight.scalar_type() == at::kFloat) {
      updateFused<float>(p, step.options);
    } else {
      updateFused<double>(p, step.options);
    }
  }
  updatePortable(others, step.options);
  return call.nothing();
}

// Never the first step: momentum buffers of zeros give that too, and a recorded step is the same every time.
Napi::Value sgdStepOnDevice(Call& call) {
  const auto rate = call.tensor(3);
  if (rate.dim() != 0) throw std::invalid_argument("the learning rate must be a scalar");
  const Step step = readStep(call, {0, call.number(4), call.number(5), call.flag(6), false, rate});
  at::NoGradGuard unrecorded;
  updatePortable(step.parameters, step.options);
  return call.nothing();
}

}  // namespace

Exports optimExports() {
  return {{"sgdStep", sgdStep}, {"sgdStepOnDevice", sgdStepOnDevice}};
}

}  // namespace sweepstake
