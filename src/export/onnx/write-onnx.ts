import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { elementCount, type StateDict } from "../../core/array.ts";
import { InputError } from "../../core/errors.ts";
import { stream } from "../../core/rng.ts";
import { describeData } from "../../data/check.ts";
import { DeviceSplit } from "../../data/device.ts";
import { type Dataset, loadData } from "../../data/load.ts";
import { buildModel } from "../../models/index.ts";
import type { Module } from "../../nn/module.ts";
import { noGrad, scope } from "../../tensor/scope.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type Trace, trace } from "../../tensor/trace.ts";
import { type Shrunk, shrink } from "../compact/shrink.ts";
import type { ExportedRun } from "../exported-run.ts";
import { difference } from "../same-state.ts";
import { writeVerified } from "../write-verified.ts";
import { encodeOnnx, INPUT } from "./encode.ts";
import { readOnnx } from "./run-file.ts";

const placement = { device: "cpu", dtype: "float32" } as const;
/** Images that an export is checked with: so many of the test set, and as many random ones. */
const checkedImages = 32;
/** Largest difference of a logit to ours, relative to the largest logit. */
export const TOLERANCE = 1e-5;

/** What the user must know of a file. */
export interface WrittenOnnx {
  /** What the images must be. */
  readonly inputText: string;
  /** Of a network that was made smaller. */
  readonly shrunk?: Pick<Shrunk, "parameters" | "layers">;
}

/**
 * Writes a network as ONNX. The file is read back, and its logits on test images and random ones must be the network's to 1e-5 before it gets
 * its name.
 * @param compact whether channels that no logit depends on are left out
 * @throws InputError for a TorchScript network (with the lines that torch.onnx needs), and when the data are not there
 */
export async function writeOnnx(run: ExportedRun, path: string, compact: boolean): Promise<WrittenOnnx> {
  const { model: spec, data: dataSpec, recipe } = run.stage.parameters;
  if (spec.name === "torchscript") throw useTorchOnnx(run, path);
  // The mean and deviation that images are normalised by are those of the training images.
  const data = loadData(dataSpec);
  const { mean, std, info } = data;
  const inputText = `float32 [N, ${info.shape.join(", ")}]: (pixel / 255 - mean) / std per channel, mean ${JSON.stringify(mean)}, std ${JSON.stringify(std)}`;
  const model = buildModel(spec, info);
  model.load(run.weights, placement);
  try {
    model.train(false);
    const traced = traceModel(model, info.shape);
    const whole = float32State(model);
    const shrunk = compact ? shrink(traced, whole, { name: INPUT, channels: info.shape[0] }) : undefined;
    const weights = shrunk?.weights ?? whole;
    const metadata = {
      ...run.metadata,
      input: inputText,
      ...{ mean: JSON.stringify(mean), std: JSON.stringify(std), trainedIn: recipe.precision },
      ...(shrunk === undefined
        ? {}
        : { parameters: String(shrunk.parameters.after), parametersBefore: String(shrunk.parameters.before) }),
    };
    const network = { trace: shrunk?.trace ?? traced, weights, ...info, inputText, metadata };
    await writeVerified(path, encodeOnnx(network), (written) => {
      const file = readOnnx(readFileSync(written));
      const lost = Object.entries(metadata).find(([name, value]) => file.metadata.get(name) !== value);
      if (lost !== undefined) return `metadata ${lost[0]} is another`;
      const expected = new Map([...weights].filter(([name]) => file.weights.has(name)));
      return difference(expected, file.weights) ?? otherLogits(model, file, data);
    });
    return { inputText, ...(shrunk === undefined ? {} : { shrunk }) };
  } finally {
    model.dispose();
  }
}

/** The forward pass of a loaded model in evaluation mode, of two images. */
export function traceModel(model: Module, shape: readonly number[]): Trace {
  return scope(() =>
    noGrad(() => {
      const images = Tensor.zeros([2, ...shape]);
      const variables = [...model.namedParameters(), ...model.namedBuffers()];
      const named = variables.map(([name, { tensor }]): [string, Tensor] => [name, tensor]);
      return trace(new Map([[INPUT, images], ...named]), () => model.forward(images));
    }),
  );
}

/** The floating parameters and buffers as the model computes with them. */
function float32State(model: Module): StateDict {
  return new Map([...model.stateDict()].filter(([, { dtype }]) => dtype === "float32"));
}

function otherLogits(model: Module, file: ReturnType<typeof readOnnx>, data: Dataset): string | undefined {
  return scope(() =>
    noGrad(() => {
      const count = Math.min(checkedImages, data.test.count);
      const split = new DeviceSplit(data.test, data, "cpu");
      try {
        for (const images of [split.slice(0, count).images, randomImages(data.info.shape)]) {
          const [ours, theirs] = [model.forward(images), file.run(images)].map(
            (logits) => logits.toHost().data as Float32Array,
          );
          const error = relativeError(ours ?? [], theirs ?? []);
          // Not `>`: a NaN is an error too.
          if (!(error <= TOLERANCE)) return `its logits differ by ${error.toExponential(1)} of the largest`;
        }
        return undefined;
      } finally {
        split.dispose();
      }
    }),
  );
}

function randomImages(shape: readonly number[]): Tensor {
  const draws = stream(0, "images for checking an export");
  const size = checkedImages * elementCount(shape);
  const data = Float32Array.from({ length: size }, () => draws.normal());
  return Tensor.fromHost({ dtype: "float32", shape: [checkedImages, ...shape], data });
}

/** Largest difference, relative to the largest absolute value of `expected`; NaN where a value is. */
export function relativeError(expected: ArrayLike<number>, found: ArrayLike<number>): number {
  const values = Array.from(expected);
  const scale = Math.max(...values.map(Math.abs));
  return Math.max(...values.map((value, i) => Math.abs(value - (found[i] ?? Number.NaN)))) / scale;
}

/** PyTorch has the network's code, and its own exporter. */
function useTorchOnnx({ key, stage }: ExportedRun, path: string): InputError {
  // Where the file lies is not stored.
  const network = "net.pt";
  const weights = `${basename(path, ".onnx")}.pt`;
  const images = describeData(stage.parameters.data).shape.join(", ");
  return new InputError({
    where: `run ${key}`,
    message: "its network is TorchScript, which PyTorch itself exports",
    hint: [
      `write its weights, then let torch.onnx export the network:`,
      `  sweepstake export ${key.slice(0, 10)} --to torch -o ${weights}`,
      `  import torch; net = torch.jit.load(${JSON.stringify(network)}).eval()`,
      `  net.load_state_dict(torch.load(${JSON.stringify(weights)}))`,
      `  torch.onnx.export(net, torch.zeros(1, ${images}), ${JSON.stringify(path)}, opset_version=17, input_names=["images"], output_names=["logits"], dynamic_axes={"images": {0: "N"}, "logits": {0: "N"}})`,
    ].join("\n"),
  });
}
