import { idxDataSet } from "./idx.ts";

/** Fashion-MNIST: 28 x 28 grey images of ten kinds of clothing. @source Xiao, Rasul, Vollgraf, arXiv 1708.07747 */
export const fashionMnist = idxDataSet({
  name: "fashion-mnist",
  title: "Fashion-MNIST",
  classes: 10,
  shape: [1, 28, 28],
  train: 60_000,
  test: 10_000,
  folder: "fashion-mnist",
  content: "e2a28d202262abcc1b20ea09794daeac1da31063916d84da9743c7b72fa7b5a9",
  packaged: "/usr/share/datasets/fashion-mnist",
  obtain:
    "Debian has it: apt-get install dataset-fashion-mnist. Elsewhere: the four files train-*.gz and t10k-*.gz from " +
    "https://github.com/zalandoresearch/fashion-mnist",
});
