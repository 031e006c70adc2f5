// Node's fast slices, on every Buffer since Node 0.x but missing in its type declarations.
declare global {
  interface Buffer {
    utf8Slice(start?: number, end?: number): string;
    latin1Slice(start?: number, end?: number): string;
  }
}

export {};
