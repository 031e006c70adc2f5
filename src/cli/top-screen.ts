/** What `millrace top` shows: text of a given width, without colours. */

interface Trouble {
  readonly problem?: string;
  readonly since?: string;
}

interface PluginStats extends Trouble {
  readonly id: string;
  readonly name: string;
  readonly events: { readonly in?: number; readonly out?: number };
  readonly flow?: {
    readonly worker_utilization?: Windows;
    readonly worker_millis_per_event?: Windows;
  };
}
type Windows = { readonly current?: number | string };

interface PipelineStats {
  readonly events: {
    readonly in: number;
    readonly out: number;
    readonly queue_push_duration_in_millis: number;
  };
  readonly flow: { readonly worker_utilization?: Windows };
  readonly queue: Trouble & { readonly events_count: number; readonly queue_size_in_bytes: number };
  readonly plugins: {
    readonly inputs: readonly PluginStats[];
    readonly filters: readonly PluginStats[];
    readonly outputs: readonly PluginStats[];
  };
}

/** The part of `/_node/stats` that is shown. */
export interface Stats {
  readonly name: string;
  readonly version: string;
  readonly status: string;
  readonly ephemeral_id: string;
  readonly process: {
    readonly mem: { readonly resident_in_bytes?: number };
    readonly cpu: { readonly total_in_millis: number };
  };
  readonly jvm: { readonly uptime_in_millis: number };
  readonly pipelines: Readonly<Record<string, PipelineStats>>;
}

/** Numbers at a moment; without an earlier moment there are no rates. */
export interface Moment {
  readonly now: Stats;
  readonly before: Stats | undefined;
  /** Between the two. */
  readonly seconds: number;
}

const kinds = ['inputs', 'filters', 'outputs'] as const;
/** Below these widths columns are left out. */
const WITH_TIMES = 64;
const WITH_KIND = 44;

/** One line a plugin, in the order of the config; what is wrong stands under it behind a "!". */
export function render(moment: Moment, width: number): string[] {
  const { now } = moment;
  // Another process answers: its counters began anew.
  const before = moment.before?.ephemeral_id === now.ephemeral_id ? moment.before : undefined;
  const change: Change = (value, earlier) =>
    value === undefined || before === undefined
      ? undefined
      : Math.max(0, value - (earlier ?? 0)) / moment.seconds;
  const lines = [summary(now, before, change), ''];
  for (const [id, pipeline] of Object.entries(now.pipelines))
    lines.push(...pipelineLines(id, pipeline, own(before?.pipelines ?? {}, id), change, width), '');
  if (Object.keys(now.pipelines).length === 0) lines.push('no pipeline is running', '');
  return lines.slice(0, -1).map((line) => cut(line, width).trimEnd());
}

/** A pipeline may be named `constructor`. */
const own = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;

/** How fast a counter grows, a second; undefined when that is not known. */
type Change = (value: number | undefined, earlier: number | undefined) => number | undefined;

function summary(now: Stats, before: Stats | undefined, change: Change): string {
  const all = Object.values(now.pipelines);
  const sum = (stats: Stats | undefined, name: 'in' | 'out'): number | undefined =>
    stats && Object.values(stats.pipelines).reduce((total, { events }) => total + events[name], 0);
  const cpu = change(now.process.cpu.total_in_millis, before?.process.cpu.total_in_millis);
  const memory = now.process.mem.resident_in_bytes;
  return [
    `${now.name}: ${now.status}`,
    `${all.length} ${all.length === 1 ? 'pipeline' : 'pipelines'}`,
    `in ${rate(change(sum(now, 'in'), sum(before, 'in')))}`,
    `out ${rate(change(sum(now, 'out'), sum(before, 'out')))}`,
    ...(cpu === undefined ? [] : [`CPU ${percent(cpu / 10)}`]),
    ...(memory === undefined ? [] : [`${bytes(memory)} resident`]),
    `up ${duration(now.jvm.uptime_in_millis / 1000)}`,
    `millrace ${now.version}`,
  ].join('   ');
}

