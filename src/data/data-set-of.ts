import { dataSets } from "./catalog.ts";
import { IMPORTED, importedDataSet } from "./import/imported.ts";
import { findImport } from "./import/record.ts";
import type { DataSetDefinition, DataSpec } from "./types.ts";

/**
 * The data set of a spec: of the catalogue, or imported. Stored results name an import by its content alone.
 * @throws InputError for an unknown name, and where there is no import
 */
export function dataSetOf({ name, path, content }: Pick<DataSpec, "name" | "path" | "content">): DataSetDefinition {
  if (name !== IMPORTED) return dataSets.get(name);
  return importedDataSet(path ?? (content === undefined ? undefined : findImport(content)));
}
