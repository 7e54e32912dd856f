import type { DType } from "../core/array.ts";
import {
  PickleDict,
  PickleForeign,
  PickleGlobal,
  PickleInert,
  PickleList,
  PickleSet,
  PickleStorage,
  PickleTensor,
  PickleTuple,
  type PickleValue,
} from "./pickle-values.ts";

/**
 * The classes and functions that a checkpoint may name, and what we make of them. Nothing is imported or called: each
 * is a name that leads to a few lines below. The same list, less subclasses and sparse tensors, as PyTorch's `weights_only`.
 */

/** What a call gives, or why it is refused. */
export type CallResult = { readonly value: PickleValue } | { readonly refused: string };

const storageTypes: Readonly<Record<string, DType>> = {
  FloatStorage: "float32",
  DoubleStorage: "float64",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
};

/** Element types by the full name of their storage's class; tensors of a GPU are read like those of the CPU. */
const storages: ReadonlyMap<string, DType> = new Map(
  ["torch", "torch.cuda"].flatMap((module) =>
    Object.entries(storageTypes).map(([name, dtype]): [string, DType] => [`${module}.${name}`, dtype]),
  ),
);

const calls: ReadonlyMap<string, (args: readonly PickleValue[]) => CallResult> = new Map([
  ["collections.OrderedDict", emptyOrderedDict],
  ["collections.Counter", counter],
  ["__builtin__.set", anySet],
  ["builtins.set", anySet],
  ["_codecs.encode", encodedBytes],
  ["torch._utils._rebuild_tensor_v2", rebuildTensor],
  ["torch._utils._rebuild_parameter", rebuildParameter],
  ["torch.Size", () => ({ value: new PickleInert("torch.Size") })],
  ["torch.device", () => ({ value: new PickleInert("torch.device") })],
]);

const dtypeNames =
  "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool complex64 complex128 float double half long int short";
const dtypes: ReadonlySet<string> = new Set(dtypeNames.split(" ").map((name) => `torch.${name}`));

/** The value that a name of the allow-list stands for; undefined for any other name. */
export function allowedGlobal(name: string): PickleValue | undefined {
  if (dtypes.has(name)) return new PickleInert(name);
  return calls.has(name) || storages.has(name) ? new PickleGlobal(name) : undefined;
}

/** Modules whose names no honest checkpoint has: a file with one of them is refused whole. */
const dangerous: ReadonlySet<string> = new Set(
  "os posix nt subprocess sys shutil socket runpy importlib pty commands code pdb ctypes webbrowser".split(" "),
);
const harmlessBuiltins: ReadonlySet<string> = new Set(
  "complex slice range xrange unicode long bytearray frozenset object int float str bool list dict tuple bytes".split(
    " ",
  ),
);

/** A class or function that we do not know, as a name that stands for nothing; undefined for what is refused. */
export function foreignGlobal(module: string, name: string): PickleForeign | undefined {
  const [root = ""] = module.split(".");
  const isName = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(module) && /^(?!__)[A-Za-z_]\w*$/.test(name);
  if (
    !isName ||
    dangerous.has(root) ||
    (/^torch(\.(hub|jit|serialization|package)\b|$)/.test(module) && /load|save|import|compile/.test(name))
  )
    return undefined;
  const isBuiltin = root === "builtins" || root === "__builtin__";
  return isBuiltin && !harmlessBuiltins.has(name) ? undefined : new PickleForeign(`${module}.${name}`);
}

/** What calling an allowed function or class gives. */
export function call(callee: PickleGlobal, args: readonly PickleValue[]): CallResult {
  return calls.get(callee.name)?.(args) ?? { refused: "it is not to be called" };
}

/**
 * The storage that a persistent id stands for.
 * @param id ("storage", class, key, location, elements), in the old format with a sixth item that must be None
 */
