/** Imported by every thread of the process under test: collects its garbage every few seconds. */
const EVERY_MS = 5_000;

setInterval(() => globalThis.gc?.(), EVERY_MS).unref();
