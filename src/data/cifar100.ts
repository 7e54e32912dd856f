import { cifarDataSet } from "./cifar.ts";

/** CIFAR-100 with its fine labels. @source Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009 */
export const cifar100 = cifarDataSet(
  {
    name: "cifar100",
    title: "CIFAR-100",
    classes: 100,
    shape: [3, 32, 32],
    train: 50_000,
    test: 10_000,
    folder: "cifar-100-binary",
    obtain:
      "Download the binary version, cifar-100-binary.tar.gz, from https://www.cs.toronto.edu/~kriz/cifar.html and " +
      "unpack it there (tar -xzf cifar-100-binary.tar.gz makes the folder cifar-100-binary)",
    lookalikes: [
      { name: "cifar-100-binary.tar.gz", advice: "unpack it: tar -xzf cifar-100-binary.tar.gz" },
      { name: "cifar-100-python", advice: "that is the Python version; the binary version is needed" },
      { name: "cifar-100-python.tar.gz", advice: "that is the Python version; the binary version is needed" },
    ],
  },
  [20, 100],
  ["train.bin"],
  ["test.bin"],
);
