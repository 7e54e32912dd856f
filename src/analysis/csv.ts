/** A row by column name; an undefined field is empty. */
export type CsvRow = Readonly<Record<string, string | number | undefined>>;

/** Quoted as RFC 4180 says, lines ended by LF; a text that begins as a formula does has a `'` before it. Columns in the order in which the rows first name them. */
export function toCsv(rows: readonly CsvRow[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = rows.map((row) => columns.map((column) => csvField(row[column])).join(","));
  return [columns.join(","), ...lines].map((line) => `${line}\n`).join("");
}

function csvField(value: string | number | undefined): string {
  const plain = String(value ?? "");
  // A spreadsheet takes such a text for a formula; numbers are written as numbers.
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
