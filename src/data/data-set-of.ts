import { findDataSet } from "./catalog.ts";
import { IMPORTED, importedDataSet } from "./import/imported.ts";
import type { DataSetDefinition, DataSpec } from "./types.ts";

/** The data set of a spec: of the catalogue, or imported. @throws InputError for an unknown name, and where there is no import */
export function dataSetOf({ name, path }: Pick<DataSpec, "name" | "path">): DataSetDefinition {
  return name === IMPORTED ? importedDataSet(path) : findDataSet(name);
}
