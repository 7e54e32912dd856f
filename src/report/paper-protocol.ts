import type { Setting, Spec } from "../spec/types.ts";

const UNSTATED = "does not say";

/** What the paper says of fields of a spec, in the order of looking. Fields that are none of its matter are not here. */
const statements: readonly (readonly [RegExp, string])[] = [
  [/^data(\.name)?$/, "CIFAR-10, CIFAR-100"],
  [/^data\.validation$/, UNSTATED],
  [/^model\.shortcut$/, UNSTATED],
  [/^model(\.name)?$/, "VGG-11, ResNet-20, MobileNet-V2"],
  [/^train\.epochs$/, "150"],
  [/^train\.batchSize$/, "128"],
  [/^train\.optimizer\.sgd\.lr$/, "0.01 and 0.1"],
  [/^train\.optimizer\.sgd\.momentum$/, "0.9"],
  [/^train\.optimizer\.sgd\.(weightDecay|nesterov)$/, UNSTATED],
  [/^train\.precision$/, UNSTATED],
  [/^train\.schedule\.milestones$/, "80, 120"],
  [/^train\.schedule\.factor$/, "0.1"],
  [/^train\.schedule\.warmupEpochs$/, "no additional tricks, so 0"],
  [/^train\.augment\.crop$/, "random crop; its padding: does not say"],
  [/^train\.augment\.flip$/, "horizontal flip"],
  [/^seeds$/, "five"],
  [/^prune\[\d+\]\.iterative\.(rate|rounds)/, "rate: does not say (the sparsities it quotes fit 0.15)"],
  [/^prune\[\d+\]\.admm\.(?!sparsities)/, UNSTATED],
  [/^protect/, "the first convolution; of the last linear layer: does not say"],
  [/^retrain.*rewind\.epoch$/, "10"],
  [/^measure\.correlation\.p$/, "0.1 to 0.5; under masks 0.2"],
];

/** What the paper says of a field; undefined when that is none of its matter, as with a name or a margin. */
export function paperSays(path: string): string | undefined {
  return statements.find(([pattern]) => pattern.test(path))?.[1];
}

/** A choice that the paper leaves to those who repeat it, with the one in force. */
export interface Choice {
  readonly topic: string;
  readonly here: string;
}

/** All choices that the paper leaves open and that matter for this experiment. */
export function unstatedChoices(spec: Spec): readonly Choice[] {
  const all = (of: (setting: Setting) => string | number | undefined) =>
    [...new Set(spec.variants.flatMap(({ setting }) => of(setting) ?? []))].join(", ");
  const prunes = spec.variants.flatMap(({ setting }) => setting.prune);
  const choices: readonly (Choice | undefined)[] = [
    { topic: "weight decay", here: `${all(({ train }) => train.optimizer.sgd.weightDecay)}, on every parameter` },
    { topic: "padding of the random crop", here: all(({ train }) => cropText(train.augment.crop)) },
    {
      topic: "normalisation of the images",
      here: "per channel, by mean and standard deviation of the training images used",
    },
    { topic: "validation split", here: all(({ data }) => validationText(data.validation ?? 0)) },
    {
      topic: "final or best epoch",
      here: "final; the best is recorded too, but it is chosen by the test set and never judged by",
    },
    {
      topic: "kind of spread",
      here: "every seed’s point; a band from the lowest to the highest for dense; mean ± standard deviation in tables",
    },
    hasResNet(spec)
      ? {
          topic: "shortcut of the ResNet",
          here: all(({ model }) => shortcutOf(model)),
        }
      : undefined,
    { topic: "last linear layer", here: all(({ protect }) => lastLinearText(protect)) },
    { topic: "biases and batch-norm", here: "never pruned" },
    {
      topic: "whether unpruned layers count in R_p",
      here: "they do not: R_p is taken over the layers that are pruned",
    },
    {
      topic: "rounding of p·N in R_p",
      here: "to the nearest integer, at least 1; of equal magnitudes the lower flat index counts as larger",
    },
    prunes.some(({ kind }) => kind === "iterative")
      ? { topic: "share removed per iterative round", here: "as in the fields under prune" }
      : undefined,
    ...prunes.flatMap((prune) =>
      prune.kind === "admm"
        ? [
            {
              topic: "ADMM: rho",
              here: `${prune.rho}, times ${prune.growth} after each of ${prune.stages} stages; U is divided by the same, so that rho·U does not jump`,
            },
            {
              topic: "ADMM: epochs",
              here: `${prune.epochsPerStage} per stage; Z and U are updated after every epoch; start at W = θT, U = 0`,
            },
            { topic: "ADMM: learning rate", here: `constant, ${prune.lrFactor} times the initial one` },
          ]
        : [],
    ),
    { topic: "number format", here: all(({ train }) => train.precision) },
  ];
  const found = choices.filter((choice) => choice !== undefined);
  return found.filter(
    ({ topic, here }, i) => found.findIndex((other) => other.topic === topic && other.here === here) === i,
  );
}

function cropText(pixels: number): string {
  return pixels === 0 ? "no crop" : `${pixels} pixels of zeros`;
}

function validationText(images: number): string {
  return images === 0 ? "none: all training images are trained on" : `${images} training images are held out`;
}

function lastLinearText(protect: readonly string[]): string {
  return protect.includes("last-linear") ? "not pruned" : "pruned like the others, unless its name is under protect";
}

function shortcutOf({ name, shortcut }: Setting["model"]): string | undefined {
  if (!isResNet(name)) return undefined;
  return typeof shortcut === "string" ? shortcut : "projection";
}

function isResNet(name: string): boolean {
  return name.startsWith("resnet");
}

function hasResNet({ variants }: Spec): boolean {
  return variants.some(({ setting }) => isResNet(setting.model.name));
}
