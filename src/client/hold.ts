/**
 * Waiting that keeps the process alive. The client's sockets and timers do not: only a caller who waits may do that.
 */

/** Waits for `work` and keeps the process alive until it is settled. */
export async function holdFor<Result>(work: Promise<Result>): Promise<Result> {
  const hold = setInterval(() => undefined, 2 ** 30);
  try {
    return await work;
  } finally {
    clearInterval(hold);
  }
}
