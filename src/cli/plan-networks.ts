import { basename } from "node:path";
import { elementCount } from "../core/array.ts";
import { describeData } from "../data/check.ts";
import type { DenseReason } from "../nn/module.ts";
import type { Plan } from "../plan/types.ts";
import { describeModelOnce } from "../spec/describe.ts";
import { protectedLayers } from "../spec/layers.ts";
import type { Setting } from "../spec/types.ts";

/** One parameter of a network, as the spec treats it. */
export interface PlannedLayer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly pruned: boolean;
  /** Why it is left dense. */
  readonly reason?: `protected (${string})` | DenseReason;
}

/** What a plan says of one network; `plan --json` prints it. */
export interface PlannedNetwork {
  /** Registered name, or that of the file. */
  readonly model: string;
  /** Trained values, and multiply-accumulates of one image's forward pass. */
  readonly parameters: number;
  readonly macs: number;
  /** Weights of convolutions and linear layers in the network's order, then, of a network from a file, the other parameters. */
  readonly layers: readonly PlannedLayer[];
  /** What its author should know before training it. */
  readonly notes: readonly string[];
}

/** The networks of a spec, each once. @param fromFiles leave out the built-in ones */
export function plannedNetworks({ spec }: Plan, fromFiles = false): readonly PlannedNetwork[] {
  const networks = spec.variants
    .map(({ setting }) => setting)
    .filter(({ model }) => !fromFiles || model.name === "torchscript")
    .map(networkOf);
  return [...new Map(networks.map((network) => [JSON.stringify(network), network])).values()];
}

function networkOf({ model, data, protect }: Setting): PlannedNetwork {
  const { torchscript } = model;
  const { parameters, macs, prunable, dense = [], notes = [] } = describeModelOnce(model, describeData(data));
  const words = protectedLayers(prunable, protect);
  const layers = prunable.map(({ name, shape }): PlannedLayer => {
    const word = words.get(name);
    return word === undefined
      ? { name, shape, pruned: true }
      : { name, shape, pruned: false, reason: `protected (${word})` };
  });
  return {
    model: typeof torchscript === "string" ? basename(torchscript) : model.name,
    parameters,
    macs,
    layers: [...layers, ...dense.map(({ name, shape, reason }) => ({ name, shape, pruned: false, reason }))],
    notes,
  };
}

/** The networks for a person. Biases and normalisations, which are many and all alike, are counted. */
export function networksText(networks: readonly PlannedNetwork[]): string {
  return networks.map((network) => `${networkLines(network).join("\n")}\n`).join("");
}

function networkLines({ model, parameters, macs, layers }: PlannedNetwork): string[] {
  const pruned = layers.filter((layer) => layer.pruned);
  const listed = layers.filter(({ reason }) => reason !== "bias" && reason !== "normalisation");
  const rows = listed.map((layer) => [layer.name, `[${layer.shape.join(", ")}]`, fate(layer)] as const);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return [
    `${model}: ${number(parameters)} trained values, ${number(sizeOf(pruned))} of them prunable, ${number(macs)} multiply-accumulates per image`,
    ...rows.map(([name, shape, text]) => `  ${name.padEnd(widths[0] ?? 0)}  ${shape.padEnd(widths[1] ?? 0)}  ${text}`),
    ...countLine(layers, "bias", "biases"),
    ...countLine(layers, "normalisation", "scales and shifts of normalisations"),
  ];
}

function fate({ pruned, reason }: PlannedLayer): string {
  if (pruned || reason === undefined) return "pruned";
  if (reason === "frozen") return "fixed: saved with requires_grad=False";
  if (reason === "used otherwise") return "dense: no convolution or linear layer uses it directly as its weight";
  return `dense: ${reason}`;
}

function countLine(layers: readonly PlannedLayer[], reason: DenseReason, plural: string): string[] {
  const found = layers.filter((layer) => layer.reason === reason);
  return found.length === 0 ? [] : [`  ${plural} (${found.length}), ${number(sizeOf(found))} values: dense`];
}

function sizeOf(layers: readonly PlannedLayer[]): number {
  return layers.reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

function number(n: number): string {
  return n.toLocaleString("en-US");
}
