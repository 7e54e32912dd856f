// 3x3 convolutions by Winograd's minimal filtering on a CPU, forward and backward. Work is cut into runs of tiles, groups of images and
// blocks of planes whose sizes depend on the shape alone, so the result does not depend on the number of threads.
#include "winograd.h"

#include "channels_last.h"
#include "flush_denormals.h"
#include "own_kernels.h"
#include "winograd_kernels.h"

namespace sweepstake {
namespace {

constexpr int64_t kPadding = 16;  // floats between planes, so that they do not fall into the same sets of the caches
constexpr int64_t kSmallFilter = 1 << 20, kSmallGradient = 5 << 19;  // bytes of transformed filters
constexpr int64_t kPart = 128;    // tiles whose products are summed in float32 before they are joined in double

struct Convolution {
  WinogradShape shape;
  int64_t in, out;

  Convolution(const at::Tensor& x, int64_t in, int64_t out) : shape{x.size(0), x.size(2), x.size(3)}, in(in), out(out) {}
  int64_t filterSize() const { return shape.planes() * in * out; }
};

template <typename F>
void inParallel(int64_t count, const F& body) {
  at::parallel_for(0, count, /*grain_size=*/1, [&](int64_t begin, int64_t end) {
    const FlushDenormals flush;
    body(begin, end);
  });
}

TileRun runOf(const Convolution& c, int64_t first, int64_t count, int64_t channels) {
  return {first, count, channels, count * channels + kPadding};
}

at::Tensor floats(int64_t count) { return at::empty({count}, at::kFloat); }

// The transformed filter, [planes, in, out].
at::Tensor transformed(const at::Tensor& weight, const Convolution& c, bool turned) {
  const auto u = floats(c.filterSize());
  const float* w = weight.data_ptr<float>();
  inParallel(c.out / 16, [&](int64_t begin, int64_t end) {
    winogradKernels().filter(w, c.shape.planes(), c.in, c.out, 16 * begin, 16 * end, turned, u.data_ptr<float>());
  });
  return u;
}

// Tiles at once: with small filters as many as fit into the second-level cache beside them, else enough to read a large filter seldom.
int64_t tilesAtOnce(const Convolution& c) {
  if (c.filterSize() * 4 > kSmallFilter) return 96;
  return std::max<int64_t>(16, 1024 / std::max(c.in, c.out) / 16 * 16);
}

template <typename S>
at::Tensor convolve(const at::Tensor& x, const Convolution& c, const at::Tensor& u, const at::Tensor& bias) {
  const auto& shape = c.shape;
  auto y = at::empty({shape.images, c.out, shape.height, shape.width}, x.options().memory_format(at::MemoryFormat::ChannelsLast));
  const int64_t most = tilesAtOnce(c), runs = (shape.tiles() + most - 1) / most;
  const float* added = bias.defined() ? bias.data_ptr<float>() : nullptr;
  const std::vector<S> zeros(6 * c.in, S{});
  const auto& kernels = winogradKernels();
  inParallel(runs, [&](int64_t begin, int64_t end) {
    const auto v = floats(shape.planes() * (most * c.in + kPadding)), m = floats(shape.planes() * (most * c.out + kPadding));
    for (int64_t r = begin; r < end; r++) {
      const int64_t count = std::min(most, shape.tiles() - r * most);
      const TileRun from = runOf(c, r * most, count, c.in), to = runOf(c, r * most, count, c.out);
      kernels.of(S{}).input(dataOf<S>(x), zeros.data(), shape, from, v.data_ptr<float>());
      kernels.multiply({shape.planes(), count, c.in, c.out, from.stride, to.stride}, v.data_ptr<float>(), u.data_ptr<float>(),
                       m.data_ptr<float>());
      kernels.of(S{}).output(m.data_ptr<float>(), shape, to, added, dataOf<S>(y));
    }
  });
  return y;
}

// Small filters: sums over groups of images, joined in order in double.
template <typename S>
at::Tensor gradientByImages(const at::Tensor& x, const at::Tensor& dy, const Convolution& c) {
  const auto& shape = c.shape;
  const int64_t perImage = shape.tilesPerImage(), group = std::clamp<int64_t>(256 / perImage, 4, 16);
  const int64_t groups = (shape.images + group - 1) / group, most = 64, size = c.filterSize(), atOnce = 32;
  const std::vector<S> zeros(6 * c.in, S{});
  const auto& kernels = winogradKernels();
  const auto sums = floats(std::min(groups, atOnce) * size), total = floats(size);
  std::vector<double> joined(size, 0);
  for (int64_t first = 0; first < groups; first += atOnce) {
    const int64_t here = std::min(atOnce, groups - first);
    inParallel(here, [&](int64_t begin, int64_t end) {
      const auto v = floats(shape.planes() * (most * c.in + kPadding)), d = floats(shape.planes() * (most * c.out + kPadding));
      for (int64_t g = begin; g < end; g++) {
        float* sum = sums.data_ptr<float>() + g * size;
        std::fill(sum, sum + size, 0.0f);
        const int64_t last = std::min((first + g + 1) * group * perImage, shape.tiles());
        for (int64_t t = (first + g) * group * perImage; t < last; t += most) {
          const int64_t count = std::min(most, last - t);
          const TileRun from = runOf(c, t, count, c.in), to = runOf(c, t, count, c.out);
          kernels.of(S{}).input(dataOf<S>(x), zeros.data(), shape, from, v.data_ptr<float>());
          kernels.of(S{}).gradient(dataOf<S>(dy), shape, to, d.data_ptr<float>());
          kernels.accumulate({shape.planes(), count, c.in, c.out, from.stride, to.stride}, v.data_ptr<float>(), d.data_ptr<float>(), sum);
        }
      }
    });
    const float* parts = sums.data_ptr<float>();
    at::parallel_for(0, size, /*grain_size=*/4096, [&](int64_t begin, int64_t end) {
      double* into = joined.data();
      for (int64_t g = 0; g < here; g++)
        for (int64_t i = begin; i < end; i++) into[i] += parts[g * size + i];
    });
  }
  std::copy(joined.begin(), joined.end(), total.data_ptr<float>());
  return total;
}

// Large filters: the whole batch is transformed first, then each plane is one product, cut by outputs.
template <typename S>
at::Tensor gradientByPlanes(const at::Tensor& x, const at::Tensor& dy, const Convolution& c) {
  const auto& shape = c.shape;
  const int64_t tiles = shape.tiles(), some = 16, columns = 64, blocks = (c.out + columns - 1) / columns;
  const int64_t inStride = tiles * c.in + kPadding, outStride = tiles * c.out + kPadding;
  const auto v = floats(shape.planes() * inStride), d = floats(shape.planes() * outStride), total = floats(c.filterSize());
  const std::vector<S> zeros(6 * c.in, S{});
  const auto& kernels = winogradKernels();
  inParallel((tiles + some - 1) / some, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * some, count = std::min(end * some, tiles) - first;
    kernels.of(S{}).input(dataOf<S>(x), zeros.data(), shape, {first, count, c.in, inStride}, v.data_ptr<float>() + first * c.in);
    kernels.of(S{}).gradient(dataOf<S>(dy), shape, {first, count, c.out, outStride}, d.data_ptr<float>() + first * c.out);
  });
  inParallel(shape.planes() * blocks, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; k++) {
      const int64_t plane = k / blocks, from = k % blocks * columns;
      kernels.gradientPlane({1, tiles, c.in, c.out, 0, 0}, kPart, from, std::min(from + columns, c.out),
                            v.data_ptr<float>() + plane * inStride, d.data_ptr<float>() + plane * outStride,
                            total.data_ptr<float>() + plane * c.in * c.out);
    }
  });
  return total;
}

