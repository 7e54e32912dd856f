// Depthwise 3x3 convolution on a CPU, forward and backward, straight from the definition, vectorised over adjacent channels.
// libtorch's is some thirty times off the pace. Work is cut by images, so the result does not depend on the number of threads.
#include "depthwise.h"

#include "channels_last.h"
#include "depthwise_kernels.h"
#include "own_kernels.h"

namespace sweepstake {
namespace {

struct Geometry {
  int64_t images, channels, height, width, stride, padding, outHeight, outWidth;

  Geometry(const at::Tensor& x, int64_t stride, int64_t padding)
      : images(x.size(0)), channels(x.size(1)), height(x.size(2)), width(x.size(3)), stride(stride), padding(padding),
        outHeight((height + 2 * padding - 3) / stride + 1), outWidth((width + 2 * padding - 3) / stride + 1) {}
  DepthwiseShape row() const { return {channels, width, outWidth, stride, padding}; }
};

at::Tensor emptyImages(const at::Tensor& like, int64_t height, int64_t width) {
  return at::empty({like.size(0), like.size(1), height, width}, like.options().memory_format(at::MemoryFormat::ChannelsLast));
}

// [C, 1, 3, 3] to [9, C], in the type of the arithmetic.
template <typename S>
at::Tensor filterByPosition(const at::Tensor& weight) {
  return weight.reshape({weight.size(0), 9}).t().to(c10::CppTypeToScalarType<Computed<S>>::value).contiguous();
}

template <typename F>
void forImages(int64_t images, const F& body) {
  at::parallel_for(0, images, /*grain_size=*/1, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; n++) body(n);
  });
}

// The three rows that filter rows 0 to 2 meet, from `first` on; `outside` where there is none.
template <typename S>
struct Three {
  const S* rows[3];

  Three(const S* image, int64_t first, int64_t height, int64_t rowSize, const S* outside) {
    for (int k = 0; k < 3; k++) {
      const int64_t y = first + k;
      rows[k] = y >= 0 && y < height ? image + y * rowSize : outside;
    }
  }
};

template <typename S>
at::Tensor convolve(const at::Tensor& x, const at::Tensor& filter, const Geometry& g) {
  auto y = emptyImages(x, g.outHeight, g.outWidth);
  const std::vector<S> zeros(g.width * g.channels, S{});
  forImages(g.images, [&](int64_t n) {
    const S* image = dataOf<S>(x) + n * g.height * g.width * g.channels;
    S* out = dataOf<S>(y) + n * g.outHeight * g.outWidth * g.channels;
    for (int64_t o = 0; o < g.outHeight; o++) {
      const Three<S> three(image, o * g.stride - g.padding, g.height, g.width * g.channels, zeros.data());
      depthwiseKernels<S>().row(g.row(), three.rows, dataOf<Computed<S>>(filter), out + o * g.outWidth * g.channels);
    }
  });
  return y;
}

template <typename S>
at::Tensor inputGradient(const at::Tensor& dy, const at::Tensor& filter, const Geometry& g) {
  // With stride 1 it is a convolution with the mirrored filter.
  if (g.stride == 1) return convolve<S>(dy, filter.flip(0).contiguous(), Geometry(dy, 1, 2 - g.padding));
  const int64_t rowSize = g.outWidth * g.channels;
  auto dx = at::empty({g.images, g.channels, g.height, g.width}, dy.options().memory_format(at::MemoryFormat::ChannelsLast));
  forImages(g.images, [&](int64_t n) {
    const S* gradient = dataOf<S>(dy) + n * g.outHeight * rowSize;
    S* in = dataOf<S>(dx) + n * g.height * g.width * g.channels;
    for (int64_t y = 0; y < g.height; y++) {
      const S* rows[3] = {};
      for (int ky = 0; ky < 3; ky++) {
        const int64_t twice = y + g.padding - ky;
        if (twice >= 0 && twice % 2 == 0 && twice / 2 < g.outHeight) rows[ky] = gradient + twice / 2 * rowSize;
      }
      depthwiseKernels<S>().inputRow(g.row(), rows, dataOf<Computed<S>>(filter), in + y * g.width * g.channels);
    }
  });
  return dx;
}

