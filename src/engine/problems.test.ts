import { expect, test } from 'vitest';
import type { Health } from './messages.ts';
import { INTAKE, Problems, QUEUE_NODE } from './problems.ts';

const health = (node: string, problem: string | undefined, since = 0, version = 1): Health => ({
  type: 'health',
  id: 'main',
  version,
  node,
  problem,
  since,
});

test('a node is well when every thread says so', () => {
  const problems = new Problems();
  problems.report(0, health('out', 'refused', 10));
  problems.report(1, health('out', 'timed out', 20));
  expect([...problems.byNode]).toEqual([['out', { problem: 'refused', since: 10 }]]);
  problems.report(0, health('out', undefined));
  expect([...problems.byNode]).toEqual([['out', { problem: 'timed out', since: 20 }]]);
  problems.report(1, health('out', undefined));
  problems.report(1, health('out', undefined));
  expect(problems.byNode.size).toBe(0);
});

test('a reason that changes keeps the time when it began', () => {
  const problems = new Problems();
  problems.report(0, health('out', 'refused', 10));
  problems.report(0, health('out', 'answers 503', 99));
  expect(problems.byNode.get('out')).toEqual({ problem: 'answers 503', since: 10 });
});

test('what is over is forgotten: a thread, a version, an input, all', () => {
  const problems = new Problems();
  problems.report(INTAKE, health('in', 'no such file'));
  problems.report(INTAKE, health('gone', 'no such file'));
  problems.report(0, health('a', 'refused'));
  problems.report(1, health('b', 'refused'));
  problems.report(1, health('c', 'refused', 0, 2));
  problems.forgetThread(0);
  expect([...problems.byNode.keys()]).toEqual(['in', 'gone', 'b', 'c']);
  problems.forgetVersion(1);
  expect([...problems.byNode.keys()]).toEqual(['in', 'gone', 'c']);
  problems.keepInputs(['in']);
  expect([...problems.byNode.keys()]).toEqual(['in', 'c']);
  // The same listener in the next version.
  problems.report(INTAKE, health('in', undefined, 0, 2));
  expect([...problems.byNode.keys()]).toEqual(['c']);
  problems.clear();
  expect(problems.byNode.size).toBe(0);
});

test('red is shown before yellow, whichever came first', () => {
  const problems = new Problems();
  problems.report(0, { ...health('letters', 'nearly full', 10), severity: 'yellow' });
  problems.report(1, { ...health('letters', 'full', 20), severity: 'red' });
  problems.report(2, { ...health('letters', 'nearly full', 5), severity: 'yellow' });
  expect(problems.byNode.get('letters')).toEqual({ problem: 'full', severity: 'red', since: 20 });
});

test('a reload does not mend the queue', () => {
  const problems = new Problems();
  problems.report(INTAKE, { ...health(QUEUE_NODE, 'ENOSPC'), severity: 'red' });
  problems.keepInputs(['in']);
  expect(problems.byNode.get(QUEUE_NODE)?.problem).toBe('ENOSPC');
});
