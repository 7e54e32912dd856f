import { idxDataSet } from "./idx.ts";

/** MNIST: 28 x 28 grey images of handwritten digits. @source LeCun, Bottou, Bengio, Haffner, Proc. IEEE 86 (11), 1998 */
export const mnist = idxDataSet({
  name: "mnist",
  title: "MNIST",
  classes: 10,
  shape: [1, 28, 28],
  train: 60_000,
  test: 10_000,
  folder: "mnist",
  content: "b5d3de123e020d4d7f361608abf052b199ae3b4f4b3a6fdf3b67b783ee3afaed",
  obtain:
    "Download train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and " +
    "t10k-labels-idx1-ubyte.gz from http://yann.lecun.com/exdb/mnist/ or a mirror of it (no need to unpack)",
});