// One sum per image, joined in order in double.
template <typename S>
at::Tensor filterGradient(const at::Tensor& dy, const at::Tensor& x, const Geometry& g, const at::Tensor& weight) {
  using T = Computed<S>;
  const int64_t size = 9 * g.channels;
  const std::vector<S> zeros(g.width * g.channels, S{});
  std::vector<T> sums(g.images * size, 0);
  forImages(g.images, [&](int64_t n) {
    const S* image = dataOf<S>(x) + n * g.height * g.width * g.channels;
    const S* gradient = dataOf<S>(dy) + n * g.outHeight * g.outWidth * g.channels;
    for (int64_t o = 0; o < g.outHeight; o++) {
      const Three<S> three(image, o * g.stride - g.padding, g.height, g.width * g.channels, zeros.data());
      depthwiseKernels<S>().filterRow(g.row(), three.rows, gradient + o * g.outWidth * g.channels, &sums[n * size]);
    }
  });
  auto total = at::zeros({9, g.channels}, at::kDouble);
  double* into = total.data_ptr<double>();
  for (int64_t n = 0; n < g.images; n++)
    for (int64_t i = 0; i < size; i++) into[i] += sums[n * size + i];
  return at::empty_like(weight).copy_(total.t().reshape(weight.sizes()));
}

struct DepthwiseFunction : torch::autograd::Function<DepthwiseFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                            int64_t stride, int64_t padding) {
    const auto x = channelsLast(input);
    const Geometry g(x, stride, padding);
    context->save_for_backward({x, weight});
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    switch (x.scalar_type()) {
      case at::kFloat: return convolve<float>(x, filterByPosition<float>(weight), g);
      case at::kDouble: return convolve<double>(x, filterByPosition<double>(weight), g);
      default: return convolve<Bfloat16>(x, filterByPosition<Bfloat16>(weight), g);
    }
  }

  template <typename S>
  static torch::autograd::variable_list gradients(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight,
                                                  const Geometry& g, bool needsInput, bool needsWeight) {
    return {needsInput ? inputGradient<S>(dy, filterByPosition<S>(weight), g) : at::Tensor(),
            needsWeight ? filterGradient<S>(dy, x, g, weight) : at::Tensor(), {}, {}};
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list outputs) {
    const auto saved = context->get_saved_variables();
    const auto dy = channelsLast(outputs[0]);
    const auto &x = saved[0], &weight = saved[1];
    const Geometry g(x, context->saved_data["stride"].toInt(), context->saved_data["padding"].toInt());
    const bool needsInput = context->needs_input_grad(0), needsWeight = context->needs_input_grad(1);
    switch (dy.scalar_type()) {
      case at::kFloat: return gradients<float>(dy, x, weight, g, needsInput, needsWeight);
      case at::kDouble: return gradients<double>(dy, x, weight, g, needsInput, needsWeight);
      default: return gradients<Bfloat16>(dy, x, weight, g, needsInput, needsWeight);
    }
  }
};

}  // namespace

bool isDepthwise(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, at::IntArrayRef stride,
                 at::IntArrayRef padding, at::IntArrayRef dilation, int64_t groups) {
  const auto type = x.scalar_type();
  const bool typeFits = (type == at::kFloat || type == at::kDouble || type == at::kBFloat16) && weight.scalar_type() == type;
  return typeFits && hasOwnKernels(x) && weight.is_cpu() && !bias.defined() && x.dim() == 4 && x.numel() > 0 && groups > 1 &&
         groups == x.size(1) && weight.sizes().equals({groups, 1, 3, 3}) && isPair(stride, 1, 2) && isPair(padding, 0, 1) &&
         isPair(dilation, 1, 1) && x.size(2) + 2 * padding[0] >= 3 && x.size(3) + 2 * padding[0] >= 3;
}

at::Tensor depthwise(const at::Tensor& x, const at::Tensor& weight, int64_t stride, int64_t padding) {
  return DepthwiseFunction::apply(x, weight, stride, padding);
}

}  // namespace sweepstake
