// ECMAScript's JSON.parse source text access, in V8 but not yet in TypeScript's library.
declare global {
  interface JSON {
    rawJSON(text: string): { readonly rawJSON: string };
    isRawJSON(value: unknown): value is { readonly rawJSON: string };
  }
}

export {};
