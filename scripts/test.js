// Runs all checks and tests, and says at the end how many passed and failed.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const report = join(root, 'build', 'test-report.json');
mkdirSync(dirname(report), { recursive: true });

const run = (name, command, args) => {
  const started = Date.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  process.stdout.write(
    `${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`,
  );
  return status === 0;
};
const bin = (name) => join(root, 'node_modules', '.bin', name);

const checks = [
  ['format and lint', bin('biome'), ['ci', '.', '--diagnostic-level=error']],
  ['types', bin('tsc'), ['-b']],
  ['types of tests', bin('tsc'), ['-p', 'tsconfig.test.json']],
  ['types of the console', bin('tsc'), ['-p', 'ui/tsconfig.json']],
  ['lint of promises', bin('oxlint'), ['--type-aware', '--quiet']],
  ['dead code', bin('knip'), []],
  ['reference pages are up to date', bin('node'), ['scripts/reference-docs.ts', '--check']],
];
let failed = 0;
let passed = 0;
for (const [name, command, args] of checks) run(name, command, args) ? passed++ : failed++;

const vitest = run('tests', bin('vitest'), [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]);
const results = JSON.parse(readFileSync(report, 'utf8'));
passed += results.numPassedTests;
failed += results.numFailedTests;
if (!vitest && results.numFailedTests === 0) failed++;

// In CI a peer that is not there is a failure: the tests must really have talked to it.
const skipped = results.numPendingTests + (results.numTodoTests ?? 0);
if (skipped > 0) {
  const names = results.testResults.flatMap((file) =>
    file.assertionResults
      .filter((each) => each.status === 'skipped' || each.status === 'pending')
      .map((each) => each.fullName),
  );
  process.stdout.write(`skipped:\n${names.map((name) => `  ${name}\n`).join('')}`);
  if (process.env.CI) {
    process.stdout.write('In CI nothing may be skipped: the peers must be there.\n');
    failed += skipped;
  }
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
