/** Results of config tests as text for people, and as JUnit XML. */
import type { Difference } from '../engine/config-tests/differences.ts';
import type { Problem } from '../engine/config-tests/judge.ts';
import type { ConfigTestReport, FileReport, TestReport } from '../engine/config-tests/run.ts';

export interface ReportStyle {
  readonly color: boolean;
  /** Name what passed, too. */
  readonly verbose: boolean;
}

/** Longer values are cut in the middle. */
const MAX_VALUE = 300;
const MAX_EVENTS = 10;

/** The whole report, with a summary as its last line. */
export function textReport(report: ConfigTestReport, style: ReportStyle): string {
  const { red, green, yellow, dim } = painter(style.color);
  const lines: string[] = [];
  const errors = new Set<string>();
  for (const { file, errors: wrong, tests } of report.files) {
    for (const error of wrong) lines.push(red('BROKEN ') + file, indented(error), '');
    for (const test of tests) {
      const place = `${file}:${test.line}  ${test.name}`;
      if (test.status === 'passed') {
        if (style.verbose) lines.push(`${green('passed ')}${place}${dim(`  ${test.millis.toFixed(1)} ms`)}`);
      } else if (test.status === 'skipped') {
        if (style.verbose) lines.push(`${yellow('skipped')} ${place}`);
      } else if (test.status === 'broken') {
        lines.push(red('BROKEN ') + place);
        // Tests that share a broken config say it once.
        if (errors.has(test.error!)) lines.push(dim('  as above'), '');
        else lines.push(indented(test.error!), '');
        errors.add(test.error!);
      } else lines.push(red('FAILED ') + place, ...failure(test, style.color), '');
    }
  }
  return `${[...lines, summary(report, style.color)].join('\n')}\n`;
}

function failure(test: TestReport, color: boolean): string[] {
  const { dim } = painter(color);
  const lines: string[] = [];
  for (const problem of test.problems) {
    lines.push(`  ${problem.message}`);
    lines.push(...problem.differences.flatMap((each) => differenceLines(each, color)));
  }
  if (test.problems.some(({ event }) => event === undefined)) {
    for (const { fields, outputs } of test.events.slice(0, MAX_EVENTS)) {
      const way = outputs.length > 0 ? `  → ${outputs.join(', ')}` : '';
      lines.push(dim(`  came out: ${short(JSON.stringify(fields))}${way}`));
    }
    if (test.events.length > MAX_EVENTS) lines.push(dim(`  and ${test.events.length - MAX_EVENTS} more`));
  }
  for (const line of test.log) lines.push(dim(`  log: ${line}`));
  return lines;
}

function differenceLines({ kind, field, expected, actual }: Difference, color: boolean): string[] {
  const { red, green, dim } = painter(color);
  const minus = (note = ''): string => red(`    - ${field}: ${valueText(expected)}`) + dim(note);
  const plus = (note = ''): string => green(`    + ${field}: ${valueText(actual)}`) + dim(note);
  if (kind === 'missing') return [minus('  (missing)')];
  if (kind === 'unexpected') return [plus('  (not expected)')];
  return [minus(), plus()];
}

const valueText = (value: unknown): string => short(JSON.stringify(value) ?? 'nothing');

function short(text: string): string {
  if (text.length <= MAX_VALUE) return text;
  const half = MAX_VALUE / 2;
  return `${text.slice(0, half)} … ${text.slice(-half)}`;
}

export function summary(
  { passed, failed, skipped, broken, millis }: ConfigTestReport,
  color: boolean,
): string {
  const { red, green, yellow } = painter(color);
  const parts = [
    ...(failed > 0 ? [red(`${failed} failed`)] : []),
    ...(broken > 0 ? [red(`${broken} broken`)] : []),
    green(`${passed} passed`),
    ...(skipped > 0 ? [yellow(`${skipped} skipped`)] : []),
  ];
  return `${parts.join(', ')} in ${millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(1)} s`}`;
}

const indented = (text: string): string =>
  text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');

function painter(color: boolean): Record<'red' | 'green' | 'yellow' | 'dim', (text: string) => string> {
  const paint = (code: number) => (text: string) => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
  return { red: paint(31), green: paint(32), yellow: paint(33), dim: paint(2) };
}

/** JUnit XML as CI systems read it: a suite a file, a case a test. */
export function junitReport(report: ConfigTestReport): string {
  const total = report.files.reduce((sum, { tests, errors }) => sum + tests.length + errors.length, 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="millrace test" tests="${total}" failures="${report.failed}" errors="${report.broken}" skipped="${report.skipped}" time="${seconds(report.millis)}">`,
    ...report.files.map(suite),
    '</testsuites>',
    '',
  ].join('\n');
}

function suite({ file, errors, tests }: FileReport): string {
  const count = (status: TestReport['status']): number =>
    tests.filter((test) => test.status === status).length;
  const time = tests.reduce((sum, { millis }) => sum + millis, 0);
  const broken = errors.map(
    (error) =>
      `    <testcase name="the file can be read" classname="${escaped(file)}" file="${escaped(file)}" time="0.000"><error message="${escaped(error.split('\n')[0]!)}">${escaped(error)}</error></testcase>`,
  );
  return [
    `  <testsuite name="${escaped(file)}" tests="${tests.length + errors.length}" failures="${count('failed')}" errors="${count('broken') + errors.length}" skipped="${count('skipped')}" time="${seconds(time)}">`,
    ...broken,
    ...tests.map((test) => testCase(file, test)),
    '  </testsuite>',
  ].join('\n');
}

function testCase(file: string, test: TestReport): string {
  const head = `    <testcase name="${escaped(test.name)}" classname="${escaped(file)}" file="${escaped(file)}" line="${test.line}" time="${seconds(test.millis)}"`;
  if (test.status === 'passed') return `${head}/>`;
  if (test.status === 'skipped') return `${head}><skipped/></testcase>`;
  const [tag, message, text] =
    test.status === 'broken'
      ? ['error', test.error!.split('\n')[0]!, test.error!]
      : ['failure', firstMessage(test.problems), failure(test, false).join('\n')];
  return `${head}><${tag} message="${escaped(message)}">${escaped(text)}</${tag}></testcase>`;
}

const firstMessage = (problems: readonly Problem[]): string => problems[0]?.message ?? '';

const seconds = (millis: number): string => (millis / 1000).toFixed(3);

/** Characters that XML 1.0 has no way to write become U+FFFD. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/\r/g, '&#13;');
}
