/** Parses Ruby with Prism, synchronously, in one instance per thread that is made when first needed. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { ProgramNode } from '@ruby/prism/src/nodes.js';
import type { Options, parsePrism } from '@ruby/prism/src/parsePrism.js';

export interface RubySyntaxError {
  readonly message: string;
  /** Both from 1; columns count characters. */
  readonly line: number;
  readonly column: number;
}

export interface Parsed {
  readonly source: string;
  readonly bytes: Buffer;
  readonly program: ProgramNode;
  readonly errors: readonly RubySyntaxError[];
  /** `# frozen_string_literal: true` and other comments that change the meaning. */
  readonly magic: boolean;
}

let parse: ((source: string, options: Options) => ReturnType<typeof parsePrism>) | undefined;

function load(): NonNullable<typeof parse> {
  const require = createRequire(import.meta.url);
  const prism = require('@ruby/prism/src/parsePrism.js') as { parsePrism: typeof parsePrism };
  const module = new WebAssembly.Module(readFileSync(require.resolve('@ruby/prism/src/prism.wasm')));
  // Prism reads memory and writes memory; of the system it needs nothing.
  const imports = new Proxy({}, { get: (_, name) => () => (String(name).endsWith('_sizes_get') ? 0 : 8) });
  const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: imports });
  (instance.exports['_initialize'] as () => void)();
  return (source, options) => prism.parsePrism(instance.exports, source, options);
}

/**
 * Parses `source` as Ruby 3.4. `scopes` names the local variables around it. Never throws for bad Ruby: see `errors`.
 */
export function parseRuby(source: string, options: { locals?: string[]; file?: string } = {}): Parsed {
  parse ??= load();
  const result = parse(source, {
    version: '3.4.0',
    ...(options.file ? { filepath: options.file } : {}),
    ...(options.locals ? { scopes: [options.locals] } : {}),
  });
  const bytes = Buffer.from(source);
  return {
    source,
    bytes,
    program: result.value,
    errors: result.errors.map((error) => ({
      message: error.message,
      ...positionOf(bytes, error.location.startOffset),
    })),
    magic: result.magicComments.length > 0 || result.dataLoc !== null,
  };
}

/** Line and column of a byte offset. */
export function positionOf(bytes: Buffer, offset: number): { line: number; column: number } {
  const before = bytes.subarray(0, offset).toString('utf8');
  const newline = before.lastIndexOf('\n');
  return { line: before.split('\n').length, column: [...before.slice(newline + 1)].length + 1 };
}
