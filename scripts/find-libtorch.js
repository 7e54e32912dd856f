// Finds a libtorch to build against. Plain Node without dependencies, so that it runs before anything is built.
//
//   node scripts/find-libtorch.js             say what was found (exit 0) or what was tried and how to mend it (exit 1)
//   node scripts/find-libtorch.js --json      the same as one JSON object
//   node scripts/find-libtorch.js --make F    write F for native/Makefile, left untouched when nothing has changed
//   --system-prefix DIR                       where a system-wide libtorch is looked for (default /usr)
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv, env, exit, stderr, stdout } from "node:process";

const versionHeader = "torch/csrc/api/include/torch/version.h";

/** The libtorch below `root`, or a sentence that says what is missing there. */
function inspect(root, source) {
  const include = join(root, "include");
  if (!existsSync(join(include, versionHeader))) return `no ${join(include, versionHeader)}`;
  const folders = ["lib", "lib64", ...architectureFolders(root)].map((name) => join(root, name));
  const lib = folders.find((folder) => existsSync(join(folder, "libtorch_cpu.so")));
  if (lib === undefined) return `headers, but no libtorch_cpu.so in ${folders.join(", ")}`;
  return { source, include, lib, version: readVersion(include), abi: readAbi(root, lib), ...inspectCuda(root, lib) };
}

/**
 * Whether this libtorch has CUDA, and where CUDA's own headers are, which recording CUDA graphs needs: the user's CUDA, or the
 * wheels that pip installs beside PyTorch (without `crt` they are not complete).
 */
function inspectCuda(root, lib) {
  const libraries = ["libtorch_cuda.so", "libc10_cuda.so"].map((name) => join(lib, name));
  if (!libraries.every(existsSync)) return { cuda: false };
  const wheels = join(root, "..", "nvidia");
  const places = [
    ...[env.CUDA_HOME, env.CUDA_PATH, "/usr/local/cuda"].flatMap((home) => (home ? [join(home, "include")] : [])),
    ...["cuda_runtime", "cu13"].map((name) => join(wheels, name, "include")),
    join(root, "include"),
    "/usr/include",
  ];
  const needed = ["cuda_runtime_api.h", "crt/host_defines.h"];
  const cudaInclude = places.find((place) => needed.every((header) => existsSync(join(place, header))));
  return cudaInclude === undefined ? { cuda: true } : { cuda: true, cudaInclude };
}

/** Debian keeps its libraries in lib/<architecture>. */
function architectureFolders(root) {
  if (!existsSync(join(root, "lib"))) return [];
  return readdirSync(join(root, "lib"))
    .filter((name) => name.endsWith("-linux-gnu"))
    .map((name) => `lib/${name}`);
}

function readVersion(include) {
  const text = readFileSync(join(include, versionHeader), "utf8");
  const part = (name) => new RegExp(`#define TORCH_VERSION_${name} (\\d+)`).exec(text)?.[1] ?? "0";
  return ["MAJOR", "MINOR", "PATCH"].map(part).join(".");
}

/**
 * Which std::string this libtorch was compiled with: 0 (before C++11, as in pip's PyTorch before 2.7) or 1. A function that takes one has
 * it in its symbol; where that is not to be seen, libtorch's CMake file says.
 */
function readAbi(root, lib) {
  return symbolAbi(join(lib, "libc10.so")) ?? cmakeAbi([root, lib]) ?? "1";
}

function symbolAbi(library) {
  if (!existsSync(library)) return undefined;
  const content = readFileSync(library);
  const taking = (text) => content.includes(`_ZN3c105ErrorC1ENS_14SourceLocationE${text}`); // c10::Error(SourceLocation, std::string)
  if (taking("Ss")) return "0";
  return taking("NSt7__cxx1112basic_string") ? "1" : undefined;
}

function cmakeAbi(roots) {
  for (const root of roots) {
    for (const folder of ["share/cmake/Torch", "cmake/Torch"]) {
      const file = join(root, folder, "TorchConfig.cmake");
      const found = existsSync(file) && /_GLIBCXX_USE_CXX11_ABI=([01])/.exec(readFileSync(file, "utf8"));
      if (found) return found[1];
    }
  }
  return undefined;
}

/** The folder and ABI of the user's PyTorch, or a sentence that says why there is none. */
function askPython() {
  const script =
    "import json, os, torch; print(json.dumps({'root': os.path.dirname(torch.__file__), 'abi': str(int(torch._C._GLIBCXX_USE_CXX11_ABI))}))";
  try {
    const text = execFileSync("python3", ["-c", script], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    return JSON.parse(text.trim().split("\n").at(-1));
  } catch (error) {
    if (error.code === "ENOENT") return "there is no python3";
    return String(error.stderr ?? error.message)
      .trim()
      .split("\n")
      .at(-1);
  }
}

/** Tries every place in turn. @returns {{ found?: object, tried: string[] }} */
function locate(systemPrefix) {
  const tried = [];
  const accept = (what, result) => {
    if (typeof result !== "string") return { found: result, tried };
    tried.push(`${what}: ${result}`);
    return undefined;
  };
  if (env.LIBTORCH) {
    // The user's explicit choice: when it is wrong, taking another one silently would surprise.
    return accept(`LIBTORCH=${env.LIBTORCH}`, inspect(env.LIBTORCH, "LIBTORCH")) ?? { tried };
  }
  tried.push("LIBTORCH: not set");
  const python = askPython();
  const fromPython = typeof python === "string" ? python : inspect(python.root, "python3 -c 'import torch'");
  if (typeof fromPython !== "string") fromPython.abi = python.abi;
  return (
    accept("python3 -c 'import torch'", fromPython) ??
    accept(`${systemPrefix} (libtorch-dev)`, inspect(systemPrefix, systemPrefix)) ?? { tried }
  );
}

const failure = (tried) => `libtorch was not found. Tried:
${tried.map((line) => `  ${line}`).join("\n")}
Install it, or name the folder that has its include/ and lib/:
  sudo apt-get install libtorch-dev
  LIBTORCH=/path/to/libtorch make -C native
`;

function cudaText({ cuda, cudaInclude }) {
  if (!cuda) return "";
  if (cudaInclude !== undefined) return ` with CUDA, whose headers are in ${cudaInclude}`;
  return " with CUDA, whose headers were not found: training steps will not be recorded as CUDA graphs; CUDA_HOME=/path/to/cuda names them";
}

const option = (name) => (argv.includes(name) ? argv[argv.indexOf(name) + 1] : undefined);
const { found, tried } = locate(option("--system-prefix") ?? "/usr");
const makeFile = option("--make");

if (argv.includes("--json")) stdout.write(`${JSON.stringify(found ?? { tried })}\n`);
else if (found === undefined) stderr.write(failure(tried));
else if (makeFile === undefined)
  stdout.write(`libtorch ${found.version} from ${found.source}: ${found.include}, ${found.lib}${cudaText(found)}\n`);
else {
  const text = `TORCH_VERSION := ${found.version}
TORCH_INCLUDE := ${found.include}
TORCH_LIB := ${found.lib}
TORCH_ABI := ${found.abi}
CUDA_INCLUDE := ${found.cudaInclude ?? ""}
`;
  if (found.cuda && found.cudaInclude === undefined) stderr.write(`note: libtorch${cudaText(found)}\n`);
  if (!existsSync(makeFile) || readFileSync(makeFile, "utf8") !== text) writeFileSync(makeFile, text);
}
if (found === undefined) exit(1);
