import { expect, it } from "vitest";
import { expandName } from "./shorthand.ts";

it("writes out names that stand for options; options beside them win", () => {
  expect(expandName("wrn-28-10")).toEqual({ name: "wrn", depth: 28, width: 10 });
  expect(expandName({ name: "wrn-16-8", width: 4 })).toEqual({ name: "wrn", depth: 16, width: 4 });
  expect(expandName("wrn-16")).toEqual({ name: "wrn-16" });
  expect(expandName({ name: "resnet20", width: 4 })).toEqual({ name: "resnet20", width: 4 });
  expect(expandName({ torchscript: "net.pt" })).toEqual({ name: "torchscript", torchscript: "net.pt" });
});
