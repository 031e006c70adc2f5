/** Makes the events that go into a test: by the input's decoder from lines, and from fields. */
import { cloneValue, Event, isMap } from '../../event/event.ts';
import { setField } from '../../event/field-reference.ts';
import { coerceTimestamp, isoFromMillis } from '../../event/timestamp.ts';
import type { Fields } from '../../kernel/event-types.ts';
import type { NestedPlugin } from '../../kernel/options.ts';
import type { GraphNode, PipelineGraph } from '../../lang/graph.ts';
import { senderOf } from './frames.ts';
import { decorateBy, type InProcessPipeline } from './in-process.ts';
import type { Subjects } from './subjects.ts';
import type { Given, TestCase } from './test-file.ts';

/** The events of a test. @throws SubjectError where its input or codec is not there */
export async function givenEvents(
  test: TestCase,
  pipeline: InProcessPipeline,
  subjects: Subjects,
): Promise<Event[]> {
  const { given } = test;
  const now = Date.now();
  const events: Event[] = [];
  const named = given.input && namedInput(test, pipeline.graph, subjects);
  if (given.lines.length > 0) {
    const input = await decodingInput(test, named, pipeline.graph, subjects);
    const sender = senderOf(given.lines, given.source);
    events.push(...(await pipeline.decode(input, given.lines, sender, now)));
  }
  for (const fields of given.events) {
    const event = eventOf(fields, now);
    if (named) decorateBy(named, event);
    events.push(event);
  }
  if (given.lines.length === 0 && given.events.length === 0) events.push(eventOf({}, now));
  for (const event of events) addFields(event, given.fields);
  return events;
}

/** Fields as an input makes them: with time and version; names in brackets are references. */
export function eventOf(fields: Fields, millis: number): Event {
  const { '@metadata': metadata, ...others } = fields;
  const event = new Event({ '@timestamp': isoFromMillis(millis), '@version': '1' });
  if (isMap(metadata)) event.metadata = cloneValue(metadata) as Fields;
  addFields(event, others);
  return event;
}

function addFields(event: Event, fields: Fields): void {
  for (const [name, value] of Object.entries(fields)) {
    const own = cloneValue(value);
    if (name.startsWith('[')) setField(event, name, own);
    else if (name === '@timestamp') event.fields[name] = coerceTimestamp(own) ?? event.fields[name];
    else if (name === '@metadata' && isMap(own)) event.metadata = { ...event.metadata, ...own };
    else event.fields[name] = own;
  }
}

function namedInput(test: TestCase, graph: PipelineGraph, subjects: Subjects): GraphNode {
  const { name, position } = test.given.input!;
  const byId = graph.inputs.find(({ id }) => id === name);
  if (byId) return byId;
  const byName = graph.inputs.filter((input) => input.name === name);
  if (byName.length === 1) return byName[0]!;
  const inputs = inputList(graph);
  throw subjects.fail(
    position,
    byName.length === 0
      ? `the config has no input \`${name}\``
      : `the config has ${byName.length} inputs \`${name}\``,
    inputs === ''
      ? 'remove `input`, and say with `codec` how lines are read'
      : `by id or name there are ${inputs}`,
  );
}

const inputList = (graph: PipelineGraph): string =>
  graph.inputs.map(({ id, name, given }) => (given.includes('id') ? `${id} (${name})` : name)).join(', ');

/** What reads lines: the input that is named, the only one, or a codec alone. */
async function decodingInput(
  test: TestCase,
  named: GraphNode | undefined,
  graph: PipelineGraph,
  subjects: Subjects,
): Promise<GraphNode> {
  const { codec }: Given = test.given;
  if (codec) {
    const plain = await subjects.codecInput(codec.text, codec.position);
    return named ? withCodec(named, plain.options['codec'] as NestedPlugin) : plain;
  }
  const only = named ?? (graph.inputs.length === 1 ? graph.inputs[0]! : undefined);
  if (only && test.given.codecOnly) return codecOf(only, await subjects.codecInput('plain', test.position));
  if (only) return only;
  if (graph.inputs.length > 1)
    throw subjects.fail(
      test.position,
      `the config has ${graph.inputs.length} inputs`,
      `say with \`input\` which one gets the lines: ${inputList(graph)}; or with \`codec\` how they are read`,
    );
  return subjects.codecInput('plain', test.position);
}

/** An input that only decodes: with the codec and the common options of another. */
function codecOf(input: GraphNode, plain: GraphNode): GraphNode {
  let made = decoding.get(input);
  if (!made) {
    const options = input.given.includes('codec')
      ? input.options
      : { ...input.options, codec: plain.options['codec'] };
    decoding.set(input, (made = { ...input, name: plain.name, options }));
  }
  return made;
}

const decoding = new WeakMap<GraphNode, GraphNode>();
const overridden = new WeakMap<GraphNode, Map<string, GraphNode>>();

/** The same node for the same codec: its decoder is made once. */
function withCodec(node: GraphNode, codec: NestedPlugin): GraphNode {
  let made = overridden.get(node);
  if (!made) overridden.set(node, (made = new Map()));
  const key = JSON.stringify(codec);
  let changed = made.get(key);
  if (!changed) made.set(key, (changed = { ...node, options: { ...node.options, codec } }));
  return changed;
}
