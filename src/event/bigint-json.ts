/** Imported for its effect: JSON.stringify of a BigInt is its digits, everywhere in this process. */
export {};

declare global {
  interface BigInt {
    toJSON(): unknown;
  }
}
if (!Object.hasOwn(BigInt.prototype, 'toJSON')) {
  Object.defineProperty(BigInt.prototype, 'toJSON', {
    value(this: bigint) {
      return JSON.rawJSON(this.toString());
    },
    configurable: true,
    writable: true,
  });
}
