import { elementCount, itemBytes } from "../core/array.ts";
import { canonicalJson } from "../core/canonical-json.ts";
import { parseOptions, Registry } from "../core/registry.ts";
import type { Module } from "../nn/module.ts";
import { convNs } from "./conv-n.ts";
import { lenet300 } from "./lenet-300-100.ts";
import { lenet5 } from "./lenet5.ts";
import { mobilenetV2 } from "./mobilenet-v2.ts";
import { resnets } from "./resnet.ts";
import { torchscript } from "./torchscript.ts";
import { torchvisionResnets } from "./torchvision-resnet.ts";
import type { ModelDefinition, ModelDescription, ModelInput, ModelSpec } from "./types.ts";
import { vgg11 } from "./vgg.ts";
import { wideResNet } from "./wide-resnet.ts";

/** All architectures by name. A new one: a file like `lenet-300-100.ts`, and a line here. */
export const models = new Registry<ModelDefinition>(
  {
    what: "a model",
    where: "model",
    hint: (name, nearest) =>
      /\.(pt|pth|ts)$/.test(name)
        ? `a network that PyTorch has saved as TorchScript: model: { torchscript: ${name} }`
        : nearest,
  },
  [lenet5, lenet300, ...convNs, vgg11, ...resnets, ...torchvisionResnets, wideResNet, mobilenetV2, torchscript],
);

/**
 * The network of a spec, without values; options left out have their defaults.
 * @throws InputError for an unknown name, with all that is wrong with the options, or when the images do not fit
 */
export function buildModel(spec: ModelSpec, input: ModelInput): Module {
  const { name, ...options } = spec;
  const model = models.get(name);
  return model.build(parseOptions("model", model, options), input);
}

/** What of a model's spec its results depend on: all but where a file lies. */
export function modelIdentity(spec: ModelSpec): ModelSpec {
  const places = models.find(spec.name)?.places ?? [];
  if (places.length === 0) return spec;
  const kept = Object.entries(spec).filter(([option]) => !places.includes(option));
  return { ...Object.fromEntries(kept), name: spec.name };
}

// A plan asks for the same description once per stage; building a network each time would take most of its time.
const described = new Map<string, ModelDescription>();

/** Sizes of a model, without the engine. @throws InputError as `buildModel` does */
export function describeModel(spec: ModelSpec, { classes, shape }: ModelInput): ModelDescription {
  const key = canonicalJson({ spec, classes, shape });
  const known = described.get(key);
  if (known !== undefined) return known;
  const description = describe(buildModel(spec, { classes, shape }), shape);
  described.set(key, description);
  return description;
}

function describe(model: Module, shape: readonly number[]): ModelDescription {
  const parameters = [...model.namedParameters().values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const bufferBytes = [...model.namedBuffers().values()].reduce(
    (sum, { shape, kind }) => sum + elementCount(shape) * itemBytes[kind === "float" ? "float32" : kind],
    0,
  );
  const dense = model.dense();
  return {
    parameters,
    prunable: model.prunable(),
    ...(dense === undefined ? {} : { dense }),
    ...(model.notes().length === 0 ? {} : { notes: model.notes() }),
    ...(model.needsTwoImages() ? { needsTwoImages: true } : {}),
    macs: model.cost(shape).macs,
    stateBytes: parameters * itemBytes.float32 + bufferBytes,
  };
}
