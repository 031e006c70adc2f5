import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuTime } from '../../../test/support/busy-machine.ts';
import type { EcsMode } from '../../kernel/plugin.ts';
import { compileGrok, type GrokCaptures } from '../grok/compile.ts';
import { runsInTime } from '../regexp-guard.ts';
import { defaultSyslogPattern } from './fields.ts';
import { newSyslogLine, parseRfc5424, parseSyslogLine } from './parse.ts';

/** What the parser says, under the names of the pattern's captures; the verdict when it is no match. */
function parsed(text: string, ecs: EcsMode): GrokCaptures | string {
  const line = newSyslogLine();
  const verdict = parseSyslogLine(text, ecs === 'disabled', line);
  if (verdict !== 'match') return verdict;
  const fields =
    ecs === 'disabled'
      ? {
          priority: String(line.priority),
          [line.iso ? 'timestamp8601' : 'timestamp']: line.timestamp,
          logsource: line.host,
          program: line.program,
          pid: line.pid,
          message: line.message,
        }
      : {
          '[log][syslog][priority]': line.priority,
          timestamp: line.timestamp,
          '[host][hostname]': line.host,
          '[process][name]': line.program,
          '[process][pid]': line.pid === undefined ? undefined : Number(line.pid),
          message: line.message,
        };
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''),
  ) as GrokCaptures;
}

const matchers = {
  disabled: compileGrok(defaultSyslogPattern('disabled'), { ecs: 'disabled' }),
  v1: compileGrok(defaultSyslogPattern('v1'), { ecs: 'v1' }),
};

/** The parser must agree with grok unless it is unsure. */
function agrees(text: string): void {
  for (const ecs of ['disabled', 'v1'] as const) {
    const mine = parsed(text, ecs);
    if (mine === 'unsure') continue;
    let theirs: GrokCaptures | undefined;
    if (!runsInTime(500, () => (theirs = matchers[ecs].match(text)))) continue;
    expect(mine, `${ecs}: ${JSON.stringify(text)}`).toEqual(
      theirs === undefined ? 'no match' : { ...theirs },
    );
  }
}

const usual = [
  '<34>Oct 11 22:14:15 mymachine su: root failed for lonvick on /dev/pts/8',
  '<13>Oct  1 22:14:15 10.0.0.1 sshd[123]: Accepted password',
  '<164>Oct 26 15:19:25 1.2.3.4 %ASA-4-106023: Deny udp src DRAC:10.1.2.3/43434 dst outside:192.168.0.1/53',
  '<13>2026-11-20T10:00:00.123456+01:00 web-01.example.com app::x[7]: hello',
  '<13>2026-11-20T10:00:00Z host no program here',
  '<13>Oct 11 22:14:15 host app[007]: not a process id',
  '<13>Oct 11 22:14:15 host app: ',
  '<13>Oct 11 22:14:15.250 host app: with fraction',
];

