/** What is wrong with a zone file and where. */

/** A place in a zone file; lines and columns count from 1, columns in octets. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One error or warning at its place. */
export interface Problem extends Position {
  readonly message: string;
}

/**
 * A zone that cannot be served. It stands at its first problem; `problems` has all that were found, in the order of the
 * file.
 */
export class ZoneFileError extends Error implements Position {
  readonly problems: readonly Problem[];
  readonly file: string;
  readonly line: number;
  readonly column: number;

  constructor(problems: readonly [Problem, ...Problem[]]) {
    super(problems.map(printProblem).join('\n'));
    this.name = 'ZoneFileError';
    this.problems = problems;
    this.file = problems[0].file;
    this.line = problems[0].line;
    this.column = problems[0].column;
  }
}

/** `file:line:column: message`. */
export function printProblem({ file, line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${message}`;
}
