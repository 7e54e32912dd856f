// Batch-norm on a CPU, forward and backward. libtorch's own kernels cost twice as much as the convolutions between them; these read
// the input once per pass, vectorised over adjacent channels. The rows are cut into blocks whose size does not depend on the number
// of threads and whose sums are joined in order, so the result does not depend on it either.
#include "batch_norm.h"

#include "batch_norm_kernels.h"

namespace sweepstake {
namespace {

constexpr int64_t kBlockElements = 4096;  // 16 KiB of float32: the second pass over a block finds it in the first-level cache

// A [N, C] or [N, C, H, W] tensor as rows of adjacent channels.
struct Rows {
  int64_t count, channels, perBlock;

  explicit Rows(const at::Tensor& x) : channels(x.size(1)) {
    count = channels == 0 ? 0 : x.numel() / channels;
    perBlock = std::max<int64_t>(16, kBlockElements / std::max<int64_t>(1, channels));
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

// Mean and biased variance per channel; the blocks' moments are joined by Chan's formula in double.
template <typename T>
void batchMoments(const T* x, const Rows& rows, std::vector<double>& mean, std::vector<double>& variance) {
  const int64_t channels = rows.channels, blocks = rows.blocks();
  std::vector<T> means(blocks * channels), squares(blocks * channels);
  forBlocks(rows, [&](int64_t b) {
    blockMoments(x + rows.offset(b), rows.rowsOf(b), channels, &means[b * channels], &squares[b * channels]);
  });
  mean.assign(channels, 0);
  variance.assign(channels, 0);
  double before = 0;
  for (int64_t b = 0; b < blocks; b++) {
    const double here = static_cast<double>(rows.rowsOf(b)), total = before + here;
    for (int64_t c = 0; c < channels; c++) {
      const double delta = means[b * channels + c] - mean[c];
      mean[c] += delta * (here / total);
      variance[c] += squares[b * channels + c] + delta * delta * (before * here / total);
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

struct Settings {
  bool training;
  double momentum, eps;
};

// Returns y and fills `mean` and `inverse` (1 / standard deviation), [C] each, for the backward pass.
template <typename T>
at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& runningMean,
                   const at::Tensor& runningVar, const Settings& settings, at::Tensor& mean, at::Tensor& inverse) {
  const Rows rows(x);
  const int64_t channels = rows.channels;
  const T* data = x.data_ptr<T>();
  std::vector<double> m, v;
  if (settings.training) {
    if (rows.count < 2) throw std::invalid_argument("training needs more than one value per channel");
    batchMoments(data, rows, m, v);
    moveAverage<T>(runningMean, m, 1, settings.momentum);
    moveAverage<T>(runningVar, v, static_cast<double>(rows.count) / (rows.count - 1), settings.momentum);
  } else {
    m.assign(runningMean.data_ptr<T>(), runningMean.data_ptr<T>() + channels);
    v.assign(runningVar.data_ptr<T>(), runningVar.data_ptr<T>() + channels);
  }
  const T *w = weight.data_ptr<T>(), *b = bias.data_ptr<T>();
  mean = at::empty({channels}, x.options().memory_format(at::MemoryFormat::Contiguous));
  inverse = at::empty_like(mean);
  std::vector<T> scale(channels), shift(channels);
  for (int64_t c = 0; c < channels; c++) {
    const double inv = 1 / std::sqrt(v[c] + settings.eps);
    mean.data_ptr<T>()[c] = static_cast<T>(m[c]);
    inverse.data_ptr<T>()[c] = static_cast<T>(inv);
    scale[c] = static_cast<T>(w[c] * inv);
    shift[c] = static_cast<T>(b[c] - m[c] * w[c] * inv);
  }
  auto y = at::empty_like(x);
  T* out = y.data_ptr<T>();
  forBlocks(rows, [&](int64_t k) {
    blockAffine(data + rows.offset(k), rows.rowsOf(k), channels, scale.data(), shift.data(), out + rows.offset(k));
  });
  return y;
}

template <typename T>
std::vector<at::Tensor> backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& mean,
                                 const at::Tensor& inverse, bool training) {
  const Rows rows(x);
  const int64_t channels = rows.channels, blocks = rows.blocks();
  const T *g = dy.data_ptr<T>(), *data = x.data_ptr<T>(), *m = mean.data_ptr<T>(), *inv = inverse.data_ptr<T>();
  std::vector<T> plain(blocks * channels), centred(blocks * channels);
  forBlocks(rows, [&](int64_t b) {
    blockGradientSums(g + rows.offset(b), data + rows.offset(b), rows.rowsOf(b), channels, m, &plain[b * channels],
                      &centred[b * channels]);
  });
  std::vector<double> sum(channels, 0), product(channels, 0);
  for (int64_t i = 0; i < blocks * channels; i++) {
    sum[i % channels] += plain[i];
    product[i % channels] += centred[i];
  }
  auto dWeight = at::empty_like(mean), dBias = at::empty_like(mean), dx = at::empty_like(x);
  const T* w = weight.data_ptr<T>();
  std::vector<T> a(channels), b(channels, 0), c(channels, 0);
  for (int64_t k = 0; k < channels; k++) {
    const double inverseStd = inv[k], scale = w[k] * inverseStd;
    dWeight.data_ptr<T>()[k] = static_cast<T>(product[k] * inverseStd);
    dBias.data_ptr<T>()[k] = static_cast<T>(sum[k]);
    a[k] = static_cast<T>(scale);
    if (!training) continue;  // the running statistics do not depend on x
    b[k] = static_cast<T>(-scale * inverseStd * inverseStd * product[k] / rows.count);
    c[k] = static_cast<T>(-scale * sum[k] / rows.count);
  }
  T* out = dx.data_ptr<T>();
  forBlocks(rows, [&](int64_t k) {
    blockGradient(g + rows.offset(k), data + rows.offset(k), rows.rowsOf(k), channels, m, a.data(), b.data(), c.data(),
                  out + rows.offset(k));
  });
  return {dx, dWeight, dBias};
}

struct BatchNormFunction : torch::autograd::Function<BatchNormFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                            const at::Tensor& bias, const at::Tensor& runningMean, const at::Tensor& runningVar, bool training,
                            double momentum, double eps) {
    const auto x = asRows(input);
    const Settings settings{training, momentum, eps};
    at::Tensor mean, inverse;
    const bool isFloat = x.scalar_type() == at::kFloat;
    const auto y = isFloat
                       ? sweepstake::forward<float>(x, weight, bias, runningMean, runningVar, settings, mean, inverse)
                       : sweepstake::forward<double>(x, weight, bias, runningMean, runningVar, settings, mean, inverse);
    context->save_for_backward({x, weight, mean, inverse});
    context->saved_data["training"] = training;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto dy = asRows(gradients[0]);
    const bool training = context->saved_data["training"].toBool();
    auto result = dy.scalar_type() == at::kFloat ? sweepstake::backward<float>(dy, saved[0], saved[1], saved[2], saved[3], training)
                                                 : sweepstake::backward<double>(dy, saved[0], saved[1], saved[2], saved[3], training);
    result.resize(8);  // no gradients for the statistics and the settings
    return result;
  }
};

bool isPlainVector(const at::Tensor& t, const at::Tensor& x) {
  return t.dim() == 1 && t.size(0) == x.size(1) && t.scalar_type() == x.scalar_type() && t.is_cpu() && t.is_contiguous();
}

}  // namespace

at::Tensor batchNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& runningMean,
                     const at::Tensor& runningVar, bool training, double momentum, double eps) {
  const bool typeFits = x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble;
  const bool fits = x.is_cpu() && typeFits && (x.dim() == 2 || x.dim() == 4) && x.numel() > 0 && isPlainVector(runningMean, x) &&
                    isPlainVector(runningVar, x) && (!weight.defined() || isPlainVector(weight, x)) &&
                    (!bias.defined() || isPlainVector(bias, x));
  // libtorch's own for everything else, and for its error messages.
  if (!fits) return at::batch_norm(x, weight, bias, runningMean, runningVar, training, momentum, eps, /*cudnn_enabled=*/true);
  return BatchNormFunction::apply(x, weight.defined() ? weight : at::ones_like(runningMean),
                                  bias.defined() ? bias : at::zeros_like(runningMean), runningMean, runningVar, training, momentum, eps);
}

}  // namespace sweepstake
