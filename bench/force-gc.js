/** Preloaded into every thread of a server under soak (with --expose-gc): collects all garbage many times a second. */
setInterval(() => globalThis.gc(), 100).unref();
