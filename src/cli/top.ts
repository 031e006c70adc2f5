/** `millrace top`: live rates of every plugin, read from the monitoring API. */
import { MillraceError } from '../kernel/errors.ts';

const help = `Usage: millrace top [--url http://127.0.0.1:9600] [--interval SECONDS] [--once]

Shows events per second in and out of every plugin, the time of filters, and what is wrong. q or Ctrl-C ends.
`;

interface PluginStats {
  readonly id: string;
  readonly name: string;
  readonly events: { readonly in?: number; readonly out?: number; readonly duration_in_millis?: number };
  readonly problem?: string;
}
interface PipelineStats {
  readonly events: { readonly in: number; readonly filtered: number; readonly out: number };
  readonly queue: { readonly events_count: number; readonly queue_size_in_bytes: number };
  readonly plugins: {
    readonly inputs: PluginStats[];
    readonly filters: PluginStats[];
    readonly outputs: PluginStats[];
  };
}
interface Stats {
  readonly status: string;
  readonly version: string;
  readonly pipelines: Readonly<Record<string, PipelineStats>>;
}

export async function top(argv: readonly string[]): Promise<number> {
  let url = 'http://127.0.0.1:9600';
  let interval = 1;
  let once = false;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    if (word === '--help' || word === '-h') {
      process.stdout.write(help);
      return 0;
    }
    if (word === '--url') url = argv[++at] ?? url;
    else if (word === '--interval') interval = Math.max(0.2, Number(argv[++at]) || 1);
    else if (word === '--once') once = true;
    else throw new MillraceError('ERR_USAGE', `unknown argument ${word}. See "millrace top --help".`);
  }
  let before = await read(url);
  let last = performance.now();
  let ended = false;
  const terminal = process.stdout.isTTY === true;
  if (process.stdin.isTTY) {
    process.stdin.setRawMode(true);
    process.stdin.on('data', (key) => {
      if (['q', '\x03', '\x1b'].includes(key.toString())) ended = true;
    });
  }
  if (terminal && !once) process.stdout.write('\x1b[?1049h\x1b[?25l');
  try {
    while (!ended) {
      await new Promise((resolve) => setTimeout(resolve, interval * 1000));
      const now = await read(url);
      const time = performance.now();
      const text = render(
        before,
        now,
        (time - last) / 1000,
        terminal ? (process.stdout.columns ?? 100) : 100,
      );
      process.stdout.write(terminal && !once ? `\x1b[H\x1b[2J${text}` : text);
      if (once || !terminal) break;
      before = now;
      last = time;
    }
  } finally {
    if (terminal && !once) process.stdout.write('\x1b[?25h\x1b[?1049l');
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
  }
  return 0;
}

async function read(url: string): Promise<Stats> {
  try {
    const response = await fetch(new URL('/_node/stats', url), { signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    return (await response.json()) as Stats;
  } catch (error) {
    const cause = (error as { cause?: Error }).cause ?? (error as Error);
    throw new MillraceError(
      'ERR_IO',
      `no monitoring API at ${url} (${cause.message}): is Millrace running, with api.enabled? Another address goes with --url`,
    );
  }
}

/** The table; plugins in the order of the config. */
export function render(before: Stats, now: Stats, seconds: number, width: number): string {
  const lines = [`millrace ${now.version}   ${now.status}   ${new Date().toISOString().slice(11, 19)}`, ''];
  const cut = (text: string): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text);
  for (const [id, pipeline] of Object.entries(now.pipelines)) {
    const old = before.pipelines[id];
    const rate = (a: number | undefined, b: number | undefined): string =>
      a === undefined ? '' : count((a - (b ?? 0)) / seconds);
    lines.push(
      cut(
        `${id}   in ${rate(pipeline.events.in, old?.events.in)}/s   out ${rate(pipeline.events.out, old?.events.out)}/s   queue ${count(pipeline.queue.events_count)}`,
      ),
    );
    lines.push(
      cut(`  ${'plugin'.padEnd(34)}${'in/s'.padStart(9)}${'out/s'.padStart(9)}${'µs/event'.padStart(10)}`),
    );
    for (const kind of ['inputs', 'filters', 'outputs'] as const) {
      const earlier = new Map(old?.plugins[kind].map((plugin) => [plugin.id, plugin.events]));
      for (const { id: plugin, name, events, problem } of pipeline.plugins[kind]) {
        const then = earlier.get(plugin);
        const handled = (events.in ?? 0) - (then?.in ?? 0);
        const millis = (events.duration_in_millis ?? 0) - (then?.duration_in_millis ?? 0);
        const cost = kind === 'filters' && handled > 0 ? ((millis * 1000) / handled).toFixed(2) : '';
        const label = `${kind.slice(0, -1)} ${name} ${plugin === name ? '' : plugin.slice(0, 14)}`;
        lines.push(
          cut(
            `  ${label.slice(0, 33).padEnd(34)}${rate(events.in, then?.in).padStart(9)}${rate(events.out, then?.out).padStart(9)}${cost.padStart(10)}`,
          ),
        );
        if (problem) lines.push(cut(`    ! ${problem}`));
      }
    }
    lines.push('');
  }
  return `${lines.join('\n')}\n`;
}

function count(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)}M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(0)}k`;
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
}
