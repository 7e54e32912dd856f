import { cifarDataSet } from "./cifar.ts";

/** CIFAR-10: 32 x 32 colour images of ten classes. @source Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009 */
export const cifar10 = cifarDataSet(
  {
    name: "cifar10",
    title: "CIFAR-10",
    classes: 10,
    shape: [3, 32, 32],
    train: 50_000,
    test: 10_000,
    folder: "cifar-10-batches-bin",
    obtain:
      "Download the binary version, cifar-10-binary.tar.gz, from https://www.cs.toronto.edu/~kriz/cifar.html and " +
      "unpack it there (tar -xzf cifar-10-binary.tar.gz makes the folder cifar-10-batches-bin)",
    lookalikes: [
      { name: "cifar-10-binary.tar.gz", advice: "unpack it: tar -xzf cifar-10-binary.tar.gz" },
      { name: "cifar-10-batches-py", advice: "that is the Python version; the binary version is needed" },
      { name: "cifar-10-python.tar.gz", advice: "that is the Python version; the binary version is needed" },
    ],
  },
  [10],
  ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
  ["test_batch.bin"],
);
