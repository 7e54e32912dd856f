import { Registry } from "../core/registry.ts";
import { cifar10 } from "./cifar10.ts";
import { cifar100 } from "./cifar100.ts";
import { fashionMnist } from "./fashion-mnist.ts";
import { mnist } from "./mnist.ts";
import type { DataSetDefinition } from "./types.ts";

/** All data sets by name. A new one: a file of this folder, and a line here. */
export const dataSets = new Registry<DataSetDefinition>({ what: "a data set", where: "data.name" }, [
  fashionMnist,
  mnist,
  cifar10,
  cifar100,
]);
