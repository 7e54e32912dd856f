#include "winograd_kernels.h"

#include <algorithm>
#include <type_traits>

#include "winograd_transforms.h"

namespace sweepstake {
namespace {

// A transform of columns, then of rows, of `ins` x `ins` values to `outs` x `outs`.
template <int ins, int outs, typename Row>
SWEEPSTAKE_INLINE void bothWays(const V* in, V* out, const Row& row) {
  V half[outs * ins];
#pragma GCC unroll 6
  for (int j = 0; j < ins; j++) row(in + j, ins, half + j, ins);
#pragma GCC unroll 6
  for (int i = 0; i < outs; i++) row(half + i * ins, 1, out + i * outs, 1);
}

// Calls body(tile of the run, its first output's pixel in the batch, its row and column in the image).
template <typename Body>
SWEEPSTAKE_INLINE void forTiles(const WinogradShape& shape, const TileRun& run, const Body& body) {
  const int64_t side = shape.side(), perImage = shape.tilesPerImage(), across = shape.width / side;
  int64_t image = run.first / perImage, top = run.first % perImage / across * side, left = run.first % across * side;
  for (int64_t t = 0; t < run.count; t++) {
    body(t, (image * shape.height + top) * shape.width + left, top, left);
    left += side;
    if (left < shape.width) continue;
    left = 0;
    top += side;
    if (top < shape.height) continue;
    top = 0;
    image++;
  }
}

// `reach` x `reach` pixels to planes, from `border` (0 or 1) rows above and columns before the tile on. What lies outside of the image
// is 0; `zeros` has `reach` such pixels.
template <int reach, int border, int outs, typename S, typename Row>
SWEEPSTAKE_INLINE void toPlanes(const S* x, const S* zeros, const WinogradShape& shape, const TileRun& run, float* planes,
                                const Row& row) {
  const int64_t channels = run.channels;
  forTiles(shape, run, [&](int64_t t, int64_t pixel, int64_t top, int64_t left) __attribute__((always_inline)) {
    const S* lines[reach];
    for (int i = 0; i < reach; i++) {
      const int64_t y = top + i - border;
      lines[i] = border == 0 || (y >= 0 && y < shape.height) ? x + (pixel + (i - border) * shape.width - border) * channels : zeros;
    }
    const bool noFirst = border == 1 && left == 0, noLast = border == 1 && left + reach - 2 == shape.width;
    float* to = planes + t * channels;
    for (int64_t c = 0; c < channels; c += kLanes) {
      V in[reach * reach], out[outs * outs];
#pragma GCC unroll 6
      for (int i = 0; i < reach; i++)
#pragma GCC unroll 6
        for (int j = 0; j < reach; j++)
          in[i * reach + j] = (j == 0 && noFirst) || (j == reach - 1 && noLast) ? V{} : Wide<S>::load(lines[i] + j * channels + c);
      bothWays<reach, outs>(in, out, row);
#pragma GCC unroll 36
      for (int p = 0; p < outs * outs; p++) store(to + p * run.stride + c, out[p]);
    }
  });
}

template <int ins, int side, typename S, typename Row>
SWEEPSTAKE_INLINE void fromPlanes(const float* planes, const WinogradShape& shape, const TileRun& run, const float* bias, S* y,
                                  const Row& row) {
  forTiles(shape, run, [&](int64_t t, int64_t pixel, int64_t, int64_t) __attribute__((always_inline)) {
    const float* from = planes + t * run.channels;
    S* corner = y + pixel * run.channels;
    for (int64_t c = 0; c < run.channels; c += kLanes) {
      V in[ins * ins], out[side * side];
#pragma GCC unroll 36
      for (int p = 0; p < ins * ins; p++) in[p] = load(from + p * run.stride + c);
      bothWays<ins, side>(in, out, row);
      if (bias != nullptr) {
        const V add = load(bias + c);
        for (V& value : out) value += add;
      }
#pragma GCC unroll 4
      for (int i = 0; i < side; i++)
#pragma GCC unroll 4
        for (int j = 0; j < side; j++) Wide<S>::store(corner + (i * shape.width + j) * run.channels + c, out[i * side + j]);
    }
  });
}

template <typename S>
void input(const S* x, const S* zeros, const WinogradShape& shape, const TileRun& run, float* planes) {
  if (shape.isTwoByTwo()) return toPlanes<2, 0, 3>(x, zeros, shape, run, planes, inputOfTwo);
  toPlanes<6, 1, 6>(x, zeros, shape, run, planes, inputTransform);
}

template <typename S>
void gradient(const S* dy, const WinogradShape& shape, const TileRun& run, float* planes) {
  if (shape.isTwoByTwo()) return toPlanes<2, 0, 3>(dy, dy, shape, run, planes, gradientOfTwo);
  toPlanes<4, 0, 6>(dy, dy, shape, run, planes, gradientTransform);
}

template <typename S>
void output(const float* planes, const WinogradShape& shape, const TileRun& run, const float* bias, S* y) {
  if (shape.isTwoByTwo()) return fromPlanes<3, 2>(planes, shape, run, bias, y, outputOfTwo);
  fromPlanes<6, 4>(planes, shape, run, bias, y, outputTransform);
}

// One block of a product: to[r][n] = sum over k of a[r, k] * b[k, n], for `rows` rows and `columns` vectors, added to what is there unless
// `fresh`. a's elements are rowStep and sumStep apart, so it may lie either way.
template <int rows, int columns, bool fresh>
SWEEPSTAKE_INLINE void productBlock(const float* a, int64_t rowStep, int64_t sumStep, const float* b, int64_t bStep, int64_t count, float* to,
                                    int64_t toStep) {
  V sum[rows][columns];
#pragma GCC unroll 16
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
    for (int n = 0; n < columns; n++) sum[r][n] = fresh ? V{} : load(to + r * toStep + n * kLanes);
  for (int64_t k = 0; k < count; k++) {
    V factors[columns];
#pragma GCC unroll 4
    for (int n = 0; n < columns; n++) factors[n] = load(b + k * bStep + n * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
      const V value = everywhere(a[r * rowStep + k * sumStep]);
#pragma GCC unroll 4
      for (int n = 0; n < columns; n++) sum[r][n] = fma(value, factors[n], sum[r][n]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
    for (int n = 0; n < columns; n++) store(to + r * toStep + n * kLanes, sum[r][n]);
}

// Registers for sums: rows x columns of them, beside `columns` factors and one broadcast value.
constexpr bool kManyRegisters = kRegisterBytes != 32;  // 32 of them, with AVX2 16
template <int columns>
constexpr int kMultiplyRows = kManyRegisters ? (columns == 4 ? 6 : columns == 2 ? 12 : 16) : (columns == 4 ? 3 : columns == 2 ? 6 : 8);
template <int columns>
constexpr int kAccumulateRows = kManyRegisters ? (columns == 4 ? 4 : columns == 2 ? 8 : 16) : (columns == 4 ? 2 : columns == 2 ? 4 : 8);

// Calls body(first output, std::integral_constant of the vectors) over `from` to `to`, multiples of 16.
template <typename Body>
SWEEPSTAKE_INLINE void forColumns(int64_t from, int64_t to, const Body& body) {
  constexpr int most = kManyRegisters ? 4 : 2;
  int64_t o = from;
  for (; o + most * kLanes <= to; o += most * kLanes) body(o, std::integral_constant<int, most>());
  if (most == 4 && o + 2 * kLanes <= to) {
    body(o, std::integral_constant<int, 2>());
    o += 2 * kLanes;
  }
  if (o + kLanes <= to) body(o, std::integral_constant<int, 1>());
}

void multiply(const Product& p, const float* v, const float* u, float* m) {
  for (int64_t plane = 0; plane < p.planes; plane++) {
    const float *from = v + plane * p.inStride, *filter = u + plane * p.in * p.out;
    float* to = m + plane * p.outStride;
    forColumns(0, p.out, [&](int64_t o, auto vectors) {
      constexpr int columns = decltype(vectors)::value, rows = kMultiplyRows<columns>;
      const auto block = [&](auto height, int64_t t) __attribute__((always_inline)) {
        productBlock<decltype(height)::value, columns, true>(from + t * p.in, p.in, 1, filter + o, p.out, p.in, to + t * p.out + o, p.out);
      };
      int64_t t = 0;
      for (; t + rows <= p.tiles; t += rows) block(std::integral_constant<int, rows>(), t);
      if (rows > 4)
        for (; t + 4 <= p.tiles; t += 4) block(std::integral_constant<int, 4>(), t);
      for (; t < p.tiles; t++) block(std::integral_constant<int, 1>(), t);
    });
  }
}

void accumulate(const Product& p, const float* v, const float* d, float* du) {
  for (int64_t plane = 0; plane < p.planes; plane++) {
    const float *from = v + plane * p.inStride, *gradient = d + plane * p.outStride;
    forColumns(0, p.out, [&](int64_t o, auto vectors) {
      constexpr int columns = decltype(vectors)::value, rows = kAccumulateRows<columns>;
      for (int64_t i = 0; i < p.in; i += rows) {
        float* to = du + (plane * p.in + i) * p.out + o;
        productBlock<rows, columns, false>(from + i, 1, p.in, gradient + o, p.out, p.tiles, to, p.out);
      }
    });
  }
}

void gradientPlane(const Product& p, int64_t part, int64_t from, int64_t to, const float* v, const float* d, float* du) {
  forColumns(from, to, [&](int64_t o, auto vectors) {
    constexpr int columns = decltype(vectors)::value, rows = kAccumulateRows<columns>;
    constexpr int64_t width = columns * kLanes;
    for (int64_t i = 0; i < p.in; i += rows) {
      double total[rows * width] = {};
      for (int64_t t = 0; t < p.tiles; t += part) {
        float values[rows * width];
        productBlock<rows, columns, true>(v + t * p.in + i, 1, p.in, d + t * p.out + o, p.out, std::min(part, p.tiles - t), values, width);
        for (int64_t k = 0; k < rows * width; k++) total[k] += values[k];
      }
      for (int64_t k = 0; k < rows; k++)
        for (int64_t n = 0; n < width; n++) du[(i + k) * p.out + o + n] = static_cast<float>(total[k * width + n]);
    }
  });
}

// Filters of 16 outputs and one input: position k, output o at [k][o].
using FilterBlock = float[9][16];

template <int outs, typename Row>
SWEEPSTAKE_INLINE void filterPlanes(const FilterBlock& block, float* u, int64_t stride, const Row& row) {
  for (int lane = 0; lane < 16; lane += kLanes) {
    V in[9], out[outs * outs];
    for (int k = 0; k < 9; k++) in[k] = load(&block[k][lane]);
    bothWays<3, outs>(in, out, row);
    for (int p = 0; p < outs * outs; p++) store(u + p * stride + lane, out[p]);
  }
}

void filter(const float* w, int64_t planes, int64_t in, int64_t out, int64_t from, int64_t to, bool turned, float* u) {
  for (int64_t o = from; o < to; o += 16) {
    for (int64_t i = 0; i < in; i++) {
      FilterBlock block;
      for (int lane = 0; lane < 16; lane++) {
        const float* nine = w + (turned ? i * out + o + lane : (o + lane) * in + i) * 9;
        for (int k = 0; k < 9; k++) block[k][lane] = nine[turned ? 8 - k : k];
      }
      float* planesOf = u + i * out + o;
      if (planes == 9) filterPlanes<3>(block, planesOf, in * out, filterOfTwo);
      else filterPlanes<6>(block, planesOf, in * out, filterTransform);
    }
  }
}

template <int ins, typename Row>
SWEEPSTAKE_INLINE void planesToFilter(const float* du, int64_t stride, FilterBlock& block, const Row& row) {
  for (int lane = 0; lane < 16; lane += kLanes) {
    V in[ins * ins], out[9];
    for (int p = 0; p < ins * ins; p++) in[p] = load(du + p * stride + lane);
    bothWays<ins, 3>(in, out, row);
    for (int k = 0; k < 9; k++) store(&block[k][lane], out[k]);
  }
}

void filterBack(const float* du, int64_t planes, int64_t in, int64_t out, int64_t from, int64_t to, float* dw) {
  for (int64_t o = from; o < to; o += 16) {
    for (int64_t i = 0; i < in; i++) {
      FilterBlock block;
      const float* planesOf = du + i * out + o;
      if (planes == 9) planesToFilter<3>(planesOf, in * out, block, filterBackOfTwo);
      else planesToFilter<6>(planesOf, in * out, block, filterBackTransform);
      for (int lane = 0; lane < 16; lane++)
        for (int k = 0; k < 9; k++) dw[((o + lane) * in + i) * 9 + k] = block[k][lane];
    }
  }
}

template <typename S>
constexpr WinogradTransforms<S> transforms{input<S>, gradient<S>, output<S>};

}  // namespace

const WinogradKernels SWEEPSTAKE_VARIANT::winogradKernels{transforms<float>, transforms<Bfloat16>, multiply, accumulate, gradientPlane, filter, filterBack};

}  // namespace sweepstake