template <typename S>
at::Tensor weightGradient(const at::Tensor& x, const at::Tensor& dy, const Convolution& c) {
  const at::Tensor du = c.filterSize() * 4 <= kSmallGradient ? gradientByImages<S>(x, dy, c) : gradientByPlanes<S>(x, dy, c);
  auto dw = at::empty({c.out, c.in, 3, 3}, at::kFloat);
  inParallel(c.out / 16, [&](int64_t begin, int64_t end) {
    winogradKernels().filterBack(du.data_ptr<float>(), c.shape.planes(), c.in, c.out, 16 * begin, 16 * end, dw.data_ptr<float>());
  });
  return dw;
}

template <typename S>
at::Tensor biasGradient(const at::Tensor& dy, const Convolution& c) {
  const int64_t pixels = c.shape.height * c.shape.width;
  const S* gradient = dataOf<S>(dy);
  std::vector<float> sums(c.shape.images * c.out, 0);
  inParallel(c.shape.images, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; n++)
      for (int64_t k = n * pixels; k < (n + 1) * pixels; k++)
        for (int64_t o = 0; o < c.out; o++) sums[n * c.out + o] += Single<S>::load(gradient + k * c.out + o);
  });
  std::vector<double> total(c.out, 0);
  for (size_t i = 0; i < sums.size(); i++) total[i % c.out] += sums[i];
  auto result = at::empty({c.out}, at::kFloat);
  std::copy(total.begin(), total.end(), result.data_ptr<float>());
  return result;
}

