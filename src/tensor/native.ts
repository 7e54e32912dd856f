import type { DType } from "../core/array.ts";

/** A slot of the engine's tensor table. Zero is no tensor. */
export type Handle = number;

/** What the engine knows about a tensor. */
export interface Description {
  readonly shape: number[];
  readonly dtype: DType;
  readonly device: string;
}

/** Facts about the loaded engine, for `doctor` and for provenance. */
export interface EngineInfo {
  /** Version of the libtorch this addon was built with, e.g. `1.13.1`. */
  readonly libtorch: string;
  /** Whether libtorch can use CUDA here (a CUDA build and a driver). */
  readonly cuda: boolean;
  readonly cudaDevices: number;
  /** Whether the addon was built with CUDA's headers, so that training steps are recorded and replayed. */
  readonly cudaGraphs: boolean;
  /** Whether libtorch has oneDNN (fast convolutions on a CPU). */
  readonly mkldnn: boolean;
  /** Threads that one operation may use. */
  readonly threads: number;
  /** Vector instructions that libtorch's own kernels use, e.g. `AVX2`. */
  readonly cpuCapability: string;
  /** Whether the CPU has bfloat16 instructions (AVX512-BF16 or AMX). */
  readonly bfloat16: boolean;
  /** The vector instructions that the addon's kernels use; avx2 includes FMA. */
  readonly variant: "baseline" | "avx2" | "avx512";
}

type MaybeHandle = Handle | undefined;
type HostData = ArrayBufferView;
type Unary = (a: Handle) => Handle;
type Binary = (a: Handle, b: Handle) => Handle;
type Scalar = (a: Handle, value: number) => Handle;
type Reduce = (a: Handle, dims: readonly number[] | undefined, keepDim: boolean) => Handle;

/** One operation of a TorchScript network that can run. */
export interface ScriptOperation {
  /** E.g. `aten::dropout`. */
  readonly kind: string;
  /** The attribute that a `prim::SetAttr` sets, and whether that is a tensor. */
  readonly sets?: string;
  readonly setsTensor?: boolean;
  /** A device and an element type that it names. */
  readonly device?: string;
  readonly dtype?: string;
  /** Arguments that are constants: numbers and flags, by name. */
  readonly constants: Arguments;
  /** Arguments that are the same in every run: the constants, and what attributes, defaults and arithmetic come to. */
  readonly known: Arguments;
}

type Arguments = Readonly<Record<string, number | boolean>>;

/** A convolution, linear layer or normalisation of a forward pass, with the names of the variables that it used directly. */
export interface ScriptUse {
  readonly operation: "convolution" | "linear" | "normalisation";
  readonly weight?: string;
  readonly bias?: string;
  readonly mean?: string;
  readonly variance?: string;
  /** Multiply-accumulates for one image. */
  readonly macs: number;
}

/**
 * The functions that the addon exports (native/addon.cc has the same list). Every one of them throws an error made by the
 * function given to `onError`, with the operation, the arguments' shapes and the cause.
 */
export interface Native {
  onError(make: (message: string) => Error): void;
  engineInfo(): EngineInfo;
  setThreads(n: number): void;
  getThreads(): number;
  /** For tests: whether the addon's own kernels are used on a CPU, or libtorch's operations as on every other device. */
  setOwnKernels(on: boolean): void;
  ownKernels(): boolean;
  /** Whether 3x3 convolutions may be Winograd's, or are all libtorch's (at first). */
  setWinograd(on: boolean): void;
  /** Whether they are here for images of this type. */
  hasWinograd(dtype: DType): boolean;
  /** For tests: the widest vector instructions that kernels may use, `baseline`, `avx2` or `avx512`. */
  setVariant(name: string): void;
  setGradEnabled(on: boolean): boolean;
  bytesInUse(): number;
  peakBytes(): number;
  resetPeak(): void;
  /** Calls and milliseconds per kind of node of the backward passes since the last call; the first call switches it on. */
  profileBackward(): Record<string, [number, number]>;

  fromHost(data: HostData, shape: readonly number[], from: DType, dtype: DType, device: string): Handle;
  full(shape: readonly number[], value: number, dtype: DType, device: string): Handle;
  toHost(a: Handle, into: HostData): void;
  item(a: Handle): number;
  describe(a: Handle): Description;
  dispose(a: Handle): void;

