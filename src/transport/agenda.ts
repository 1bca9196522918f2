/**
 * Work that a thread has put off until its other work has had a turn. It is kept in one place because a thread that
 * sleeps in a system call of ours, and not in Node's event loop, must know that there is none before it sleeps.
 */
export class Agenda {
  #waiting = 0;

  /** Calls `run` after what the event loop has to do now. */
  putOff(run: () => void): void {
    this.#waiting += 1;
    setImmediate(() => {
      this.#waiting -= 1;
      run();
    });
  }

  get isEmpty(): boolean {
    return this.#waiting === 0;
  }
}