template <typename S>
at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const Convolution c(x, weight.size(1), weight.size(0));
  return convolve<S>(x, c, transformed(weight, c, false), bias);
}

template <typename S>
torch::autograd::variable_list backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight, bool needsInput,
                                        bool needsWeight, bool needsBias) {
  const Convolution c(x, weight.size(1), weight.size(0)), back(x, c.out, c.in);
  return {needsInput ? convolve<S>(dy, back, transformed(weight, back, true), {}) : at::Tensor(),
          needsWeight ? weightGradient<S>(x, dy, c) : at::Tensor(), needsBias ? biasGradient<S>(dy, c) : at::Tensor()};
}

struct WinogradFunction : torch::autograd::Function<WinogradFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                            const at::Tensor& bias) {
    const auto x = channelsLast(input), w = weight.contiguous();
    context->save_for_backward({x, w});
    const auto added = bias.numel() > 0 ? bias.contiguous() : at::Tensor();
    return x.scalar_type() == at::kFloat ? sweepstake::forward<float>(x, w, added) : sweepstake::forward<Bfloat16>(x, w, added);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto dy = channelsLast(gradients[0]);
    const auto run = dy.scalar_type() == at::kFloat ? sweepstake::backward<float> : sweepstake::backward<Bfloat16>;
    return run(dy, saved[0], saved[1], context->needs_input_grad(0), context->needs_input_grad(1), context->needs_input_grad(2));
  }
};

bool isTileable(int64_t height, int64_t width) { return (height % 4 == 0 && width % 4 == 0) || (height == 2 && width == 2); }

bool isFloat(const at::Tensor& t) { return t.is_cpu() && t.scalar_type() == at::kFloat; }

}  // namespace

bool isWinograd(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, at::IntArrayRef stride, at::IntArrayRef padding,
                at::IntArrayRef dilation, int64_t groups) {
  return winogradAllowed && hasOwnKernels(x) && computesWinograd(x.scalar_type()) && isFloat(weight) &&
         (!bias.defined() || (isFloat(bias) && bias.dim() == 1 && bias.size(0) == weight.size(0))) && groups == 1 && x.dim() == 4 &&
         weight.dim() == 4 && x.numel() > 0 && weight.size(1) == x.size(1) && weight.size(2) == 3 && weight.size(3) == 3 &&
         x.size(1) % 16 == 0 && weight.size(0) % 16 == 0 && weight.size(0) > 0 && isPair(stride, 1, 1) && isPair(padding, 1, 1) &&
         isPair(dilation, 1, 1) && isTileable(x.size(2), x.size(3));
}

at::Tensor winograd(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return WinogradFunction::apply(x, weight, bias.defined() ? bias : at::empty({0}));
}

}  // namespace sweepstake
