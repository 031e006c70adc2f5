import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Secret } from '../kernel/options.ts';
import type { PipelineGraph } from './graph.ts';
import { packGraph, packOptions, unpackGraph, unpackOptions } from './pack.ts';

const revealed = (value: unknown): unknown =>
  value instanceof Secret
    ? { secret: value.reveal() }
    : Array.isArray(value)
      ? value.map(revealed)
      : typeof value === 'object' && value !== null
        ? Object.entries(value).map(([name, each]) => [name, revealed(each)])
        : value;

describe('packOptions', () => {
  test('a Secret becomes plain data and a Secret again', () => {
    const packed = packOptions({
      password: new Secret('x'),
      codec: { plugin: 'a', options: { key: new Secret('y') } },
    });
    expect(packed).toEqual({
      password: { $secret: 'x' },
      codec: { plugin: 'a', options: { key: { $secret: 'y' } } },
    });
    const unpacked = unpackOptions(structuredClone(packed)) as { password: Secret };
    expect(unpacked.password).toBeInstanceOf(Secret);
    expect(unpacked.password.reveal()).toBe('x');
  });

  test('the way through structured clone alters nothing, whatever the keys', () => {
    const key = fc.oneof(fc.string(), fc.constantFrom('$secret', '$plain', '__proto__', 'constructor'));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.string(),
        fc.double(),
        fc.bigInt(),
        fc.boolean(),
        fc.string().map((text) => new Secret(text)),
        fc.array(tie('value')),
        fc.array(fc.tuple(key, tie('value'))).map((pairs) => Object.fromEntries(pairs)),
      ),
    }));
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value)), (pairs) => {
        const options = Object.fromEntries(pairs);
        expect(revealed(unpackOptions(structuredClone(packOptions(options))))).toEqual(revealed(options));
      }),
    );
  });
});

test('packGraph reaches every node', () => {
  const position = { file: 'a', line: 1, column: 1 };
  const node = (name: string) => ({
    type: 'plugin' as const,
    kind: 'filter' as const,
    name,
    id: name,
    options: { token: new Secret(name) },
    given: ['token'],
    ecs: 'disabled' as const,
    position,
  });
  const branch = (inner: PipelineGraph['filters'][number]) => ({
    type: 'branch' as const,
    id: 'if',
    arms: [{ condition: undefined, body: [inner] }],
    position,
  });
  const graph: PipelineGraph = {
    inputs: [node('a')],
    filters: [branch(branch(node('b')))],
    outputs: [node('c'), branch(node('d'))],
  };
  const cloned = structuredClone(packGraph(graph));
  expect(JSON.stringify(cloned).match(/\{"\$secret":"[abcd]"\}/g)).toHaveLength(4);
  expect(revealed(unpackGraph(cloned))).toEqual(revealed(graph));
});
