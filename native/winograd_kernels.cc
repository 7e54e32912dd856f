#include "winograd_kernels.h"

#include <algorithm>
#include <type_traits>

namespace sweepstake {
namespace {

using V = Vector<float>;
constexpr int64_t kLanes = kRegisterBytes / sizeof(float);

SWEEPSTAKE_INLINE V load(const float* from) { return *reinterpret_cast<const V*>(from); }
SWEEPSTAKE_INLINE void store(float* to, const V& value) { *reinterpret_cast<V*>(to) = value; }

// The transforms of one row or column, elements `from` and `to` apart. F(4x4, 3x3) with the points 0, 1, -1, 2, -2 and infinity; the
// names of the matrices are Lavin and Gray's.

// Bᵀd: six inputs to six planes.
constexpr auto inputTransform = [](const V* d, int from, V* t, int to) __attribute__((always_inline)) {
  const V four = everywhere(4), minusFour = everywhere(-4), minusFive = everywhere(-5), two = everywhere(2), minusTwo = everywhere(-2);
  const V d1 = d[from], d2 = d[2 * from], d3 = d[3 * from], d4 = d[4 * from];
  const V evens = fma(minusFour, d2, d4), odds = fma(minusFour, d1, d3), a = d4 - d2, b = d3 - d1;
  t[0] = fma(four, d[0], fma(minusFive, d2, d4));
  t[to] = evens + odds;
  t[2 * to] = evens - odds;
  t[3 * to] = fma(two, b, a);
  t[4 * to] = fma(minusTwo, b, a);
  t[5 * to] = fma(four, d1, fma(minusFive, d3, d[5 * from]));
};

// Aᵀm: six products to four outputs.
constexpr auto outputTransform = [](const V* m, int from, V* y, int to) __attribute__((always_inline)) {
  const V sum = m[from] + m[2 * from], difference = m[from] - m[2 * from];
  const V sum2 = m[3 * from] + m[4 * from], difference2 = m[3 * from] - m[4 * from];
  y[0] = m[0] + sum + sum2;
  y[to] = fma(everywhere(2), difference2, difference);
  y[2 * to] = fma(everywhere(4), sum2, sum);
  y[3 * to] = fma(everywhere(8), difference2, difference + m[5 * from]);
};

// A·dy: four gradients of outputs to six planes.
constexpr auto gradientTransform = [](const V* g, int from, V* t, int to) __attribute__((always_inline)) {
  const V four = everywhere(4);
  const V sum = g[0] + g[2 * from], odd = g[from] + g[3 * from];
  const V even2 = fma(four, g[2 * from], g[0]), odd2 = fma(four, g[3 * from], g[from]);
  t[0] = g[0];
  t[to] = sum + odd;
  t[2 * to] = sum - odd;
  t[3 * to] = fma(everywhere(2), odd2, even2);
  t[4 * to] = fma(everywhere(-2), odd2, even2);
  t[5 * to] = g[3 * from];
};

// G: a filter's row of three to six planes.
constexpr auto filterTransform = [](const V* w, int from, V* t, int to) __attribute__((always_inline)) {
  const V w0 = w[0], w1 = w[from], w2 = w[2 * from];
  const V outer = (w0 + w2) * (-1.0f / 6), inner = w1 * (1.0f / 6);
  const V outer2 = (w0 + 4 * w2) * (1.0f / 24), inner2 = w1 * (1.0f / 12);
  t[0] = w0 * 0.25f;
  t[to] = outer - inner;
  t[2 * to] = outer + inner;
  t[3 * to] = outer2 + inner2;
  t[4 * to] = outer2 - inner2;
  t[5 * to] = w2;
};

// Gᵀ: six planes to a filter's row of three.
constexpr auto filterBackTransform = [](const V* u, int from, V* w, int to) __attribute__((always_inline)) {
  const V sum = (u[from] + u[2 * from]) * (-1.0f / 6), difference = (u[2 * from] - u[from]) * (1.0f / 6);
  const V sum2 = (u[3 * from] + u[4 * from]) * (1.0f / 24), difference2 = (u[3 * from] - u[4 * from]) * (1.0f / 12);
  w[0] = u[0] * 0.25f + (sum + sum2);
  w[to] = difference + difference2;
  w[2 * to] = (sum + 4 * sum2) + u[5 * from];
};

// The same for two pixels between two of padding: y0 = w1 a + w2 b and y1 = w0 a + w1 b from three products,
// (a + b) w1, b (w2 - w1) and a (w0 - w1).
constexpr auto inputOfTwo = [](const V* d, int from, V* t, int to) __attribute__((always_inline)) {
  t[0] = d[0] + d[from];
  t[to] = d[from];
  t[2 * to] = d[0];
};

constexpr auto outputOfTwo = [](const V* m, int from, V* y, int to) __attribute__((always_inline)) {
  y[0] = m[0] + m[from];
  y[to] = m[0] + m[2 * from];
};

constexpr auto gradientOfTwo = [](const V* g, int from, V* t, int to) __attribute__((always_inline)) {
  t[0] = g[0] + g[from];
  t[to] = g[0];
  t[2 * to] = g[from];
};

constexpr auto filterOfTwo = [](const V* w, int from, V* t, int to) __attribute__((always_inline)) {
  t[0] = w[from];
  t[to] = w[2 * from] - w[from];
  t[2 * to] = w[0] - w[from];
};

constexpr auto filterBackOfTwo = [](const V* u, int from, V* w, int to) __attribute__((always_inline)) {
  w[0] = u[2 * from];
  w[to] = u[0] - u[from] - u[2 * from];
  w[2 * to] = u[from];
};

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

// One block of the product: `rows` tiles by `columns` vectors of outputs.
template <int rows, int columns>
SWEEPSTAKE_INLINE void multiplyBlock(const float* v, const float* u, int64_t in, int64_t out, float* m) {
  V sum[rows][columns] = {};
  for (int64_t i = 0; i < in; i++) {
    V w[columns];
#pragma GCC unroll 4
    for (int n = 0; n < columns; n++) w[n] = load(u + i * out + n * kLanes);
#pragma GCC unroll 16
    for (int t = 0; t < rows; t++) {
      const V value = everywhere(v[t * in + i]);
#pragma GCC unroll 4
      for (int n = 0; n < columns; n++) sum[t][n] = fma(value, w[n], sum[t][n]);
    }
  }
#pragma GCC unroll 16
  for (int t = 0; t < rows; t++)
#pragma GCC unroll 4
    for (int n = 0; n < columns; n++) store(m + t * out + n * kLanes, sum[t][n]);
}

// One block of its transpose over `tiles`: `rows` inputs by `columns` vectors of outputs, added to what is there unless `fresh`.
template <int rows, int columns, bool fresh>
SWEEPSTAKE_INLINE void accumulateBlock(const float* v, const float* d, int64_t tiles, int64_t in, int64_t out, float* to, int64_t stride) {
  V sum[rows][columns];
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
    for (int n = 0; n < columns; n++) sum[i][n] = fresh ? V{} : load(to + i * stride + n * kLanes);
  for (int64_t t = 0; t < tiles; t++) {
    V g[columns];
#pragma GCC unroll 4
    for (int n = 0; n < columns; n++) g[n] = load(d + t * out + n * kLanes);
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
      const V value = everywhere(v[t * in + i]);
#pragma GCC unroll 4
      for (int n = 0; n < columns; n++) sum[i][n] = fma(value, g[n], sum[i][n]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
    for (int n = 0; n < columns; n++) store(to + i * stride + n * kLanes, sum[i][n]);
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
      int64_t t = 0;
      for (; t + rows <= p.tiles; t += rows) multiplyBlock<rows, columns>(from + t * p.in, filter + o, p.in, p.out, to + t * p.out + o);
      if (rows > 4)
        for (; t + 4 <= p.tiles; t += 4) multiplyBlock<4, columns>(from + t * p.in, filter + o, p.in, p.out, to + t * p.out + o);
      for (; t < p.tiles; t++) multiplyBlock<1, columns>(from + t * p.in, filter + o, p.in, p.out, to + t * p.out + o);
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
        accumulateBlock<rows, columns, false>(from + i, gradient + o, p.tiles, p.in, p.out, to, p.out);
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
        accumulateBlock<rows, columns, true>(v + t * p.in + i, d + t * p.out + o, std::min(part, p.tiles - t), p.in, p.out, values, width);
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
