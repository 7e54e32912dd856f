import type { Json } from "../core/canonical-json.ts";
import { InputError } from "../core/errors.ts";
import type { Setting, Spec, Variant } from "../spec/types.ts";
import { refuseGivenWeights } from "./given-weights.ts";
import { SHARES } from "./margins.ts";

const FIELD = "train.optimizer.sgd.lr";

/** The default sweep around a rate: some two powers of ten, most of it below, where insufficient rates are. */
const factors = [0.03, 0.1, 0.3, 3];

/**
 * The dense runs that diagnose the learning rate of a spec: its setting at several rates, without masks. The rate in question is the
 * spec's; when it sweeps the rate, the highest, which is the paper's desirable one.
 * @param rates to run besides the one in question; by default 0.03, 0.1, 0.3 and 3 times it
 * @param file  for the message
 * @throws InputError for a spec that varies anything but the learning rate
 */
export function diagnosisSpec(
  spec: Spec,
  rates: readonly number[] | undefined,
  file: string,
): { readonly spec: Spec; readonly lr: number } {
  refuseOtherVariants(spec, file);
  refuseGivenWeights(spec, "a diagnosis trains dense networks at several learning rates");
  const lr = Math.max(...spec.variants.map(({ setting }) => setting.train.optimizer.sgd.lr));
  const all = [...new Set([...(rates ?? ratesAround(lr)), lr])].sort((a, b) => a - b);
  const [first] = spec.variants;
  const variants = all.flatMap((rate, i): Variant[] =>
    first === undefined
      ? []
      : [{ id: `v${i}`, label: `lr ${rate}`, values: { [FIELD]: rate }, setting: denseSetting(first.setting, rate) }],
  );
  const name = `${spec.name}-diagnosis`;
  const question = `Is the learning rate ${lr} of ${spec.name} sufficient?`;
  const { cases: _, ...fields } = fieldsOf(spec.resolved);
  const changes = {
    name,
    question,
    sweep: { [FIELD]: all },
    prune: [],
    retrain: [],
    measure: { correlation: { p: [...SHARES] } },
  };
  return { spec: { ...spec, name, question, variants, resolved: { ...fields, ...changes } }, lr };
}

function refuseOtherVariants({ variants }: Spec, file: string): void {
  const isVaried = (field: string) => new Set(variants.map(({ values }) => JSON.stringify(values[field]))).size > 1;
  const others = [...new Set(variants.flatMap(({ values }) => Object.keys(values)))].filter(
    (field) => field !== FIELD && isVaried(field),
  );
  if (others.length === 0) return;
  throw new InputError({
    where: file,
    message: `expected a spec that varies ${FIELD} alone, got one that varies ${others.join(", ")} too`,
    hint: "diagnose one setting at a time: leave the others out of sweep and cases, or replace them, e.g. --set sweep={} --set train.epochs=20",
  });
}

function denseSetting(setting: Setting, lr: number): Setting {
  const { connectivity: _, ...rest } = setting;
  const { optimizer } = setting.train;
  return {
    ...rest,
    train: { ...setting.train, optimizer: { ...optimizer, sgd: { ...optimizer.sgd, lr } } },
    prune: [],
    retrain: [],
    correlation: { p: SHARES },
  };
}

/** What a rate is compared with by default. */
export function ratesAround(lr: number): readonly number[] {
  return factors.map((factor) => clean(factor * lr)).filter((rate) => rate !== lr);
}

/** Without the dust of floating point, so that 0.1 · 0.3 is the 0.03 that people write, and has the same key. */
function clean(rate: number): number {
  return Number(rate.toPrecision(12));
}

function fieldsOf(resolved: Json): { readonly [key: string]: Json } {
  if (typeof resolved !== "object" || resolved === null || Array.isArray(resolved)) return {};
  return resolved as { readonly [key: string]: Json };
}
