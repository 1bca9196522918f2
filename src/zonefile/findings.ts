/** Collects what a check finds, errors and warnings apart, no more of each than anyone reads. */
import type { Position, Problem } from './error.ts';

export const maxFindings = 100;

export class Findings {
  readonly #errors: Problem[] = [];
  readonly #warnings: Problem[] = [];

  error(position: Position, message: string): void {
    collect(this.#errors, position, message);
  }

  warning(position: Position, message: string): void {
    collect(this.#warnings, position, message);
  }

  /** In the order of files and lines. */
  sorted(): { errors: readonly Problem[]; warnings: readonly Problem[] } {
    return { errors: this.#errors.sort(byPosition), warnings: this.#warnings.sort(byPosition) };
  }
}

function byPosition(a: Position, b: Position): number {
  return a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1;
}

function collect(list: Problem[], { file, line, column }: Position, message: string): void {
  if (list.length === maxFindings) return;
  const last = list.length === maxFindings - 1 ? '; more are not listed' : '';
  list.push({ file, line, column, message: message + last });
}
