import { expect, test } from 'vitest';
import { compileConfig } from '../../test/support/compiled.ts';
import { Event } from '../event/event.ts';
import type { FilterObserver } from './compile-watched.ts';

/** What an observer of one filter sees: message before, and what came out. */
async function watched(config: string, ids: string[], messages: string[]): Promise<string[]> {
  const { pipeline, graph, counters } = await compileConfig(config);
  const seen: string[] = [];
  const observer: FilterObserver = {
    before: (node, event) => {
      const text = String(event.fields['message']);
      return text === 'not this' ? undefined : { node, text, made: [] };
    },
    made: (_node, event, about) =>
      void (about as { made: string[] }).made.push(String(event.fields['message'])),
    after: (node, event, about) => {
      const { text, made } = about as { text: string; made: string[] };
      const tags = (event.fields['tags'] as string[] | undefined)?.join() ?? '';
      const out = event.cancelled ? made : [...made, `${String(event.fields['message'])}${tags}`];
      seen.push(`${node}: ${text} -> ${out.join(' + ')}`);
    },
  };
  const lists = graph.outputs.map((): Event[] => []);
  await pipeline.watch(new Set(ids), observer).run(
    messages.map((message) => new Event({ message })),
    lists,
    counters,
  );
  return seen;
}

test('sees an event before a filter, and behind its common options', async () => {
  const config = `filter {
      mutate { id => "first" replace => { "message" => "%{message}!" } add_tag => ["done"] }
      mutate { id => "second" uppercase => ["message"] }
    } output { null {} }`;
  expect(await watched(config, ['first'], ['a', 'not this', 'b'])).toEqual([
    'first: a -> a!done',
    'first: b -> b!done',
  ]);
  expect(await watched(config, ['second'], ['a'])).toEqual(['second: a! -> A!done']);
});

test('sees what is dropped, split and not reached', async () => {
  const config = `filter {
      split { id => "split" terminator => "," }
      if [message] == "x" { drop { id => "drop" } }
      if [message] == "never" { mutate { id => "never" } }
    } output { null {} }`;
  expect(await watched(config, ['split'], ['a,b'])).toEqual(['split: a,b -> a + b']);
  expect(await watched(config, ['drop', 'never'], ['a', 'x'])).toEqual(['drop: x -> ']);
});
