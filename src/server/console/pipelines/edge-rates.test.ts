import { expect, test } from 'vitest';
import { graphOf } from '../../../../test/support/compiled.ts';
import { edgeRates, type Passing } from './edge-rates.ts';
import { consoleGraph, QUEUE_VERTEX } from './graph-view.ts';

/** Rates of the edges of a config whose nodes count what is given, by titles and ids. */
async function rates(config: string, counts: Record<string, Passing>): Promise<Record<string, number>> {
  const { vertices, edges } = consoleGraph(await graphOf(config));
  const found = edgeRates(vertices, edges, new Map(Object.entries(counts)));
  const name = (id: string): string => {
    const vertex = vertices.find((each) => each.id === id)!;
    return vertex.kind === 'if' ? vertex.title : (vertex.detail ?? vertex.title);
  };
  return Object.fromEntries(
    edges.flatMap(({ id, from, to, label }) =>
      found[id] === undefined ? [] : [[`${name(from)}->${name(to)}${label ? ` ${label}` : ''}`, found[id]]],
    ),
  );
}

test('edges of branches follow from the filters in them', async () => {
  const config = `input { generator { id => "i" } }
    filter {
      if [a] { mutate { id => "a" } } else if [b] { drop { id => "b" } }
      mutate { id => "last" }
    }
    output { stdout { id => "o" } }`;
  expect(
    await rates(config, {
      i: { in: 0, out: 100 },
      [QUEUE_VERTEX]: { in: 100, out: 100 },
      a: { in: 60, out: 60 },
      b: { in: 30, out: 0 },
      last: { in: 70, out: 70 },
      o: { in: 70, out: 70 },
    }),
  ).toEqual({
    'i->queue': 100,
    'queue->if': 100,
    'if->a yes': 60,
    'if->else if no': 40,
    'else if->b yes': 30,
    'a->last': 60,
    'b->last': 0,
    'else if->last no': 10,
    'last->o': 70,
  });
});

test('every output gets all events but for its conditions', async () => {
  const config = `input { generator { id => "i" } }
    output { stdout { id => "all" } if [a] { stdout { id => "some" } } }`;
  expect(
    await rates(config, {
      i: { in: 0, out: 100 },
      [QUEUE_VERTEX]: { in: 100, out: 100 },
      all: { in: 100, out: 100 },
      some: { in: 40, out: 40 },
    }),
  ).toEqual({
    'i->queue': 100,
    'queue->outputs': 100,
    'outputs->all': 100,
    'outputs->if': 100,
    'if->some yes': 40,
  });
});
