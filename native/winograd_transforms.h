// Winograd's transforms of one row or column, for winograd_kernels.cc alone: like it, this is compiled once for each set of instructions,
// hence the namespace without a name.
#pragma once
#include "lanes.h"

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

}  // namespace
}  // namespace sweepstake
