import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec, decoderContext, resolveOptions } from '../../../test/support/plugin.ts';
import { ownFields, TestWriter } from '../../../test/support/writer.ts';
import type { Fields } from '../../kernel/event-types.ts';
import type { Codec } from '../../kernel/plugin.ts';
import { createRecordDecoder } from '../../lib/record-decoder.ts';
import { multiline } from './multiline.ts';

/** Events of lines, all flushed at the end. */
function decode(codec: Codec, lines: readonly string[]): Fields[] {
  const events: Fields[] = [];
  for (const line of lines) codec.decode(line, (event) => events.push(event.fields));
  codec.flush!((event) => events.push(event.fields), true);
  return events;
}
const messages = (codec: Codec, lines: readonly string[]) =>
  decode(codec, lines).map((event) => event['message']);

describe('multiline', () => {
  it('joins lines that match to the previous line', () => {
    const codec = createCodec(multiline, { pattern: '^\\s', what: 'previous' });
    expect(decode(codec, ['one', ' a', '\tb', 'two', 'three', ' c'])).toEqual([
      { message: 'one\n a\n\tb', tags: ['multiline'] },
      { message: 'two' },
      { message: 'three\n c', tags: ['multiline'] },
    ]);
  });

  it('joins lines that do not match with negate', () => {
    const codec = createCodec(multiline, { pattern: '^\\[', negate: true, what: 'previous' });
    expect(messages(codec, ['stray', '[1] a', 'b', '', 'c', '[2]'])).toEqual([
      'stray',
      '[1] a\nb\n\nc',
      '[2]',
    ]);
  });

  it('joins lines that match to the next line', () => {
    const codec = createCodec(multiline, { pattern: '\\\\$', what: 'next', multiline_tag: '' });
    expect(decode(codec, ['a \\', 'b \\', 'c', 'd', 'e\\'])).toEqual([
      { message: 'a \\\nb \\\nc' },
      { message: 'd' },
      { message: 'e\\' },
    ]);
  });

  it('ends events that become too long, and says so', () => {
    const codec = createCodec(multiline, { pattern: '^ ', what: 'previous', max_lines: 2 });
    expect(decode(codec, ['a', ' b', ' c', ' d', ' e'])).toEqual([
      { message: 'a\n b\n c', tags: ['multiline', 'multiline_codec_max_lines_reached'] },
      { message: ' d\n e', tags: ['multiline'] },
    ]);
    const bytes = createCodec(multiline, { pattern: '^ ', what: 'previous', max_bytes: 4 });
    expect(decode(bytes, ['aé', ' b', ' c'])).toEqual([
      { message: 'aé\n b', tags: ['multiline', 'multiline_codec_max_bytes_reached'] },
      { message: ' c' },
    ]);
  });

  it('holds what may go on, and lets it go after a quiet time', async () => {
    const codec = createCodec(multiline, { pattern: '^ ', what: 'previous', auto_flush_interval: 0.3 });
    const events: Fields[] = [];
    const emit = (event: { fields: Fields }) => events.push(event.fields);
    expect(codec.holding).toBe(false);
    codec.decode('a', emit);
    expect(codec.holding).toBe(true);
    codec.flush!(emit, false);
    expect(events).toEqual([]);
    await delay(320);
    codec.flush!(emit, false);
    expect(events).toEqual([{ message: 'a' }]);
    expect(codec.holding).toBe(false);
  });

  it('keeps senders apart and flushes when one goes', () => {
    const codec = createCodec(multiline, { pattern: '^ ', what: 'previous' });
    const writer = new TestWriter();
    const [a, b] = [{ key: 'a' }, { key: 'b' }];
    writer.lines(a, Buffer.from('a1\n'), 1);
    writer.lines(b, Buffer.from('b1\n'), 1);
    writer.lines(a, Buffer.from(' a2\nx\n'), 2);
    writer.end(b);
    const decoder = createRecordDecoder(decoderContext(codec), []);
    const events: Fields[] = [];
    decoder.decode(writer.block(7), (event) => events.push(ownFields(event)));
    expect(events).toEqual([{ message: 'a1\n a2', tags: ['multiline'] }, { message: 'b1' }]);
    expect(decoder.holds!(7)).toBe(true);
    decoder.flush!((event) => events.push(ownFields(event)), true);
    expect(events[2]).toEqual({ message: 'x' });
    expect(decoder.holds!(7)).toBe(false);
  });

  it('knows grok patterns, its own too', () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-patterns-'));
    try {
      writeFileSync(join(folder, 'mine'), '# a comment\nSTAMP   \\d{2}:\\d{2} \n');
      const given = { pattern: '^%{STAMP}', negate: true, what: 'previous', patterns_dir: [folder] };
      expect(messages(createCodec(multiline, given), ['10:00 a', 'b', '10:01 c'])).toEqual([
        '10:00 a\nb',
        '10:01 c',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('keeps the original with ECS', () => {
    const codec = createCodec(multiline, { pattern: '^ ', what: 'previous' }, { ecs: 'v8' });
    expect(decode(codec, ['a', ' b'])).toEqual([
      { message: 'a\n b', event: { original: 'a\n b' }, tags: ['multiline'] },
    ]);
  });

  it('refuses patterns that can not be', () => {
    const problems: string[] = [];
    const check = (pattern: string) =>
      multiline.validate!(resolveOptions(multiline, { pattern, what: 'next' }), (severity, option) =>
        problems.push(`${severity} ${option}`),
      );
    check('(unclosed');
    check('%{NO_SUCH_PATTERN}');
    check('^fine$');
    expect(problems).toEqual(['error pattern', 'error pattern']);
  });

  it('survives a pattern that explodes', () => {
    const codec = createCodec(multiline, { pattern: '^(?=(a+)+$)\\1b', what: 'previous' });
    const lines = ['x', 'a'.repeat(600)];
    expect(messages(codec, lines).join('\n')).toBe(lines.join('\n'));
  });

  it('never throws and loses no line', () => {
    const line = fc.string({ unit: 'binary', maxLength: 10 }).map((text) => text.replaceAll('\n', ''));
    const options = fc.record({
      pattern: fc.constantFrom('^ ', 'a', '^$', '.'),
      what: fc.constantFrom('previous', 'next'),
      negate: fc.boolean(),
      max_lines: fc.integer({ min: 1, max: 4 }),
      max_bytes: fc.integer({ min: 1, max: 30 }),
    });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), options, (lines, given) => {
        expect(messages(createCodec(multiline, given), lines).join('\n')).toBe(lines.join('\n'));
      }),
    );
  });
});
