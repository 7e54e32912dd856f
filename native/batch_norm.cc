// Batch-norm with an optional residual and ReLU on a CPU, forward and backward. libtorch's own kernels for the three cost as much as
// the convolutions between them; these read the input once per pass, vectorised over adjacent channels, and write nothing in
// between. The rows are cut into blocks whose size does not depend on the number of threads and whose sums are joined in order, so
// the result does not depend on it either.
#include "batch_norm.h"

#include <numeric>

#include "batch_norm_kernels.h"
#include "channels_last.h"
#include "own_kernels.h"

namespace sweepstake {
namespace {

constexpr int64_t kBlockElements = 4096;  // 16 KiB of float32: the second pass over a block finds it in the first-level cache
constexpr int64_t kMostChannels = 512;    // to fold; wider rows fill the vectors but for a small rest

// Rows fill the widest vectors, also where narrower ones compute: how sums are split must not depend on the CPU.
template <typename S>
constexpr int64_t kLanes = 64 / sizeof(Computed<S>);

// A [N, C] or [N, C, H, W] tensor as rows of adjacent channels. When C is no multiple of the vector width, several pixels make one
// row, whose `channels` are C repeated `fold` times.
struct Rows {
  int64_t count, channels, fold, perBlock;

  Rows(const at::Tensor& x, int64_t lanes) {
    const int64_t c = x.size(1), pixels = x.numel() / c;
    fold = lanes / std::gcd(c, lanes);
    if (c * fold > kMostChannels || pixels % fold != 0) fold = 1;
    channels = c * fold;
    count = pixels / fold;
    perBlock = std::max<int64_t>(16, kBlockElements / channels);
  }
  int64_t blocks() const { return (count + perBlock - 1) / perBlock; }
  int64_t rowsOf(int64_t block) const { return std::min(perBlock, count - block * perBlock); }
  int64_t offset(int64_t block) const { return block * perBlock * channels; }
};

at::Tensor asRows(const at::Tensor& x) {
  return x.contiguous(x.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

template <typename F>
void forBlocks(const Rows& rows, const F& body) {
  at::parallel_for(0, rows.blocks(), /*grain_size=*/8, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; block++) body(block);
  });
}

// One value per channel of the rows, from one per channel of the tensor.
template <typename T, typename F>
std::vector<T> folded(const Rows& rows, const F& value) {
  std::vector<T> result(rows.channels);
  const int64_t channels = rows.channels / rows.fold;
  for (int64_t c = 0; c < rows.channels; c++) result[c] = static_cast<T>(value(c % channels));
  return result;
}

// Mean and biased variance per channel; the moments of the blocks are joined by Chan's formula in double.
template <typename S>
void batchMoments(const S* x, const Rows& rows, std::vector<double>& mean, std::vector<double>& variance) {
  using T = Computed<S>;
  const int64_t blocks = rows.blocks(), channels = rows.channels / rows.fold;
  std::vector<T> means(blocks * rows.channels), squares(blocks * rows.channels);
  forBlocks(rows, [&](int64_t b) {
    batchNormKernels<S>().moments(x + rows.offset(b), rows.rowsOf(b), rows.channels, &means[b * rows.channels], &squares[b * rows.channels]);
  });
  mean.assign(channels, 0);
  variance.assign(channels, 0);
  double before = 0;
  for (int64_t part = 0; part < blocks * rows.fold; part++) {
    const double here = static_cast<double>(rows.rowsOf(part / rows.fold)), total = before + here;
    for (int64_t c = 0; c < channels; c++) {
      const double delta = means[part * channels + c] - mean[c];
      mean[c] += delta * (here / total);
      variance[c] += squares[part * channels + c] + delta * delta * (before * here / total);
    }
    before = total;
  }
  for (double& v : variance) v /= before;
}

template <typename T>
void moveAverage(const at::Tensor& running, const std::vector<double>& now, double factor, double momentum) {
  T* data = running.data_ptr<T>();
  for (size_t c = 0; c < now.size(); c++) data[c] = static_cast<T>((1 - momentum) * data[c] + momentum * factor * now[c]);
}

// y = x * scale + shift; what the backward pass needs of them, [4, C]: mean, 1 / standard deviation, scale, shift.
template <typename S>
at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& runningMean,
                   const at::Tensor& runningVar, const at::Tensor& residual, const BatchNormSettings& settings, at::Tensor& saved) {
  using T = Computed<S>;
  const Rows rows(x, kLanes<S>);
  const int64_t channels = x.size(1), pixels = x.numel() / channels;
  std::vector<double> m, v;
  if (settings.training) {
    if (pixels < 2) throw std::invalid_argument("training needs more than one value per channel");
    batchMoments(dataOf<S>(x), rows, m, v);
    moveAverage<T>(runningMean, m, 1, settings.momentum);
    moveAverage<T>(runningVar, v, static_cast<double>(pixels) / (pixels - 1), settings.momentum);
  } else {
    m.assign(runningMean.data_ptr<T>(), runningMean.data_ptr<T>() + channels);
    v.assign(runningVar.data_ptr<T>(), runningVar.data_ptr<T>() + channels);
  }
  const T *w = weight.data_ptr<T>(), *b = bias.data_ptr<T>();
  saved = at::empty({4, channels}, weight.options());
  T *mean = saved.data_ptr<T>(), *inverse = mean + channels, *scale = inverse + channels, *shift = scale + channels;
  for (int64_t c = 0; c < channels; c++) {
    const double inv = 1 / std::sqrt(v[c] + settings.eps);
    mean[c] = static_cast<T>(m[c]);
    inverse[c] = static_cast<T>(inv);
    scale[c] = static_cast<T>(w[c] * inv);
    shift[c] = static_cast<T>(b[c] - m[c] * w[c] * inv);
  }
  const auto scales = folded<T>(rows, [&](int64_t c) { return scale[c]; });
  const auto shifts = folded<T>(rows, [&](int64_t c) { return shift[c]; });
  auto y = at::empty_like(x);
  const Affine<S> pass{dataOf<S>(x), residual.defined() ? dataOf<S>(residual) : nullptr, scales.data(), shifts.data(), settings.relu,
                       dataOf<S>(y)};
  forBlocks(rows, [&](int64_t k) { batchNormKernels<S>().affine(pass, rows.offset(k), rows.rowsOf(k), rows.channels); });
  return y;
}

struct Gradients {
  at::Tensor x, weight, bias, residual;
};

// `y` is defined when there was a residual and ReLU: then only the output tells where ReLU let a value pass.
template <typename S>
Gradients backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& saved, const at::Tensor& y,
                   bool training, bool relu) {
  using T = Computed<S>;
  const Rows rows(x, kLanes<S>);
  const int64_t channels = x.size(1), pixels = x.numel() / channels, blocks = rows.blocks();
  const T *mean = saved.data_ptr<T>(), *inverse = mean + channels, *scale = inverse + channels, *shift = scale + channels;
  const auto means = folded<T>(rows, [&](int64_t c) { return mean[c]; });
  const auto scales = folded<T>(rows, [&](int64_t c) { return scale[c]; });
  const auto shifts = folded<T>(rows, [&](int64_t c) { return shift[c]; });
  Gradients result;
  Gradient<S> pass{};
  pass.dy = dataOf<S>(dy);
  pass.x = dataOf<S>(x);
  pass.mean = means.data();
  pass.scale = scales.data();
  pass.shift = shifts.data();
  pass.gate = y.defined() ? Gate::kOutput : relu ? Gate::kInput : Gate::kOpen;
  result.residual = dy;
  if (y.defined()) {
    pass.y = dataOf<S>(y);
    result.residual = at::empty_like(x);
    pass.gated = dataOf<S>(result.residual);
  }
  std::vector<T> plain(blocks * rows.channels), centred(blocks * rows.channels);
  forBlocks(rows, [&](int64_t b) {
    batchNormKernels<S>().sums(pass, rows.offset(b), rows.rowsOf(b), rows.channels, &plain[b * rows.channels], &centred[b * rows.channels]);
  });
  std::vector<double> sum(channels, 0), product(channels, 0);
  for (int64_t i = 0; i < blocks * rows.channels; i += channels) {
    for (int64_t c = 0; c < channels; c++) {
      sum[c] += plain[i + c];
      product[c] += centred[i + c];
    }
  }
  result.weight = at::empty_like(weight);
  result.bias = at::empty_like(weight);
  for (int64_t c = 0; c < channels; c++) {
    result.weight.data_ptr<T>()[c] = static_cast<T>(product[c] * inverse[c]);
    result.bias.data_ptr<T>()[c] = static_cast<T>(sum[c]);
  }
  // The running statistics do not depend on x: b and c are 0 then.
  const T* w = weight.data_ptr<T>();
  const double share = training ? 1.0 / pixels : 0;
  const auto fullScale = [&](int64_t c) { return w[c] * static_cast<double>(inverse[c]); };
  const auto a = folded<T>(rows, fullScale);
  const auto b = folded<T>(rows, [&](int64_t c) { return -fullScale(c) * inverse[c] * inverse[c] * product[c] * share; });
  const auto d = folded<T>(rows, [&](int64_t c) { return -fullScale(c) * sum[c] * share; });
  result.x = at::empty_like(x);
  pass.a = a.data();
  pass.b = b.data();
  pass.c = d.data();
  pass.dx = dataOf<S>(result.x);
  if (y.defined()) {
    pass.dy = pass.gated;
    pass.gate = Gate::kOpen;
  }
  forBlocks(rows, [&](int64_t k) { batchNormKernels<S>().gradient(pass, rows.offset(k), rows.rowsOf(k), rows.channels); });
  return result;
}

