/** Graphs for the post to worker threads: Secrets, which do not survive structured clone, become plain data. */
import { Secret } from '../kernel/options.ts';
import type { GraphNode, GraphStatement, PipelineGraph } from './graph.ts';

const SECRET = '$secret';
/** Stands around a hash of the user that looks like one of ours. */
const PLAIN = '$plain';

/** Options as structured clone takes them: a Secret becomes `{ $secret: text }`. */
export function packOptions(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return mapValues(options, pack);
}

/** The way back. */
export function unpackOptions(packed: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return mapValues(packed, unpack);
}

export const packGraph = (graph: PipelineGraph): PipelineGraph => mapGraph(graph, packOptions);
export const unpackGraph = (graph: PipelineGraph): PipelineGraph => mapGraph(graph, unpackOptions);

function pack(value: unknown): unknown {
  if (value instanceof Secret) return { [SECRET]: value.reveal() };
  if (Array.isArray(value)) return value.map(pack);
  if (!isHash(value)) return value;
  const packed = mapValues(value, pack);
  return Object.hasOwn(value, SECRET) || Object.hasOwn(value, PLAIN) ? { [PLAIN]: packed } : packed;
}

function unpack(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpack);
  if (!isHash(value)) return value;
  const secret = Object.hasOwn(value, SECRET) ? value[SECRET] : undefined;
  if (typeof secret === 'string') return new Secret(secret);
  const plain = Object.hasOwn(value, PLAIN) ? value[PLAIN] : undefined;
  return mapValues(isHash(plain) ? plain : value, unpack);
}

function isHash(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** `fromEntries` makes own properties of all names, `__proto__` among them. */
function mapValues(
  value: Readonly<Record<string, unknown>>,
  each: (value: unknown) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, each(inner)]));
}

type MapOptions = (options: Readonly<Record<string, unknown>>) => Record<string, unknown>;

function mapGraph(graph: PipelineGraph, map: MapOptions): PipelineGraph {
  const node = (each: GraphNode): GraphNode => ({ ...each, options: map(each.options) });
  const statement = (each: GraphStatement): GraphStatement =>
    each.type === 'plugin'
      ? node(each)
      : { ...each, arms: each.arms.map((arm) => ({ ...arm, body: arm.body.map(statement) })) };
  return {
    inputs: graph.inputs.map(node),
    filters: graph.filters.map(statement),
    outputs: graph.outputs.map(statement),
  };
}
