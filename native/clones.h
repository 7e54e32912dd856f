// Compiles a hot function once per vector width and picks one when the addon is loaded (x86 with glibc only).
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__)
#define SWEEPSTAKE_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define SWEEPSTAKE_CLONES
#endif

// The shared body of the clones has to be inlined into each of them.
#define SWEEPSTAKE_INLINE inline __attribute__((always_inline))
