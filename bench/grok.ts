/**
 * Microseconds a line for grok patterns over generated log lines, beside an expression written by hand.
 * Run by hand, with the data of the load tools (`mkdata.mjs FOLDER`):
 * `node --enable-experimental-regexp-engine-on-excessive-backtracks bench/grok.ts FOLDER`
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Event } from '../src/event/event.ts';
import { compileApply } from '../src/lib/grok/apply.ts';
import { compileGrok } from '../src/lib/grok/compile.ts';
import { compileKeyValues } from '../src/lib/text/key-values.ts';
import { dissect } from '../src/plugins/filters/dissect.ts';
import { grok } from '../src/plugins/filters/grok.ts';
import { createFilter } from '../test/support/plugin.ts';

const ROUNDS = 9;
const LINES = 50_000;

function read(folder: string, file: string): string[] {
  const text = readFileSync(join(folder, file), 'latin1');
  return text.slice(0, text.lastIndexOf('\n')).split('\n', LINES);
}

/** Best of several rounds over all lines. */
function measure(name: string, lines: readonly string[], work: (line: string) => boolean): void {
  let best = Number.POSITIVE_INFINITY;
  let hits = 0;
  for (let round = 0; round < ROUNDS; round++) {
    hits = 0;
    const start = performance.now();
    for (const line of lines) if (work(line)) hits++;
    best = Math.min(best, ((performance.now() - start) * 1000) / lines.length);
  }
  console.log(`${name.padEnd(58)} ${best.toFixed(3)} µs/line, ${hits} of ${lines.length} match`);
}

const event = (message: string): Event =>
  new Event({ '@timestamp': '2026-11-20T10:00:00.000Z', '@version': '1', message, host: '127.0.0.1' });

const folder = process.argv[2];
if (folder === undefined) {
  console.error('usage: node bench/grok.ts FOLDER (with apache.log and syslog.log)');
  process.exit(2);
}
const apache = read(folder, 'apache.log');
const syslog = read(folder, 'syslog.log');

const byHand =
  /^(\S+) (\S+) (\S+) \[([^\]]+)\] "(\S+) (\S+)(?: HTTP\/(\S+))?" (\d+|-) (\d+|-) ("[^"]*") ("[^"]*")$/;
measure('apache: expression by hand, matched only', apache, (line) => byHand.exec(line) !== null);
measure('apache: expression by hand, with the event', apache, (message) => {
  const m = byHand.exec(message);
  if (!m) return false;
  const made = new Event({
    '@timestamp': '2026-11-20T10:00:00.000Z',
    '@version': '1',
    message,
    host: '127.0.0.1',
    clientip: m[1],
    ident: m[2],
    auth: m[3],
    timestamp: m[4],
    verb: m[5],
    request: m[6],
    httpversion: m[7],
    response: m[8],
    bytes: m[9],
    referrer: m[10],
    agent: m[11],
  });
  return made.fields['verb'] !== undefined;
});

for (const [name, expression, ecs, lines] of [
  ['apache: COMBINEDAPACHELOG', '%{COMBINEDAPACHELOG}', 'disabled', apache],
  ['apache: COMBINEDAPACHELOG, ECS', '%{COMBINEDAPACHELOG}', 'v8', apache],
  ['apache: ^COMMONAPACHELOG', '^%{COMMONAPACHELOG}', 'disabled', apache],
  ['syslog: SYSLOGLINE behind a priority', '^<%{NONNEGINT:pri}>%{SYSLOGLINE}', 'disabled', syslog],
  ['syslog: no match, anchored', '^%{COMBINEDAPACHELOG}', 'disabled', syslog],
  ['syslog: no match, not anchored', '%{COMBINEDAPACHELOG}', 'disabled', syslog],
] as const) {
  const matcher = compileGrok(expression, { ecs });
  const apply = compileApply(matcher);
  measure(`${name}, matched only`, lines, (line) => matcher.exec(line) !== null);
  measure(`${name}, with the event`, lines, (line) => {
    const match = matcher.exec(line);
    if (!match) return false;
    apply(event(line), match);
    return true;
  });
}

const grokFilter = await createFilter(grok, { match: { message: '%{COMBINEDAPACHELOG}' } });
measure('apache: the filter grok', apache, (line) => grokFilter.filter!(event(line), () => {}));
const dissectFilter = await createFilter(dissect, {
  mapping: {
    message:
      '%{clientip} %{ident} %{auth} [%{timestamp}] "%{verb} %{request} HTTP/%{httpversion}" %{response} %{bytes} "%{referrer}" "%{agent}"',
  },
});
measure('apache: the filter dissect', apache, (line) => dissectFilter.filter!(event(line), () => {}));

const guarded = await createFilter(grok, { match: { message: '^(?=.*HTTP)%{COMBINEDAPACHELOG}' } });
const batches = Array.from({ length: Math.floor(apache.length / 250) }, (_, index) =>
  apache.slice(index * 250, index * 250 + 250),
);
let best = Number.POSITIVE_INFINITY;
for (let round = 0; round < ROUNDS; round++) {
  const start = performance.now();
  for (const batch of batches) await guarded.filterBatch!(batch.map(event), () => {});
  best = Math.min(best, ((performance.now() - start) * 1000) / (batches.length * 250));
}
console.log(`${'apache: a guarded pattern, batches of 250'.padEnd(58)} ${best.toFixed(3)} µs/line`);

const pairs = compileKeyValues({
  fieldSplit: ' ',
  valueSplit: '=',
  whitespace: 'lenient',
  includeBrackets: true,
  allowEmptyValues: false,
  allowDuplicateValues: true,
  recursive: false,
});
const all = { include: undefined, exclude: undefined, prefix: '' };
measure('kv: 2 pairs in a syslog line of 255 bytes', syslog, (line) => {
  const found = {};
  pairs.parse(line, all, found);
  return 'session' in found;
});
