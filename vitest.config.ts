import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    // libtorch keeps process-wide state (threads, allocator), so every test file gets a process of its own.
    pool: "forks",
    maxWorkers: 2,
    // Threads that wait for each other sleep. By default they spin, which stalls those that have work where cores are few or busy.
    env: { OMP_WAIT_POLICY: "passive" },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
  },
});
