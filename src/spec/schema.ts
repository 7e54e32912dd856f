import { z } from "zod";
import { sourceFields } from "../data/import/source.ts";
import { expandName } from "./shorthand.ts";
import {
  atLeastOne,
  flag,
  increasing,
  increasingFractions,
  notNegative,
  openFraction,
  positive,
  text,
  wholeNumber,
  word,
} from "./values.ts";

/** What a user may write, field by field, with the defaults. Names (models, data, pruners) are checked in registries.ts. */

const mapping = "expected a mapping";

/** `train`: the recipe. Its fields are read one by one, so that a wrong one does not hide what is wrong with another. */
export const trainFields = {
  epochs: wholeNumber(1),
  batchSize: wholeNumber(1).default(128),
  precision: word(["float32", "float64", "bfloat16"]).default("float32"),
  engine: word(["onednn", "winograd"]).default("onednn"),
  optimizer: z.strictObject(
    {
      sgd: z.strictObject(
        {
          lr: positive(),
          momentum: z
            .number({ error: "expected a number from 0 to below 1" })
            .min(0, { error: "expected a number from 0 to below 1" })
            .lt(1, { error: "expected a number from 0 to below 1" })
            .default(0.9),
          weightDecay: notNegative().default(1e-4),
          nesterov: flag().default(false),
        },
        { error: `${mapping} with lr` },
      ),
    },
    { error: `${mapping} with sgd` },
  ),
  schedule: z
    .strictObject(
      {
        milestones: increasing(wholeNumber(1), "epochs").default([]),
        factor: positive().default(0.1),
        warmupEpochs: wholeNumber(0).default(0),
      },
      { error: mapping },
    )
    .prefault({}),
  augment: z
    .strictObject({ crop: wholeNumber(0).default(0), flip: flag().default(false) }, { error: mapping })
    .prefault({}),
};

/** `data`, once the shorthand is written out. Counts are checked against the data set by src/data. */
export const dataFields = {
  name: text("the name of a data set").optional(),
  folder: text("a folder of images").optional(),
  npz: text("an .npz file").optional(),
  npy: text("a folder of .npy files").optional(),
  parquet: text("Parquet files").optional(),
  webdataset: text("tar archives").optional(),
  ...sourceFields,
  path: text("a folder").optional(),
  content: z
    .string()
    .regex(/^[0-9a-f]{64}$/, { error: "expected the SHA-256 of a data set's content, 64 hexadecimal digits" })
    .optional(),
  subset: wholeNumber(1).optional(),
  testSubset: wholeNumber(1).optional(),
  validation: wholeNumber(0).default(0),
};

/** `weights`: files of other programs, or of ours. */
export const weightsFields = {
  initial: text("a file of weights").optional(),
  trained: text("a file of weights").optional(),
};

const named = (what: string) =>
  z.preprocess(
    expandName,
    z.looseObject(
      { name: text(`the name of ${what}`) },
      { error: `expected the name of ${what}, or a mapping with name` },
    ),
  );

/** `model`: the options are checked by the model's own schema. */
export const modelSchema = named("a model");

/** `admm`; see AdmmState (src/pruners/admm.ts) for the method. */
const admm = z.strictObject(
  {
    sparsities: increasingFractions("sparsities, for example [0.5, 0.8]"),
    rho: positive().default(1e-4),
    growth: atLeastOne().default(10),
    stages: wholeNumber(1, 100).default(4),
    epochsPerStage: wholeNumber(1).default(10),
    lrFactor: positive().default(0.1),
  },
  { error: `${mapping} with sparsities` },
);

const pruner = named("a pruner").prefault("magnitude");
const allocation = named("an allocation").prefault("uniform");