describe('the default pattern by hand', () => {
  test.each(usual)('%s', (text) => {
    expect(typeof parsed(text, 'disabled')).toBe('object');
    expect(typeof parsed(text, 'v1')).toBe('object');
    agrees(text);
  });

  test.each([
    'hello world, this is not syslog',
    '',
    '<13>',
    '<13>hello',
    '<0>Oct 11 22:14:15 host app: no such priority',
    '<013>Oct 11 22:14:15 host app: x',
    '<13>Oct 11 22:14:15 app[1]: without a host',
    '<13>Oct 11 22:14:15 my_host app: x',
    '<13>Oct 11 22:14:15 host',
    '<13>Oct 11 22:14:15 ',
    '<34>1 2003-10-11T22:14:15.003Z mymachine su - ID47 - BOM',
  ])('agrees that there is or is no match: %s', (text) => {
    expect(parsed(text, 'disabled')).toBe('no match');
    agrees(text);
  });

  test('asks grok about what it does not read itself', () => {
    for (const text of [
      'prefix <13>Oct 11 22:14:15 host app: x',
      '<13>October 11 22:14:15 host app: x',
      '<13>Oct 11 2:14:15 host app: x',
      '<13>Oct 11 22:14:15 fe80::1 app: x',
      '<13>Oct 11 22:14:15 <3.4> host app: x',
      '<13>Oct 32 22:14:15 host app: x',
      '<13>Oct 11 25:14:15 host app: x',
    ])
      expect(parsed(text, 'disabled'), text).toBe('unsure');
  });

  test('agrees with grok on anything like a line', () => {
    const piece = fc.constantFrom(
      ...[
        '<',
        '>',
        '<13>',
        '<191>',
        '<0>',
        '<9999>',
        'Oct 11 22:14:15',
        'oct  1 02:14:15',
        'Okt 11 22:14:15',
      ],
      ...[
        '2026-11-20T10:00:00Z',
        '2026-11-20 10:00:00,5',
        '26-11-20T10:00',
        'Oct 31 23:59:60',
        ' ',
        '  ',
        'host',
      ],
      ...[
        'a.b',
        'a.b.',
        'a..b',
        '-a',
        'a-',
        '10.0.0.1',
        '1.2.3.4.5',
        'my_host',
        '::1',
        'fe80::1%eth0',
        'app:',
        'app[1]:',
      ],
      ...['app[0]:', 'app[1]', ']', '[', ':', 'é', '\n', '\t', 'word', '<1.2>', 'x'.repeat(64)],
    );
    const head = fc.constantFrom(
      '',
      '<13>Oct 11 22:14:15 ',
      '<13>2026-11-20T10:00:00+01:00 ',
      '<13>Oct 11 22:14:15 host ',
    );
    fc.assert(
      fc.property(
        head,
        fc.array(piece, { maxLength: 8 }),
        fc.constantFrom('', ' '),
        (start, pieces, glue) => {
          agrees(start + pieces.join(glue));
        },
      ),
      { numRuns: 600 },
    );
  });

  test('takes linear time on hostile lines', () => {
    const started = cpuTime();
    for (const text of [
      `<13>Oct 11 22:14:15 ${'a-'.repeat(100_000)}_ x`,
      `<13>Oct 11 22:14:15 host ${'a:'.repeat(100_000)}`,
      '<1>'.repeat(100_000),
      `<34>1 - - - - - ${'[a b="'.repeat(50_000)}`,
    ]) {
      parsed(text, 'disabled');
      parseRfc5424(text, newSyslogLine());
    }
    // In quadratic time each of them would take minutes.
    expect(cpuTime() - started).toBeLessThan(5000);
  });
});

describe('RFC 5424', () => {
  const parse = (text: string) => {
    const line = newSyslogLine();
    return parseRfc5424(text, line) ? line : undefined;
  };

  test("the RFC's examples", () => {
    expect(
      parse("<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed"),
    ).toEqual({
      priority: 34,
      version: '1',
      timestamp: '2003-10-11T22:14:15.003Z',
      iso: true,
      host: 'mymachine.example.com',
      program: 'su',
      pid: undefined,
      messageId: 'ID47',
      structuredData: undefined,
      message: "'su root' failed",
    });
    const data =
      '[exampleSDID@32473 iut="3" eventSource="App\\"lic]ation"][examplePriority@32473 class="high"]';
    expect(
      parse(`<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - ${data} msg`),
    ).toMatchObject({
      pid: '8710',
      structuredData: data,
      message: 'msg',
    });
    expect(parse(`<165>1 - - - - - ${data}`)).toMatchObject({
      structuredData: data,
      message: '',
      timestamp: undefined,
    });
  });

  test('other text is something else', () => {
    for (const text of [
      '',
      '<34>1',
      '<34>Oct 11 22:14:15 h a: x',
      '<34>1 - - - - - [a',
      '<34>1 - - - - - x',
      '<34>0 - - - - - -',
    ])
      expect(parse(text), text).toBeUndefined();
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        parse(text);
        parse(`<34>1 - - - - - ${text}`);
        parsed(`<34>${text}`, 'disabled');
      }),
    );
  });
});
