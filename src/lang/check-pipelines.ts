/** What only shows across plugins and pipelines: ports bound twice, and addresses between pipelines. */
import { suggest } from '../kernel/diagnostic.ts';
import type { InputPlugin, OutputPlugin } from '../kernel/plugin.ts';
import type { CheckedNode } from './build-graph.ts';
import type { PipelineUnderCheck } from './check.ts';

interface Place {
  readonly pipeline: PipelineUnderCheck;
  readonly node: CheckedNode;
}

/** Reports to the pipeline whose plugin is the later one. */
export function checkAcrossPipelines(pipelines: readonly PipelineUnderCheck[]): void {
  const places = pipelines.flatMap((pipeline) => pipeline.built.nodes.map((node) => ({ pipeline, node })));
  checkIds(pipelines);
  checkPorts(places);
  checkAddresses(places);
  checkDeadLetterQueues(places, pipelines);
}

function report(
  place: Place,
  severity: 'error' | 'warning' | 'lint',
  option: string,
  message: string,
  hint?: string,
) {
  const { node, pipeline } = place;
  const attribute = node.node.attributes.find(({ name }) => name === option);
  pipeline.reporter.report(severity, (attribute ?? node.node).position, message, {
    hint,
    length: (attribute ?? node.node).name.length,
  });
}

const where = ({ node, pipeline }: Place): string => {
  const { file, line } = node.node.position;
  return `the ${node.kind} \`${node.node.name}\` at ${file}:${line} (pipeline \`${pipeline.id}\`)`;
};

function checkIds(pipelines: readonly PipelineUnderCheck[]): void {
  const seen = new Set<string>();
  for (const { id, reporter, position } of pipelines) {
    if (seen.has(id)) {
      reporter.report('error', position, `two pipelines have the id \`${id}\``, {
        hint: 'give each its own pipeline.id',
      });
    }
    seen.add(id);
  }
}

interface Binding {
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  readonly place: Place;
}

function checkPorts(places: readonly Place[]): void {
  const bindings = new Map<string, Binding[]>();
  for (const place of places) {
    for (const bind of boundBy(place)) {
      if (bind.port === 0) continue;
      const key = `${bind.protocol} ${bind.port}`;
      const others = bindings.get(key) ?? [];
      const other = others.find((each) => sameHost(each.host, bind.host));
      if (other) {
        report(
          place,
          'error',
          'port',
          `${bind.protocol.toUpperCase()} port ${bind.port} is used twice: ${where(other.place)} listens there too`,
          'give one of the two another port or host',
        );
      }
      bindings.set(key, [...others, { ...bind, place }]);
    }
  }
}

function boundBy({ node }: Place): readonly { protocol: string; host: string; port: number }[] {
  const { plugin, options } = node.checked;
  try {
    return (plugin as InputPlugin | OutputPlugin).binds?.(options as never) ?? [];
  } catch {
    // Options with errors, which are reported already.
    return [];
  }
}

const isAny = (host: string): boolean => host === '0.0.0.0' || host === '::' || host === '';
const LOCAL = new Set(['localhost', '127.0.0.1', '::1']);

function sameHost(a: string, b: string): boolean {
  return (
    a === b ||
    isAny(a) ||
    isAny(b) ||
    (LOCAL.has(a) && LOCAL.has(b) && (a === 'localhost' || b === 'localhost'))
  );
}

/** `send_to` of pipeline outputs against `address` of pipeline inputs. */
function checkAddresses(places: readonly Place[]): void {
  const listeners = new Map<string, Place>();
  for (const place of places) {
    if (place.node.kind !== 'input' || place.node.graphNode.name !== 'pipeline') continue;
    const address = place.node.checked.options['address'];
    if (typeof address !== 'string') continue;
    const other = listeners.get(address);
    if (other) {
      report(place, 'error', 'address', `the address \`${address}\` is taken: ${where(other)} has it`);
    } else listeners.set(address, place);
  }
  const used = new Set<string>();
  for (const place of places) {
    if (place.node.kind !== 'output' || place.node.graphNode.name !== 'pipeline') continue;
    const sendTo = place.node.checked.options['send_to'];
    for (const address of Array.isArray(sendTo) ? sendTo : []) {
      if (typeof address !== 'string') continue;
      used.add(address);
      if (listeners.has(address)) continue;
      const near = suggest(address, listeners.keys());
      report(
        place,
        'warning',
        'send_to',
        `no pipeline input has the address \`${address}\`: events wait here until one has`,
        near === undefined ? undefined : `did you mean \`${near}\`?`,
      );
    }
  }
  for (const [address, place] of listeners) {
    if (!used.has(address)) {
      report(place, 'lint', 'address', `no pipeline output sends to the address \`${address}\``);
    }
  }
}

function checkDeadLetterQueues(places: readonly Place[], pipelines: readonly PipelineUnderCheck[]): void {
  const ids = pipelines.map(({ id }) => id);
  for (const place of places) {
    if (place.node.kind !== 'input' || place.node.graphNode.name !== 'dead_letter_queue') continue;
    const wanted = place.node.checked.options['pipeline_id'];
    if (typeof wanted !== 'string' || ids.includes(wanted)) continue;
    const near = suggest(wanted, ids);
    report(
      place,
      'warning',
      'pipeline_id',
      `there is no pipeline \`${wanted}\` whose dead letters could be read`,
      near === undefined ? `the pipelines are: ${ids.join(', ')}` : `did you mean \`${near}\`?`,
    );
  }
}