function pipelineLines(
  id: string,
  pipeline: PipelineStats,
  old: PipelineStats | undefined,
  change: Change,
  width: number,
): string[] {
  const { events, queue, flow } = pipeline;
  const waiting = change(events.queue_push_duration_in_millis, old?.events.queue_push_duration_in_millis);
  const size = queue.queue_size_in_bytes > 0 ? ` (${bytes(queue.queue_size_in_bytes)})` : '';
  const facts = [
    `in ${rate(change(events.in, old?.events.in))}`,
    `out ${rate(change(events.out, old?.events.out))}`,
    `queue ${count(queue.events_count)}${size}`,
    `workers ${percent(current(flow.worker_utilization))}`,
    ...(waiting !== undefined && waiting >= 10
      ? [`inputs wait ${percent(Math.min(waiting / 10, 100 * pipeline.plugins.inputs.length))}`]
      : []),
  ].join('   ');
  const head = id.length + 3 + facts.length <= width ? [`${id}   ${facts}`] : [id, `  ${facts}`];
  const trouble = queue.problem === undefined ? [] : problemLines(queue, width);
  const lines = [...head, ...trouble, columns(width, ['', 'plugin', 'in/s', 'out/s', 'µs/event', 'busy'])];
  for (const kind of kinds) {
    const earlier = new Map(old?.plugins[kind].map((plugin) => [plugin.id, plugin.events]));
    for (const plugin of pipeline.plugins[kind]) {
      const then = earlier.get(plugin.id);
      const millis = current(plugin.flow?.worker_millis_per_event);
      lines.push(
        columns(width, [
          kind.slice(0, -1),
          title(plugin),
          plain(change(plugin.events.in, then?.in)),
          plain(change(plugin.events.out, then?.out)),
          millis === undefined ? '' : micros(millis * 1000),
          kind === 'inputs' ? '' : percent(current(plugin.flow?.worker_utilization)),
        ]),
      );
      if (plugin.problem !== undefined) lines.push(...problemLines(plugin, width));
    }
  }
  return lines;
}

/** The plugin's name, and its id as far as it says more. */
function title({ name, id }: PluginStats): string {
  const derived = id.startsWith(`${name}_`) && /^[0-9a-f]{12}$/.test(id.slice(name.length + 1));
  return `${name} ${derived ? id.slice(name.length + 1, name.length + 7) : id}`;
}

function columns(width: number, [kind, name, entered, left, time, busy]: readonly string[]): string {
  const numbers = [entered!.padStart(8), left!.padStart(8)];
  if (width >= WITH_TIMES) numbers.push(time!.padStart(10), busy!.padStart(7));
  const tail = numbers.join('');
  const head = width >= WITH_KIND ? `  ${kind!.padEnd(8)}` : '  ';
  const room = Math.max(6, width - head.length - tail.length);
  return `${head}${cut(name!, room).padEnd(room)}${tail}`;
}

/** Wrapped: the end of an error often says the most. */
function problemLines({ problem = '', since }: Trouble, width: number): string[] {
  const indent = width >= WITH_KIND ? '          ' : '  ';
  const text = `! ${printable(problem)}${since ? `, since ${since.slice(11, 19)} UTC` : ''}`;
  const room = Math.max(10, width - indent.length);
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= room)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(lines.length === 0 ? word : `  ${word}`);
  }
  return lines.map((line) => `${indent}${cut(line, room)}`);
}

/** Names and errors come from elsewhere: nothing in them may steer the terminal. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');

function cut(text: string, width: number): string {
  const clean = [...printable(text)];
  return clean.length > width ? `${clean.slice(0, Math.max(0, width - 1)).join('')}…` : clean.join('');
}

const current = (windows: Windows | undefined): number | undefined =>
  typeof windows?.current === 'number' ? windows.current : undefined;
const rate = (value: number | undefined): string => (value === undefined ? '-/s' : `${count(value)}/s`);
const plain = (value: number | undefined): string => (value === undefined ? '' : count(value));
const percent = (value: number | undefined): string =>
  value === undefined ? '-' : `${value > 0 && value < 9.95 ? value.toFixed(1) : value.toFixed(0)} %`;

/** At most six characters. */
function count(value: number): string {
  if (value >= 9_999.5) {
    const units = ['k', 'M', 'G', 'T'];
    let unit = -1;
    let scaled = value;
    while (scaled >= 999.5 && unit < units.length - 1) {
      scaled /= 1000;
      unit++;
    }
    return `${scaled < 99.95 ? scaled.toFixed(1) : scaled.toFixed(0)}${units[unit]}`;
  }
  return value >= 9.95 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
}

const micros = (value: number): string =>
  value >= 10_000 ? count(value) : value.toFixed(value < 100 ? 2 : 0);

function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let scaled = value;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return `${scaled < 9.95 && unit > 0 ? scaled.toFixed(1) : scaled.toFixed(0)} ${units[unit]}`;
}

/** `2d 03:04:05` */
function duration(seconds: number): string {
  const [days, rest] = [Math.floor(seconds / 86_400), Math.floor(seconds % 86_400)];
  const clock = [rest / 3600, (rest % 3600) / 60, rest % 60]
    .map((part) => String(Math.floor(part)).padStart(2, '0'))
    .join(':');
  return days > 0 ? `${days}d ${clock}` : clock;
}
