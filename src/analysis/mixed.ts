import type { Setting } from "../spec/types.ts";
import type { Provenance } from "../store/types.ts";
import { listText } from "./format.ts";
import type { Results } from "./types.ts";

/**
 * Comparisons whose trainings were computed in more than one way though the recipe asks for one: other processors, versions of libtorch or
 * kernels round otherwise, and after some epochs that is as much as another seed. One sentence per model, data, precision and engine.
 * @param all results that are compared with each other; runs that they share are counted once
 * @returns nothing where all trainings ran alike
 */
export function mixedNotes(all: readonly Results[]): readonly string[] {
  const asked = new Map<string, Map<string, Set<string>>>();
  for (const { spec, arms } of all) {
    const settings = new Map(spec.variants.map(({ id, setting }) => [id, settingText(setting)]));
    for (const { variant, train, record } of arms) {
      if (record === undefined) continue;
      const setting = settings.get(variant) ?? variant;
      const ways = asked.get(setting) ?? new Map<string, Set<string>>();
      asked.set(setting, ways);
      const way = wayText(record.provenance);
      ways.set(way, (ways.get(way) ?? new Set()).add(train));
    }
  }
  return [...asked].flatMap(([setting, ways]) => {
    if (ways.size < 2) return [];
    const parts = [...ways].sort(([, a], [, b]) => b.size - a.size).map(([way, keys]) => `${keys.size} by ${way}`);
    return [
      `Mixed: the trainings of ${setting} were computed in ${ways.size} ways that round differently (${listText(parts)}); a difference between two such runs is partly that of another seed.`,
    ];
  });
}

/** What is compared: `resnet20 on cifar10, float32, winograd`. */
function settingText({ model, data, train: { precision, engine } }: Setting): string {
  return [`${model.name} on ${data.name}`, precision, ...(engine === undefined ? [] : [engine])].join(", ");
}

/** What decides how a training rounds: `libtorch 1.13.0 (winograd, avx512) on cpu, AMD EPYC`. */
function wayText({ libtorch, engine, device, hardware }: Provenance): string {
  return `libtorch ${libtorch}${engine === undefined ? "" : ` (${engine})`} on ${device}, ${hardware}`;
}
