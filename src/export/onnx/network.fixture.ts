import { env, InferenceSession, Tensor as OrtTensor } from "onnxruntime-web";
import { elementCount } from "../../core/array.ts";
import { stream } from "../../core/rng.ts";
import type { ModelInput, ModelSpec } from "../../models/types.ts";

env.wasm.numThreads = 1;

export const grey: ModelInput = { classes: 10, shape: [1, 28, 28] };
export const colour: ModelInput = { classes: 100, shape: [3, 32, 32] };
const odd: ModelInput = { classes: 7, shape: [3, 13, 11] };

/** Every built-in model, small, with each of its shapes and options that changes the graph. */
export const cases: readonly (readonly [ModelSpec, ModelInput])[] = [
  [{ name: "lenet5" }, grey],
  [{ name: "lenet5", width: 2 }, colour],
  [{ name: "lenet-300-100" }, grey],
  [{ name: "conv2", width: 0.1 }, grey],
  [{ name: "conv4", width: 0.1 }, colour],
  [{ name: "conv6", width: 0.1 }, odd],
  [{ name: "vgg11", width: 8 }, colour],
  [{ name: "resnet20" }, colour],
  [{ name: "resnet20", width: 3, shortcut: "identity" }, odd],
  [{ name: "resnet32", width: 4 }, colour],
  [{ name: "resnet44", width: 4 }, grey],
  [{ name: "resnet56", width: 4, shortcut: "identity" }, colour],
  [{ name: "resnet110", width: 4 }, colour],
  [{ name: "resnet18", width: 4, stem: "small" }, colour],
  [{ name: "resnet50", width: 2, stem: "small" }, odd],
  [{ name: "wrn", depth: 10, width: 1 }, colour],
  [{ name: "wrn", depth: 16, width: 2 }, odd],
  [{ name: "mobilenet-v2", width: 0.25 }, colour],
  [{ name: "mobilenet-v2", width: 0.25 }, odd],
];

/** Random numbers, and images whose pixels are those of bytes in blocks, as a photograph's: large equal areas, then normalised. */
export function images(shape: readonly number[], count: number, kind: "random" | "image-like"): Float32Array {
  const draws = stream(count, `images ${kind}`);
  const [, height = 1, width = 1] = shape;
  const byte = Float32Array.from({ length: 64 * count }, () => Math.floor(256 * draws.uniform()) / 255);
  return Float32Array.from({ length: count * elementCount(shape) }, (_, i) => {
    if (kind === "random") return draws.normal();
    const [x, y, plane] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))];
    return ((byte[(plane * 16 + (y >> 3) * 4 + (x >> 3)) % byte.length] ?? 0) - 0.47) / 0.25;
  });
}

/** What onnxruntime makes of a file. */
export async function runtime(bytes: Uint8Array) {
  const session = await InferenceSession.create(bytes);
  return {
    async logits(shape: readonly number[], data: Float32Array): Promise<Float32Array> {
      const { logits } = await session.run({ images: new OrtTensor("float32", data, shape) });
      return logits?.data as Float32Array;
    },
    release: () => session.release(),
  };
}
