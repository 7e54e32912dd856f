import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildModel } from "../../../src/models/index.ts";
import { projectFolder } from "../root.ts";
import { mutated } from "./mutate.ts";
import type { Reader } from "./reader.ts";

/** Damaged networks of TorchScript, as a whole: with right checksums they are programs, and libtorch's own affair. */
const networks: Reader = {
  name: "TorchScript",
  prepare(folder) {
    const file = readFileSync(join(projectFolder(), "test/fixtures/torchscript/lenet5.pt"));
    const path = join(folder, "net.pt");
    return (draws) => {
      // Some as they are, so that the reading goes on to its end.
      const bytes = draws.below(20) === 0 ? file : mutated(file, file, draws);
      writeFileSync(path, bytes);
      const model = { name: "torchscript", torchscript: path, init: "file" };
      return { bytes, read: () => buildModel(model, { classes: 10, shape: [1, 28, 28] }).prunable().length };
    };
  },
};

export const networkReaders: readonly Reader[] = [networks];
