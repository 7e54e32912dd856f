import { Registry } from "../core/registry.ts";
import type { Allocation } from "./define.ts";
import { erk } from "./erk.ts";
import { global } from "./global.ts";
import { uniform } from "./uniform.ts";

/** All allocations by name: how many weights stay in each layer? A new one: a file like `uniform.ts`, and a line here. */
export const allocations = new Registry<Allocation>({ what: "an allocation", where: "allocation" }, [
  uniform,
  global,
  erk,
]);
