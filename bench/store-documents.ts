/**
 * What does it cost to make columns of a document? Documents a CPU second through the mapping of the event store, one
 * thread, no disk. Run by hand: node bench/store-documents.ts [documents]
 */
import { DocumentReader } from '../src/store/mapping/document.ts';
import { IndexMapping } from '../src/store/mapping/mapping.ts';
import type { ColumnNumbers } from '../src/store/mapping/row.ts';
import { securityEvents } from './store-events.ts';

const count = Number(process.argv[2] ?? 100_000);
const event = securityEvents(count);

/** CPU seconds that `work` takes. */
function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1e6;
}

const print = (name: string, seconds: number, bytes: number): void => {
  const rate = Math.round(count / seconds).toLocaleString('en');
  process.stdout.write(
    `${name.padEnd(34)} ${rate.padStart(10)} documents/s ${(bytes / seconds / 1e6).toFixed(0).padStart(6)} MB/s\n`,
  );
};

const numbers = new Map<string, number>();
const columns: ColumnNumbers = {
  number(field, type) {
    const key = `${type} ${field}`;
    let number = numbers.get(key);
    if (number === undefined) numbers.set(key, (number = numbers.size));
    return number;
  },
};

let length = 0;
const generated = cpuSeconds(() => {
  for (let n = 0; n < count; n++) length += event(n).source.length;
});
print('generate', generated, length);

const texts = Array.from({ length: count }, (_, n) => event(n).source);
const source = Buffer.from(texts.join(''));
const ends = new Int32Array(count);
const families = texts.map((_, n) => event(n).index.slice(0, event(n).index.indexOf('-')));
for (let n = 0, end = 0; n < count; n++) ends[n] = end += Buffer.byteLength(texts[n]!);

for (let round = 0; round < 3; round++) {
  print(
    'JSON.parse alone',
    cpuSeconds(() => {
      for (const text of texts) JSON.parse(text);
    }),
    source.length,
  );
  const readers = new Map<string, DocumentReader>();
  let norms = 0;
  let ignored = 0;
  const seconds = cpuSeconds(() => {
    for (let n = 0, from = 0; n < count; from = ends[n++]!) {
      let reader = readers.get(families[n]!);
      if (reader === undefined)
        readers.set(families[n]!, (reader = new DocumentReader(new IndexMapping(), columns)));
      const document = reader.read(source, from, ends[n]!);
      norms += document.columns.length;
      if (document.ignored !== undefined) ignored++;
    }
  });
  print('map', seconds, source.length);
  if (round === 2) {
    const fields = [...readers.values()].map((reader) => reader.mapping.fields.size);
    process.stdout.write(
      `${(source.length / count).toFixed(0)} bytes a document, ${(norms / count).toFixed(0)} of columns; ${fields.join('+')} fields, ${numbers.size} columns; ${ignored} documents with values that did not fit\n`,
    );
  }
}
