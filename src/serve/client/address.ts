/** What is looked at; all of it is in the address, so that it can be passed on, kept, and gone back to. */
export interface Selection {
  readonly page: "runs" | "verdicts" | "layers";
  /** Beginning of an experiment's id; empty for all, or the first one. */
  readonly experiment: string;
  readonly filter: string;
  /** A field, with `-` before it from high to low. */
  readonly sort: string;
  /** A field, `seeds`, or empty. */
  readonly group: string;
  /** Ids of runs whose curves are drawn. */
  readonly chosen: readonly string[];
  /** Id of the run whose details are shown. */
  readonly open: string;
  /** Id of the run that others are compared with. */
  readonly baseline: string;
  /** Fields of settings that all runs share, too. */
  readonly allFields: boolean;
  readonly curve: "testAccuracy" | "trainAccuracy" | "testLoss" | "trainLoss";
  readonly variant: string;
  readonly measure: string;
  readonly p: string;
}

export const nothingSelected: Selection = {
  page: "runs",
  experiment: "",
  filter: "",
  sort: "",
  group: "seeds",
  chosen: [],
  open: "",
  baseline: "",
  allFields: false,
  curve: "testAccuracy",
  variant: "",
  measure: "",
  p: "",
};

const pages: readonly Selection["page"][] = ["runs", "verdicts", "layers"];
const curves: readonly Selection["curve"][] = ["testAccuracy", "trainAccuracy", "testLoss", "trainLoss"];
const texts = ["experiment", "filter", "sort", "group", "open", "baseline", "variant", "measure", "p"] as const;

/** `#/runs?filter=…&chosen=a,b`; what is as it is at first is left out. */
export function addressOf(selection: Selection): string {
  const parameters = new URLSearchParams();
  for (const name of texts) if (selection[name] !== nothingSelected[name]) parameters.set(name, selection[name]);
  if (selection.chosen.length > 0) parameters.set("chosen", selection.chosen.join("~"));
  if (selection.allFields) parameters.set("fields", "all");
  if (selection.curve !== nothingSelected.curve) parameters.set("curve", selection.curve);
  const query = parameters.toString();
  return `#/${selection.page}${query === "" ? "" : `?${query}`}`;
}

/** The selection of an address; what it does not say, or says wrongly, is as it is at first. */
export function selectionOf(address: string): Selection {
  const [path = "", query = ""] = address.replace(/^#\/?/, "").split("?");
  const parameters = new URLSearchParams(query);
  const said = Object.fromEntries(
    texts.flatMap((name) => (parameters.has(name) ? [[name, parameters.get(name)]] : [])),
  );
  return {
    ...nothingSelected,
    ...(said as Partial<Selection>),
    page: pages.find((page) => page === path) ?? "runs",
    chosen: (parameters.get("chosen") ?? "").split("~").filter((id) => /^[0-9a-f]{8}-\d+$/.test(id)),
    allFields: parameters.get("fields") === "all",
    curve: curves.find((curve) => curve === parameters.get("curve")) ?? nothingSelected.curve,
  };
}
