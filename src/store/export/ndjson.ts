/** One JSON document a line, byte for byte as it was stored. */
import type { ScanPage } from '../scan.ts';
import type { SearchHit } from '../store.ts';
import type { ExportPiece } from './piece.ts';

export interface NdjsonOptions {
  /** Each line is `{"_index":…,"_id":…,"_source":…}`. */
  readonly withMeta?: boolean;
}

export async function* toNdjson(
  pages: AsyncIterable<ScanPage>,
  { withMeta = false }: NdjsonOptions = {},
): AsyncGenerator<ExportPiece> {
  for await (const page of pages) {
    const lines = page.hits.map((hit) => ndjsonLine(hit, withMeta));
    yield { bytes: Buffer.from(lines.join('')), page };
  }
}

export function ndjsonLine({ index, id, source = '{}' }: SearchHit, withMeta: boolean): string {
  // Line ends are white space between values: within strings JSON has none.
  const line = /[\r\n]/.test(source) ? source.replace(/[\r\n]+/g, ' ') : source;
  return withMeta
    ? `{"_index":${JSON.stringify(index)},"_id":${JSON.stringify(id)},"_source":${line}}\n`
    : `${line}\n`;
}