export function storageOf(id: PickleValue): CallResult {
  if (!(id instanceof PickleTuple)) return { refused: "expected a tuple" };
  const [tag, type, key, location, size, view = null, ...rest] = id.items;
  const dtype = type instanceof PickleGlobal ? storages.get(type.name) : undefined;
  // A type of elements that we do not know: complex, quantised, eight bits.
  if (tag === "storage" && type instanceof PickleForeign) return { value: type };
  if (tag !== "storage" || dtype === undefined || typeof key !== "string" || typeof location !== "string")
    return { refused: 'expected ("storage", a class of storages, key, location, size)' };
  if (!isCount(size)) return { refused: "expected a whole number of elements" };
  if (view !== null || rest.length > 0) return { refused: "expected no view of another storage (PyTorch before 0.4)" };
  return { value: new PickleStorage(key, dtype, size) };
}

function emptyOrderedDict(args: readonly PickleValue[]): CallResult {
  return args.length === 0 ? { value: new PickleDict(true) } : { refused: "expected no arguments" };
}

/** As learning-rate schedules keep their milestones. */
function counter(args: readonly PickleValue[]): CallResult {
  const [counts, ...rest] = args;
  if (!(counts instanceof PickleDict) || rest.length > 0) return { refused: "expected one dict" };
  return { value: counts };
}

function anySet(args: readonly PickleValue[]): CallResult {
  const [items, ...rest] = args;
  if (!(items instanceof PickleList) || rest.length > 0) return { refused: "expected one list" };
  return { value: new PickleSet() };
}

/** Protocol 2 writes bytes as `encode(text, "latin1")`. */
function encodedBytes(args: readonly PickleValue[]): CallResult {
  const [text, encoding, ...rest] = args;
  if (typeof text !== "string" || encoding !== "latin1" || rest.length > 0)
    return { refused: 'expected (text, "latin1")' };
  return { value: new PickleInert("bytes") };
}

/** (storage, offset, shape, strides, requires_grad, hooks[, metadata]) */
function rebuildTensor(args: readonly PickleValue[]): CallResult {
  const [storage, offset, shape, strides, requiresGrad, hooks, metadata = null, ...rest] = args;
  if (storage instanceof PickleForeign) return { value: storage };
  if (!(storage instanceof PickleStorage)) return { refused: "expected a storage" };
  const sizes = counts(shape);
  const steps = counts(strides);
  if (!isCount(offset) || sizes === undefined || steps?.length !== sizes.length)
    return { refused: "expected an offset, and a shape and strides of equal length, of whole numbers from 0" };
  if (typeof requiresGrad !== "boolean" || !isEmptyDict(hooks)) return { refused: "expected a flag and no hooks" };
  // Here a tensor says that it stands for its conjugate or negative; reading it as it lies would give other numbers.
  if (rest.length > 0 || !(metadata === null || isEmptyDict(metadata))) return { refused: "expected no metadata" };
  return { value: new PickleTensor(storage, offset, sizes, steps) };
}

/** (tensor, requires_grad, hooks) */
function rebuildParameter(args: readonly PickleValue[]): CallResult {
  const [tensor, requiresGrad, hooks, ...rest] = args;
  if (tensor instanceof PickleForeign) return { value: tensor };
  if (!(tensor instanceof PickleTensor)) return { refused: "expected a tensor" };
  if (typeof requiresGrad !== "boolean" || !isEmptyDict(hooks) || rest.length > 0)
    return { refused: "expected a flag and no hooks" };
  return { value: tensor };
}

function isEmptyDict(value: PickleValue | undefined): boolean {
  return value instanceof PickleDict && value.entries.size === 0;
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** PyTorch's own limit is 64 dimensions; a bound makes every call's work constant. */
function counts(value: PickleValue | undefined): readonly number[] | undefined {
  if (!(value instanceof PickleTuple) || value.items.length > 64) return undefined;
  return value.items.every(isCount) ? value.items : undefined;
}