  add: Binary;
  sub: Binary;
  mul: Binary;
  div: Binary;
  addScalar: Scalar;
  subScalar: Scalar;
  mulScalar: Scalar;
  divScalar: Scalar;
  neg: Unary;
  abs: Unary;
  exp: Unary;
  log: Unary;
  sqrt: Unary;
  square: Unary;
  relu: Unary;
  equal: Binary;
  sum: Reduce;
  mean: Reduce;
  argmax(a: Handle, dim: number): Handle;
  recordColumn(table: Handle, position: Handle, values: readonly Handle[]): void;
  matmul: Binary;
  reshape(a: Handle, shape: readonly number[]): Handle;
  flatten(a: Handle, startDim: number): Handle;
  transpose(a: Handle, dim0: number, dim1: number): Handle;
  narrow(a: Handle, dim: number, start: number, length: number): Handle;
  indexSelect(a: Handle, dim: number, index: Handle): Handle;
  to(a: Handle, dtype: DType | undefined, device: string | undefined): Handle;
  contiguous(a: Handle, channelsLast: boolean): Handle;
  detach: Unary;
  clone: Unary;
  copyFrom(a: Handle, source: Handle): void;

  requiresGrad(a: Handle): boolean;
  setRequiresGrad(a: Handle, on: boolean): void;
  /** The gradient's handle, 0 when there is none. */
  grad: Unary;
  zeroGrad(a: Handle): void;
  backward(a: Handle): void;

  linear(x: Handle, weight: Handle, bias: MaybeHandle): Handle;
  conv2d(
    x: Handle,
    weight: Handle,
    bias: MaybeHandle,
    stride: readonly number[],
    padding: readonly number[],
    dilation: readonly number[],
    groups: number,
  ): Handle;
  maxPool2d(x: Handle, kernel: readonly number[], stride: readonly number[], padding: readonly number[]): Handle;
  avgPool2d(x: Handle, kernel: readonly number[], stride: readonly number[], padding: readonly number[]): Handle;
  globalAvgPool: Unary;
  batchNorm(
    x: Handle,
    weight: MaybeHandle,
    bias: MaybeHandle,
    runningMean: Handle,
    runningVar: Handle,
    residual: MaybeHandle,
    training: boolean,
    momentum: number,
    eps: number,
    relu: boolean,
  ): Handle;
  padChannels(x: Handle, before: number, after: number): Handle;
  subsample(x: Handle, stride: number): Handle;
  logSoftmax(x: Handle, dim: number): Handle;
  crossEntropy(logits: Handle, labels: Handle, reduction: "mean" | "sum"): Handle;
  correctCount(logits: Handle, labels: Handle): Handle;

  sgdStep(
    params: readonly Handle[],
    momenta: readonly Handle[],
    masks: readonly MaybeHandle[],
    lr: number,
    momentum: number,
    weightDecay: number,
    nesterov: boolean,
    firstStep: boolean,
  ): void;
  sgdStepOnDevice(
    params: readonly Handle[],
    momenta: readonly Handle[],
    masks: readonly MaybeHandle[],
    lr: Handle,
    momentum: number,
    weightDecay: number,
    nesterov: boolean,
  ): void;
  gatherAugmented(
    images: Handle,
    indices: Int32Array,
    offsetsY: Int32Array | undefined,
    offsetsX: Int32Array | undefined,
    flip: Uint8Array | undefined,
    pad: number,
    mean: readonly number[],
    std: readonly number[],
    dtype: DType,
  ): Handle;
  gatherPlanned(
    images: Handle,
    indices: Handle,
    offsetsY: MaybeHandle,
    offsetsX: MaybeHandle,
    flip: MaybeHandle,
    pad: number,
    pixels: Handle,
  ): Handle;
  gatherLabels(labels: Handle, indices: Int32Array): Handle;

  /** TorchScript; the first argument is always the script's own handle. */
  scriptLoad(bytes: Uint8Array): number;
  scriptVariables(script: number): readonly { name: string; isParameter: boolean; isTrained: boolean; value: Handle }[];
  scriptOperations(script: number): readonly ScriptOperation[];
  scriptUses(script: number, x: Handle): { output: Handle; uses: readonly ScriptUse[] };
  scriptBind(script: number, tensors: readonly Handle[]): void;
  scriptTrain(script: number, mode: boolean): void;
  scriptForward(script: number, x: Handle): Handle;
  scriptDispose(script: number): void;

  /** Starts recording on a CUDA device: until graphEnd or graphAbort, nothing runs there. */
  graphBegin(device: string): void;
  /** The recorded graph, a number above 0. */
  graphEnd(): number;
  graphAbort(): void;
  graphReplay(graph: number): void;
  graphFree(graph: number): void;
}