/** One entry of `prune`: exactly one of its fields is given (checked in entries.ts). */
export const pruneEntry = z.strictObject(
  {
    iterative: z
      .strictObject(
        {
          rate: openFraction().optional(),
          rounds: wholeNumber(1, 1000).optional(),
          sparsities: increasingFractions("sparsities, for example [0.5, 0.8]").optional(),
          pruner,
          allocation,
        },
        { error: `${mapping} with rate and rounds, or with sparsities` },
      )
      .optional(),
    "one-shot": z
      .strictObject(
        { sparsities: increasingFractions("sparsities, for example [0.5, 0.8]"), pruner, allocation },
        { error: `${mapping} with sparsities` },
      )
      .optional(),
    admm: admm.optional(),
  },
  { error: `${mapping} with iterative, one-shot or admm` },
);
export type PruneEntry = z.output<typeof pruneEntry>;

/** Starts that are written as one word. */
export const plainStarts = ["ticket", "reinit", "scratch-b", "fine-tune"] as const;

/** `retrain` written as `{ rewind: { epoch: 10 } }`. */
export const rewindEntry = z.strictObject(
  { rewind: z.strictObject({ epoch: wholeNumber(1) }, { error: `${mapping} with epoch` }) },
  { error: `${mapping} with rewind` },
);

/** `retrain` written as `{ lr-rewind: { epochs: 30 } }`. */
export const lrRewindEntry = z.strictObject(
  { "lr-rewind": z.strictObject({ epochs: wholeNumber(1) }, { error: `${mapping} with epochs` }) },
  { error: `${mapping} with lr-rewind` },
);
export type RetrainEntry = (typeof plainStarts)[number] | z.output<typeof rewindEntry> | z.output<typeof lrRewindEntry>;

const fileName =
  "expected a short name for the experiment, without slashes and invisible characters, of at most 200 bytes";

const copyEpochs = "epochs to copy the network at, for example [0, 2, 10]";

/** The fields of the spec's top level that need no knowledge of models, data or pruners. */
export const generalFields = {
  // It is a folder's name, which may have 255 bytes, and stands in drawings.
  name: z
    .string({ error: fileName })
    .regex(/^(?!\.)[^/\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,100}$/u, { error: fileName })
    .refine((name) => Buffer.byteLength(name) <= 200, { error: fileName }),
  question: z.string({ error: "expected a text" }).default(""),
  device: z
    .string({ error: 'expected "cpu", "cuda" or "cuda:N"' })
    .regex(/^(cpu|cuda(:\d+)?)$/, { error: 'expected "cpu", "cuda" or "cuda:N"' })
    .default("cpu"),
  protect: z
    .array(text('the name of a layer, "first-conv" or "last-linear"'), { error: "expected a list of layer names" })
    .default(["first-conv"]),
  measure: z
    .strictObject(
      {
        correlation: z
          .strictObject(
            { p: increasingFractions("shares, for example [0.1, 0.2]").default([0.1, 0.2, 0.3, 0.4, 0.5]) },
            { error: mapping },
          )
          .prefault({}),
        connectivity: z
          .strictObject(
            {
              epochs: increasing(wholeNumber(0), copyEpochs).min(1, { error: `expected a list of ${copyEpochs}` }),
              points: wholeNumber(3, 101).default(11),
              masks: flag().default(false),
            },
            { error: `${mapping} with epochs` },
          )
          .optional(),
      },
      { error: mapping },
    )
    .prefault({}),
  verdict: z
    .strictObject(
      {
        equivalenceMargin: positive().default(0.5),
        minDifference: notNegative().default(0.5),
        alpha: openFraction(0.5).default(0.05),
      },
      { error: mapping },
    )
    .prefault({}),
};

/** Seeds are a list, or a count n that stands for 0 … n-1. */
export const seedList = z.array(wholeNumber(0), { error: "expected a list of seeds" });
export const seedCount = wholeNumber(1, 1000);

/** All keys of the top level. */
export const topLevelKeys = [
  ...Object.keys(generalFields),
  "data",
  "model",
  "weights",
  "train",
  "cases",
  "sweep",
  "seeds",
  "prune",
  "retrain",
] as const;
