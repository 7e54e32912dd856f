import { describe, expect, it } from "vitest";
import type { StateDict } from "../core/array.ts";
import { InputError } from "../core/errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../core/safetensors.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";

const weights: StateDict = new Map([
  ["fc.weight", { dtype: "float32", shape: [2, 2], data: Float32Array.of(1e-45, -0, 3.4e38, 0.1) }],
  ["bn.running_var", { dtype: "float64", shape: [2], data: Float64Array.of(5e-324, 1 / 3) }],
  ["bn.num_batches_tracked", { dtype: "int64", shape: [], data: BigInt64Array.of(2n ** 60n + 1n) }],
]);
const momenta: StateDict = new Map([
  // A parameter whose name looks like our own prefix.
  ["weights.fc", { dtype: "float32", shape: [1], data: Float32Array.of(7) }],
]);
const metrics = [
  { epoch: 1, lr: 0.1, trainLoss: 0.1 + 0.2, trainAccuracy: 1 / 3, testLoss: 1e-300, testAccuracy: 0 },
  {
    epoch: 2,
    lr: 1e-7,
    trainLoss: 2,
    trainAccuracy: 0.5,
    testLoss: 3,
    testAccuracy: 1,
    validationLoss: 4,
    validationAccuracy: 0.25,
  },
];
const checkpoint: Checkpoint = {
  epoch: 2,
  step: 17,
  weights,
  momenta,
  sums: { loss: 123.45600000000002, correct: 1000, seen: 2176 },
  metrics,
};

const plain = ({ weights: w, momenta: m, ...rest }: Checkpoint) => ({
  ...rest,
  weights: Object.fromEntries(w),
  momenta: Object.fromEntries(m),
});

describe("a checkpoint", () => {
  it("comes back through a safetensors file to the last bit, integers and subnormal numbers included", () => {
    const { tensors, metadata } = encodeCheckpoint(checkpoint);
    const file = encodeSafetensors(tensors, metadata);
    expect(plain(decodeCheckpoint(decodeSafetensors(file, "checkpoint")))).toEqual(plain(checkpoint));
    expect(Object.is(decodeCheckpoint({ tensors, metadata }).weights.get("fc.weight")?.data[1], -0)).toBe(true);
  });

  it("keeps parameters apart whose names begin like the prefixes", () => {
    expect([...encodeCheckpoint(checkpoint).tensors.keys()]).toEqual([
      "weights.fc.weight",
      "weights.bn.running_var",
      "weights.bn.num_batches_tracked",
      "momenta.weights.fc",
    ]);
  });

  it.each([
    [{}, "checkpoint: expected format sweepstake-checkpoint-1, got none\n  hint: it was written by another version"],
    [
      { format: "sweepstake-checkpoint-2", position: "{}" },
      "checkpoint: expected format sweepstake-checkpoint-1, got sweepstake-checkpoint-2",
    ],
    [{ format: "sweepstake-checkpoint-1" }, "checkpoint: Invalid input: expected object"],
    [{ format: "sweepstake-checkpoint-1", position: "{" }, "checkpoint: Invalid input: expected object"],
    [
      {
        format: "sweepstake-checkpoint-1",
        position: '{"epoch":-1,"step":0,"sums":{"loss":0,"correct":0,"seen":0},"metrics":[]}',
      },
      "checkpoint epoch: Too small",
    ],
  ])("of other metadata is refused: %j", (metadata: Record<string, string>, message) => {
    const decode = () => decodeCheckpoint({ tensors: new Map(), metadata });
    expect(decode).toThrow(InputError);
    expect(decode).toThrow(message);
  });
});