struct BatchNormFunction : torch::autograd::Function<BatchNormFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                            const at::Tensor& bias, const at::Tensor& residual, const at::Tensor& runningMean,
                            const at::Tensor& runningVar, const BatchNormSettings& settings) {
    const auto x = asRows(input), skip = residual.numel() > 0 ? asRows(residual) : at::Tensor();
    at::Tensor saved;
    const auto run = x.scalar_type() == at::kFloat    ? sweepstake::forward<float>
                     : x.scalar_type() == at::kDouble ? sweepstake::forward<double>
                                                      : sweepstake::forward<Bfloat16>;
    const auto y = run(x, weight, bias, runningMean, runningVar, skip, settings, saved);
    context->save_for_backward({x, weight, saved, settings.relu && skip.defined() ? y : at::Tensor()});
    context->saved_data["training"] = settings.training;
    context->saved_data["relu"] = settings.relu;
    context->saved_data["hasResidual"] = skip.defined();
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto dy = asRows(gradients[0]);
    const auto run = dy.scalar_type() == at::kFloat    ? sweepstake::backward<float>
                     : dy.scalar_type() == at::kDouble ? sweepstake::backward<double>
                                                       : sweepstake::backward<Bfloat16>;
    const auto result = run(dy, saved[0], saved[1], saved[2], saved[3], context->saved_data["training"].toBool(),
                            context->saved_data["relu"].toBool());
    const bool hasResidual = context->saved_data["hasResidual"].toBool();
    return {result.x, result.weight, result.bias, hasResidual ? result.residual : at::Tensor(), {}, {}, {}};
  }
};

