import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { RunError } from "../core/errors.ts";
import { addonPath, load } from "./load.ts";

const folder = mkdtempSync(join(tmpdir(), "sweepstake-load-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("loading the addon", () => {
  it("looks in native/build of the package, or where SWEEPSTAKE_ADDON says", () => {
    expect(addonPath()).toBe(fileURLToPath(new URL("../../native/build/sweepstake.node", import.meta.url)));
    vi.stubEnv("SWEEPSTAKE_ADDON", "/elsewhere/x.node");
    expect(addonPath()).toBe("/elsewhere/x.node");
    vi.unstubAllEnvs();
  });

  it("names the missing file and the command that builds it, at the first use of the engine", async () => {
    vi.stubEnv("SWEEPSTAKE_ADDON", join(folder, "missing.node"));
    vi.resetModules();
    const { Tensor } = await import("./tensor.ts"); // importing alone must not need the addon
    expect(() => Tensor.zeros([1])).toThrow(
      `the native engine is not built: ${join(folder, "missing.node")} does not exist`,
    );
    expect(() => Tensor.zeros([1])).toThrow("hint: build it with `npm run setup`");
    vi.unstubAllEnvs();
  });

  it("passes the loader's reason on when the file cannot be loaded", () => {
    const path = join(folder, "broken.node");
    writeFileSync(path, "this is no shared library");
    expect(() => load(path)).toThrow(RunError);
    expect(() => load(path)).toThrow(/the native engine cannot be loaded from .*broken\.node: .*(header|short|ELF)/);
    expect(() => load(path)).toThrow("run `make -C native clean` and then `npm run setup`");
  });
});

