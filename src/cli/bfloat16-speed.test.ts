import { expect, it } from "vitest";
import { engineInfo } from "../tensor/engine.ts";
import { bfloat16Speed } from "./bfloat16-speed.ts";
import { examine } from "./examine.ts";

it("measures a ratio that a CPU can have", () => {
  const speed = bfloat16Speed();
  expect(speed).toBeGreaterThan(0.01);
  expect(speed).toBeLessThan(30);
});

it("is told by doctor, with what to use, where the CPU has the instructions", () => {
  const cpu = examine().find(({ found }) => found.startsWith("cpu: "))?.found;
  const measured =
    /^cpu: convolutions in bfloat16 run ([\d.]+)× as fast as in float32 \(.*`precision: (bfloat16|float32)`/;
  if (!engineInfo().bfloat16) expect(cpu).toMatch(/^cpu: no bfloat16 instructions/);
  else expect(cpu).toMatch(measured);
});