bool isPlainVector(const at::Tensor& t, const at::Tensor& x, at::ScalarType type) {
  return t.dim() == 1 && t.size(0) == x.size(1) && t.scalar_type() == type && t.is_cpu() && t.is_contiguous();
}

}  // namespace

at::Tensor batchNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& runningMean,
                     const at::Tensor& runningVar, const at::Tensor& residual, const BatchNormSettings& settings) {
  const auto type = x.scalar_type();
  const bool typeFits = type == at::kFloat || type == at::kDouble || type == at::kBFloat16;
  const auto computed = type == at::kBFloat16 ? at::kFloat : type;
  const auto isVector = [&](const at::Tensor& t) { return isPlainVector(t, x, computed); };
  const bool fits = hasOwnKernels(x) && typeFits && (x.dim() == 2 || x.dim() == 4) && x.numel() > 0 && isVector(runningMean) &&
                    isVector(runningVar) && (!weight.defined() || isVector(weight)) && (!bias.defined() || isVector(bias)) &&
                    (!residual.defined() || (residual.is_cpu() && residual.scalar_type() == type && residual.sizes().equals(x.sizes())));
  if (fits) {
    // An operand of a recorded function must be defined, so an empty tensor is none.
    return BatchNormFunction::apply(x, weight.defined() ? weight : at::ones_like(runningMean),
                                    bias.defined() ? bias : at::zeros_like(runningMean),
                                    residual.defined() ? residual : at::empty({0}), runningMean, runningVar, settings);
  }
  // libtorch's own for everything else, and for its error messages.
  auto y = at::batch_norm(x, weight, bias, runningMean, runningVar, settings.training, settings.momentum, settings.eps,
                          /*cudnn_enabled=*/true);
  if (residual.defined()) y = at::add(y, residual);
  return settings.relu ? at::relu(y) : y;
}

}  // namespace sweepstake