describe("finding libtorch", () => {
  const script = fileURLToPath(new URL("../../scripts/find-libtorch.js", import.meta.url));

  function find(env: Record<string, string>, ...options: string[]): { exit: number; out: string; err: string } {
    try {
      const out = execFileSync(process.execPath, [script, ...options], { env, encoding: "utf8", stdio: "pipe" });
      return { exit: 0, out, err: "" };
    } catch (error) {
      const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
      return { exit: status, out: stdout, err: stderr };
    }
  }

  it("lists everything that was tried and the commands that mend it", () => {
    const { exit, err } = find({ PATH: folder }, "--system-prefix", folder);
    expect(exit).toBe(1);
    expect(err).toBe(`libtorch was not found. Tried:
  LIBTORCH: not set
  python3 -c 'import torch': there is no python3
  ${folder} (libtorch-dev): no ${folder}/include/torch/csrc/api/include/torch/version.h
Install it, or name the folder that has its include/ and lib/:
  sudo apt-get install libtorch-dev
  LIBTORCH=/path/to/libtorch make -C native
`);
  });

  it("does not pass over a wrong LIBTORCH", () => {
    const { exit, err } = find({ PATH: folder, LIBTORCH: folder });
    expect(exit).toBe(1);
    expect(err).toContain(`LIBTORCH=${folder}: no ${folder}/include/torch/csrc/api/include/torch/version.h`);
  });

  it("takes LIBTORCH first, with its version and the ABI from its CMake file", () => {
    const root = join(folder, "torch");
    execFileSync("mkdir", [
      "-p",
      join(root, "include/torch/csrc/api/include/torch"),
      join(root, "lib"),
      join(root, "share/cmake/Torch"),
    ]);
    writeFileSync(
      join(root, "include/torch/csrc/api/include/torch/version.h"),
      "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 6\n#define TORCH_VERSION_PATCH 1\n",
    );
    expect(find({ PATH: folder, LIBTORCH: root }).err).toContain("headers, but no libtorch_cpu.so in");
    writeFileSync(join(root, "lib/libtorch_cpu.so"), "");
    writeFileSync(
      join(root, "share/cmake/Torch/TorchConfig.cmake"),
      'set(TORCH_CXX_FLAGS "-D_GLIBCXX_USE_CXX11_ABI=0")',
    );
    const { out } = find({ PATH: folder, LIBTORCH: root }, "--json");
    expect(JSON.parse(out)).toEqual({
      source: "LIBTORCH",
      include: join(root, "include"),
      lib: join(root, "lib"),
      version: "2.6.1",
      abi: "0",
      cuda: false,
    });
  });

  it("believes libtorch's symbols before its CMake file", () => {
    const library = join(folder, "torch", "lib", "libc10.so");
    const symbol = "\0_ZN3c105ErrorC1ENS_14SourceLocationE";
    const abi = () =>
      (JSON.parse(find({ PATH: folder, LIBTORCH: join(folder, "torch") }, "--json").out) as { abi: string }).abi;
    writeFileSync(library, `\u007fELF${symbol}NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE\0`);
    expect(abi()).toBe("1");
    rmSync(join(folder, "torch/share"), { recursive: true });
    writeFileSync(library, `\u007fELF${symbol}Ss\0`);
    expect(abi()).toBe("0");
    rmSync(library);
    expect(abi()).toBe("1"); // the compiler's default
  });

  it("asks the user's Python before the system, and takes its ABI", () => {
    const python = join(folder, "python3");
    const root = join(folder, "torch");
    writeFileSync(python, `#!/bin/sh\necho a warning\necho '{"root": "${root}", "abi": "1"}'\n`, { mode: 0o755 });
    const { out } = find({ PATH: folder }, "--json");
    expect(JSON.parse(out)).toMatchObject({ source: "python3 -c 'import torch'", version: "2.6.1", abi: "1" });
    rmSync(python);
  });

  describe("in the layout of pip's PyTorch", () => {
    const packages = join(folder, "site-packages");
    const root = join(packages, "torch");
    const installed = JSON.parse(execFileSync(process.execPath, [script, "--json"], { encoding: "utf8" })) as {
      include: string;
      lib: string;
      version: string;
    };
    const bin = join(folder, "bin");

    beforeAll(() => {
      for (const path of [join(root, "lib"), bin]) mkdirSync(path, { recursive: true });
      symlinkSync(installed.include, join(root, "include"));
      for (const name of ["libtorch.so", "libtorch_cpu.so", "libc10.so"])
        symlinkSync(join(installed.lib, name), join(root, "lib", name));
      // The wheels of PyTorch before 2.7 have the old std::string.
      writeFileSync(join(bin, "python3"), `#!/bin/sh\necho '{"root": "${root}", "abi": "0"}'\n`, { mode: 0o755 });
    });

    /** What the Makefile is told. */
    function makeFile(env: Record<string, string> = {}): { text: string; err: string } {
      const file = join(folder, "libtorch.mk");
      const { stderr } = spawnSync(process.execPath, [script, "--make", file], {
        env: { PATH: bin, ...env },
        encoding: "utf8",
      });
      return { text: readFileSync(file, "utf8"), err: stderr };
    }

    const expected = (cudaInclude: string) => `TORCH_VERSION := ${installed.version}
TORCH_INCLUDE := ${join(root, "include")}
TORCH_LIB := ${join(root, "lib")}
TORCH_ABI := 0
CUDA_INCLUDE := ${cudaInclude}
`;

    it("finds headers and libraries beside each other, and the ABI that Python names", () => {
      expect(makeFile()).toEqual({ text: expected(""), err: "" });
    });

    it("finds CUDA in libtorch, and its headers in the wheels beside PyTorch or where CUDA_HOME says", () => {
      for (const name of ["libtorch_cuda.so", "libc10_cuda.so"]) writeFileSync(join(root, "lib", name), "");
      const home = join(folder, "cuda");
      const wheel = join(packages, "nvidia/cuda_runtime");
      // A machine that has CUDA in a usual place finds it there.
      if (!["/usr/local/cuda/include", "/usr/include"].some((place) => existsSync(join(place, "cuda_runtime_api.h")))) {
        const { text, err } = makeFile();
        expect(text).toBe(expected(""));
        expect(err).toBe(
          "note: libtorch with CUDA, whose headers were not found: training steps will not be recorded as CUDA graphs; CUDA_HOME=/path/to/cuda names them\n",
        );
      }
      for (const place of [home, wheel]) {
        mkdirSync(join(place, "include/crt"), { recursive: true });
        writeFileSync(join(place, "include/cuda_runtime_api.h"), "");
      }
      writeFileSync(join(home, "include/crt/host_defines.h"), "");
      expect(makeFile({ CUDA_HOME: home }).text).toBe(expected(join(home, "include")));
      // The wheel's headers are of no use without crt/.
      expect(makeFile().text).not.toContain(wheel);
      writeFileSync(join(wheel, "include/crt/host_defines.h"), "");
      expect(makeFile({ CUDA_HOME: join(folder, "none") }).text).toMatch(
        /CUDA_INCLUDE := \/(.*nvidia\/cuda_runtime|usr\/local\/cuda)\/include\n/,
      );
    });
  });
});
