/** A line of CSV as Qualys writes it: every field quoted, quotes doubled, everything else as it is. */
export function csvLine(fields: readonly string[]): string {
  return `${fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(',')}\n`;
}
