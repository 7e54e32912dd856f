import type { Issue } from "../core/errors.ts";
import type { ScriptOperation } from "../tensor/script.ts";

const dropouts = new Set(
  ["dropout", "dropout_", "feature_dropout", "feature_dropout_", "alpha_dropout", "alpha_dropout_"]
    .concat(["feature_alpha_dropout", "feature_alpha_dropout_", "native_dropout", "_fused_dropout"])
    .map((name) => `aten::${name}`),
);

const draws = new Set(
  ["rand", "rand_like", "randn", "randn_like", "randint", "randint_like", "randperm", "normal", "normal_", "uniform_"]
    .concat(["random_", "bernoulli", "bernoulli_", "multinomial", "poisson", "binomial", "exponential_", "geometric_"])
    .concat(["log_normal_", "cauchy_", "rrelu", "rrelu_", "rrelu_with_noise", "rrelu_with_noise_"])
    .map((name) => `aten::${name}`),
);

/** What keeps a network from being trained to the same bits every time, by name; each kind of thing once. */
export function refusals(
  operations: readonly ScriptOperation[],
  variables: readonly string[],
): readonly Omit<Issue, "where">[] {
  const found = operations.map((operation) => refusal(operation, variables)).filter((issue) => issue !== undefined);
  return [...new Map(found.map((issue) => [issue.message, issue])).values()];
}

function refusal({ kind, sets, setsTensor, fixed }: ScriptOperation, variables: readonly string[]) {
  const name = kind.replace(/^\w+::/, "");
  if (dropouts.has(kind) && fixed.p !== 0 && fixed.train !== false) {
    return {
      message: `expected no dropout, whose draws cannot be repeated, got ${name}`,
      hint: "save the network with p = 0 in every dropout module",
    };
  }
  if (draws.has(kind) && fixed.training !== false) {
    return { message: `expected no random numbers, which cannot be repeated, got ${name}` };
  }
  if (kind === "aten::batch_norm" && fixed.training !== undefined) {
    const mode = fixed.training === true ? "training" : "evaluation";
    return {
      message: `expected batch-norm that follows the network's mode, got one that is fixed in ${mode}`,
      hint: "tracing fixes the mode: save the network with torch.jit.script",
    };
  }
  const device = Object.values(fixed).find((value) => typeof value === "string" && value !== "cpu");
  if (device !== undefined || kind === "aten::cuda") {
    return {
      message: `expected no fixed device, got ${device ?? "cuda"} in ${name}`,
      hint: "make tensors on the device of the images (device=x.device), and trace on the CPU",
    };
  }
  if (kind === "prim::SetAttr") {
    const isVariable = setsTensor === true && variables.some((variable) => variable.split(".").at(-1) === sets);
    if (isVariable) return undefined;
    return {
      message: `expected forward() to change buffers only, got one that sets the attribute ${sets}`,
      hint: "checkpoints hold parameters and buffers: make it a buffer, or leave it out",
    };
  }
  if (kind === "prim::CallMethod" || kind === "prim::CallFunction") {
    return {
      message: "expected forward() to call known modules and functions, got a call that is decided at run time",
      hint: "write the module's class instead of an interface",
    };
  }
  return undefined;
}
