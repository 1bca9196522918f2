/** Prints rows under their headings, columns aligned. */

/** Every cell is text; control characters in it, which a terminal would obey, are shown as `?`. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows.map((row) => row.map(printable))];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const printLine = (line: readonly string[]): string =>
    `${line.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()}\n`;
  return lines.map(printLine).join('');
}

/** The text with control characters replaced: what comes from a server may come from anybody. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what it is about
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
