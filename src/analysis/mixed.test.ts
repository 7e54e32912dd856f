import { expect, it } from "vitest";
import { fixtureResults } from "./fixture.ts";
import { mixedNotes } from "./mixed.ts";
import type { ArmResult, Results } from "./types.ts";

const results = fixtureResults({
  rates: [0.1],
  seeds: 3,
  prunings: ["one-shot"],
  sparsities: [0.5],
  starts: ["ticket"],
});

/** The same results with other provenance where the function says so. */
function computed(on: (arm: ArmResult) => Partial<NonNullable<ArmResult["record"]>["provenance"]>): Results {
  const arms = results.arms.map((arm) =>
    arm.record === undefined
      ? arm
      : { ...arm, record: { ...arm.record, provenance: { ...arm.record.provenance, ...on(arm) } } },
  );
  return { ...results, arms };
}

it("has nothing to say of trainings that all ran alike", () => {
  expect(mixedNotes([results, results])).toEqual([]);
});

it("names the ways and how many trainings each computed", () => {
  const mixed = computed(({ seed }) => (seed === 2 ? { hardware: "Another CPU" } : {}));
  expect(mixedNotes([mixed])).toEqual([
    "Mixed: the trainings of lenet5 on fashion-mnist, float32 were computed in 2 ways that round differently (4 by libtorch 1.13.1 on cpu, Imaginary CPU <9000> and 2 by libtorch 1.13.1 on cpu, Another CPU); a difference between two such runs is partly that of another seed.",
  ]);
});

it("sees kernels that a processor lacks, and what several experiments bring together", () => {
  const engines = computed(({ start }) => ({ engine: start === "ticket" ? "libtorch" : "winograd, avx2" }));
  expect(mixedNotes([engines]).join()).toMatch(/3 by libtorch 1\.13\.1 \(winograd, avx2\).* and 3 by .*\(libtorch\)/);
  const elsewhere = computed(() => ({ libtorch: "2.1.0" }));
  expect(mixedNotes([elsewhere])).toEqual([]);
  expect(mixedNotes([results, elsewhere])).toHaveLength(1);
});

it("takes recipes that ask for different arithmetic for different comparisons", () => {
  const asked = computed(({ variant }) => (variant === "v1" ? { engine: "winograd, avx512" } : {}));
  const [variant] = asked.spec.variants;
  if (variant === undefined) throw new Error("the fixture has no variant");
  const train = { ...variant.setting.train, engine: "winograd" as const };
  const variants = [variant, { ...variant, id: "v1", setting: { ...variant.setting, train } }];
  const arms = [...asked.arms, ...asked.arms.map((arm) => ({ ...arm, variant: "v1" }))];
  expect(mixedNotes([{ ...asked, arms, spec: { ...asked.spec, variants } }])).toEqual([]);
});
