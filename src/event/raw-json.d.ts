interface JSON {
  /** ECMAScript: JSON.parse source text access. */
  rawJSON(text: string): { readonly rawJSON: string };
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
}
