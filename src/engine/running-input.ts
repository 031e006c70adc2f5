/** The framing halves of a pipeline's inputs, as they run in the intake thread. */
import type { InputPlugin, Intake } from '../kernel/plugin.ts';
import type { GraphNode } from '../lang/graph.ts';
import type { IntakeWriter, WriterPlace } from './intake-writer.ts';
import type { PipelineSpec } from './messages.ts';
import { Counters } from './metrics.ts';
import { sentence } from './thread.ts';

export interface RunningInput {
  node: GraphNode;
  readonly plugin: InputPlugin<any>;
  readonly intake: Intake;
  readonly writer: IntakeWriter;
  readonly abort: AbortController;
  finished: boolean;
}

/** An input that could not be made or opened. */
export class InputError extends Error {
  readonly node: GraphNode;
  readonly code: string;
  constructor(node: GraphNode, cause: unknown) {
    super(sentence(cause), { cause });
    this.node = node;
    this.code = (cause as { code?: string }).code ?? '';
  }
}

/** @throws InputError of the first that can not be opened; all others are closed again then */
export async function openInputs(inputs: readonly RunningInput[]): Promise<void> {
  const results = await Promise.allSettled(inputs.map((input) => input.intake.open(input.abort.signal)));
  const failed = results.findIndex((result) => result.status === 'rejected');
  if (failed < 0) return;
  await Promise.allSettled(inputs.map((input) => closeInput(input)));
  const error = (results[failed] as PromiseRejectedResult).reason;
  throw new InputError(inputs[failed]!.node, error);
}

export async function closeInput(input: RunningInput): Promise<void> {
  input.abort.abort();
  await input.intake.close();
}

export function placeOf({ graph, version }: PipelineSpec, input: number, counters: Counters): WriterPlace {
  const { id, name } = graph.inputs[input]!;
  return { input, version, counters, source: { node: id, plugin: name } };
}

export function countersOf(spec: PipelineSpec): Counters {
  return new Counters(nodeCount(spec));
}

function nodeCount(spec: PipelineSpec): number {
  let count = spec.graph.inputs.length;
  const visit = (statements: PipelineSpec['graph']['filters']): void => {
    for (const each of statements) {
      if (each.type === 'plugin') count++;
      else for (const arm of each.arms) visit(arm.body);
    }
  };
  visit(spec.graph.filters);
  visit(spec.graph.outputs);
  return count;
}
