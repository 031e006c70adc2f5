/** Run as a program: writes events through the stdout output, `count` of them in batches of a hundred. */
import { Event } from '../../src/event/event.ts';
import { jsonLines } from '../../src/plugins/codecs/json-lines.ts';
import { stdout } from '../../src/plugins/outputs/stdout.ts';
import { createCodec, outputContext } from './plugin.ts';

const count = Number(process.argv[2]);
const output = stdout.create({} as never, outputContext(createCodec(jsonLines)));
const { signal } = new AbortController();
const writes: unknown[] = [];
for (let first = 0; first < count; first += 100) {
  const events = Array.from(
    { length: 100 },
    (_, index) => new Event({ n: first + index, pad: 'x'.repeat(200) }),
  );
  const written = output.write(events, signal);
  // All at once unless told to wait: several batches are in flight then.
  if (process.argv[3] === 'wait') await new Promise((resolve) => setTimeout(resolve, 1));
  writes.push(written);
}
await Promise.all(writes);
await output.close();
