import type { Issue } from "../core/errors.ts";
import type { ScriptOperation } from "../tensor/script.ts";

/** Operations that drop at random, with the name of the probability among their arguments. */
const dropouts: ReadonlyMap<string, string> = new Map(
  [
    ...["dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"].flatMap((name) => [
      [name, "p"],
      [`${name}_`, "p"],
    ]),
    ["native_dropout", "p"],
    ...["scaled_dot_product_attention", "_scaled_dot_product_attention"].map((name) => [name, "dropout_p"]),
    ...["lstm", "gru", "rnn_tanh", "rnn_relu"].map((name) => [name, "dropout"]),
  ].map(([name, probability]): [string, string] => [`aten::${name}`, probability ?? "p"]),
);

const draws = new Set(
  ["rand", "rand_like", "randn", "randn_like", "randint", "randint_like", "randperm", "normal", "normal_", "uniform_"]
    .concat(["random_", "bernoulli", "bernoulli_", "multinomial", "poisson", "binomial", "exponential_", "geometric_"])
    .concat(["log_normal_", "cauchy_", "rrelu", "rrelu_", "rrelu_with_noise", "rrelu_with_noise_", "_fused_dropout"])
    .map((name) => `aten::${name}`),
);

type Refusal = Omit<Issue, "where">;
type Check = (operation: ScriptOperation, variables: readonly string[]) => Refusal | undefined;

/** What keeps a network from being trained to the same bits every time, by name; each kind of thing once. */
export function refusals(operations: readonly ScriptOperation[], variables: readonly string[]): readonly Refusal[] {
  const found = checks.flatMap((check) =>
    operations.map((operation) => check(operation, variables)).filter((refusal) => refusal !== undefined),
  );
  return [...new Map(found.map((refusal) => [refusal.message, refusal])).values()];
}

const randomNumbers: Check = ({ kind, known }) => {
  const probability = known[dropouts.get(kind) ?? ""];
  if (dropouts.has(kind) && probability !== 0 && known.train !== false) {
    const got = probability === undefined ? "whose probability is not known to be 0" : `with p = ${probability}`;
    return {
      message: `expected no dropout, whose draws cannot be repeated, got ${nameOf(kind)} ${got}`,
      hint: "set p = 0 in every dropout, in attributes that forward() does not change, before the network is saved",
    };
  }
  if (!draws.has(kind) || known.training === false) return undefined;
  return { message: `expected no random numbers, which cannot be repeated, got ${nameOf(kind)}` };
};

const fixedMode: Check = ({ kind, constants }) => {
  if (kind !== "aten::batch_norm" || constants.training === undefined) return undefined;
  const mode = constants.training === true ? "training" : "evaluation";
  return {
    message: `expected batch-norm that follows the network's mode, got one that is fixed in ${mode}`,
    hint: `tracing fixes the mode: save the network with torch.jit.script${mode === "training" ? "; so does track_running_stats=False: keep the running statistics" : ""}`,
  };
};

const fixedDevice: Check = ({ kind, device }) => {
  if ((device === undefined || device === "cpu") && kind !== "aten::cuda") return undefined;
  return {
    message: `expected no fixed device, got ${device ?? "cuda"} in ${nameOf(kind)}`,
    hint: "make tensors on the device of the images (device=x.device), and trace on the CPU",
  };
};

const hiddenState: Check = ({ kind, sets, setsTensor }, variables) => {
  const isVariable = setsTensor === true && variables.some((variable) => variable.split(".").at(-1) === sets);
  if (kind !== "prim::SetAttr" || isVariable) return undefined;
  return {
    message: `expected forward() to change buffers only, got one that sets the attribute ${sets}`,
    hint: "checkpoints hold parameters and buffers: make it a buffer, or leave it out",
  };
};

const unknownCalls: Check = ({ kind }) => {
  if (kind !== "prim::CallMethod" && kind !== "prim::CallFunction") return undefined;
  return {
    message: "expected forward() to call known modules and functions, got a call that is decided at run time",
    hint: "write the module's class instead of an interface",
  };
};

const checks: readonly Check[] = [randomNumbers, fixedMode, fixedDevice, hiddenState, unknownCalls];

/** `aten::dropout` as people know it. */
function nameOf(kind: string): string {
  return kind.replace(/^\w+::/, "");
}
