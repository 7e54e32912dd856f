/** A row by column name; an undefined field is empty. */
export type CsvRow = Readonly<Record<string, string | number | undefined>>;

/** Quoted as RFC 4180 says, lines ended by LF; columns in the order in which the rows first name them. */
export function toCsv(rows: readonly CsvRow[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = rows.map((row) => columns.map((column) => csvField(row[column])).join(","));
  return [columns.join(","), ...lines].map((line) => `${line}\n`).join("");
}

function csvField(value: string | number | undefined): string {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
