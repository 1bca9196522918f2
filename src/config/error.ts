/** What is wrong with a configuration, all of it at once. */

export interface ConfigProblem {
  /** The option, as in `dns.tcp.idle`; '' for the file as a whole. */
  readonly path: string;
  /** Where it was said: `signpost.yaml:3:9`, `--dns`, `SIGNPOST_DNS_IO`; null for what several options do together. */
  readonly where: string | null;
  /** What was found and what was wanted. */
  readonly message: string;
}

/** The configuration cannot be used; `problems` has at least one entry. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ where, message }) => (where === null ? message : `${where}: ${message}`)).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
