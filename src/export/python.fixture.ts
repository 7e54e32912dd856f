import { spawnSync } from "node:child_process";

const candidates = [process.env.PYTHON, "python3", "/usr/bin/python3"].filter((path) => path !== undefined);

/** A Python that has a module, for checks by programs that are not ours; undefined where there is none. */
export function pythonWith(module: string): string | undefined {
  return candidates.find((path) => spawnSync(path, ["-c", `import ${module}`]).status === 0);
}

/** What a program prints. @throws Error with what it complained of */
export function runPython(python: string, program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(python, ["-c", program, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}
