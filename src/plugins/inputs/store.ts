import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Event } from '../../event/event.ts';
import { parseFieldReference, setter } from '../../event/field-reference.ts';
import { isoFromMillis } from '../../event/timestamp.ts';
import {
  type Block,
  type Decoder,
  type DocumentSearch,
  defineInput,
  type Intake,
  RunKind,
} from '../../kernel/plugin.ts';
import { PositionFile } from '../../lib/files/position-file.ts';
import { eventsFromJson, jsonFailure } from '../../lib/json/event.ts';
import { DocumentReader } from '../../lib/store/document-reader.ts';
import { tryDateMath } from '../../query/date-math.ts';
import { parseKql } from '../../query/kql.ts';

/** The event store as a source: what a search finds, and what it will find. */
export const store = defineInput({
  kind: 'input',
  name: 'store',
  summary:
    "Reads what a search of Millrace's own event store finds, as a stream of events: the history, what comes from now on, or both.",
  options: {
    query: {
      type: 'string',
      default: '',
      description: 'Search in KQL; empty: everything.',
    },
    index: {
      type: 'string',
      list: true,
      default: ['*'],
      description: 'Indices to search: names and patterns.',
    },
    from: {
      type: 'string',
      description:
        'Only events whose `@timestamp` is not before this time: ISO 8601, or date math such as `now-7d/d`.',
    },
    to: {
      type: 'string',
      description: 'Only events whose `@timestamp` is before this time.',
    },
    get_history: {
      type: 'boolean',
      default: false,
      description:
        '`true`: everything that is there, and then what comes; this can cause a lot of events to be delivered at once. `false`: only what comes from the first start on.',
    },
    follow: {
      type: 'boolean',
      default: true,
      description: 'Go on with what comes when the history is read; `false`: end then.',
    },
    order: {
      type: 'string',
      oneOf: ['oldest_first', 'newest_first', 'arrival'],
      default: 'oldest_first',
      description:
        'Order of the history: by `@timestamp` (those without it come last), or as the events were stored. What comes afterwards is in the order of arrival.',
    },
    interval: {
      type: 'duration',
      default: 1,
      min: 0.01,
      description: 'Seconds between two looks for new events.',
    },
    rate_limit: {
      type: 'number',
      min: 0,
      default: 0,
      description: 'Events a second at most; 0: as many as the pipeline takes.',
    },
    speed: {
      type: 'number',
      min: 0,
      default: 0,
      description:
        'Replays the history in the rhythm of `@timestamp`: 1 as fast as it happened, 60 an hour in a minute; 0: without pauses.',
    },
    docinfo: {
      type: 'boolean',
      default: false,
      description: 'Put `_index` and `_id` of the document into `docinfo_target`.',
    },
    docinfo_target: {
      type: 'string',
      default: '[@metadata][doc]',
      description: 'Field for them.',
    },
    sincedb_path: {
      type: 'string',
      description:
        'File that remembers how far it came. By default in `path.data/plugins/inputs/store`, named after what is searched.',
    },
  },
  socketOptions: [
    'query',
    'index',
    'from',
    'to',
    'get_history',
    'follow',
    'order',
    'interval',
    'rate_limit',
    'speed',
    'docinfo',
    'sincedb_path',
  ],
  examples: [
    {
      title: 'Failed logins, from now on',
      config: 'store { query => "event.code: 4625" index => ["winlogbeat-*"] }',
    },
    {
      title: 'Last week once more through changed filters, an hour in a minute, and then end',
      config:
        'store { index => ["syslog-*"] from => "now-7d/d" to => "now/d" get_history => true follow => false speed => 60 }',
    },
  ],
  differences: [
    'Millrace’s own; Logstash has none. Its elasticsearch input can read the store through the API on port 9200.',
    'Events are delivered at least once: the place is remembered when every output has taken them, and a start goes on from there.',
    'What is found is the event as it was stored, with its `@timestamp` and `@version`. Where it has none, they are added.',
    'What comes after the history is in the order of arrival and has no pauses. On a cluster (`store.driver: opensearch`) only history can be read: `follow => false`.',
    'An update of a document comes as a new event while it follows.',
    'A pipeline that stores what it reads into the same indices goes in a circle: give its events a field or an index that the query leaves out.',
  ],
  validate(options, report) {
    const { get_history: history, follow, order, speed, from, to } = options;
    if (!history && !follow)
      report(
        'error',
        'follow',
        'neither history nor what comes would be read',
        'set get_history => true, or remove follow => false',
      );
    if (speed > 0 && order !== 'oldest_first')
      report('error', 'speed', 'needs the order oldest_first', 'remove speed or order');
    if (speed > 0 && !history) report('error', 'speed', 'is about history', 'set get_history => true');
    try {
      parseKql(options.query);
    } catch (error) {
      report('error', 'query', (error as Error).message);
    }
    for (const [name, text] of [
      ['from', from],
      ['to', to],
    ] as const)
      if (text !== undefined && Number.isNaN(tryDateMath(text, { now: 0, roundUp: false })))
        report('error', name, `\`${text}\` is no time`, 'for example 2026-11-20T10:00:00Z, now-7d or now/d');
  },
  createIntake(options, context): Intake {
    const search: DocumentSearch = {
      query: options.query,
      indices: options.index,
      from: options.from,
      to: options.to,
      order: options.order as DocumentSearch['order'],
    };
    let reader: DocumentReader | undefined;
    let stopped = false;
    return {
      async open(signal) {
        const source = await context.store();
        if (stopped || signal.aborted) return;
        const name = createHash('md5').update(JSON.stringify(search)).digest('hex');
        let notRemembered: string | undefined;
        let notRead: string | undefined;
        const say = (): void => context.health(notRead ?? notRemembered);
        const place = new PositionFile({
          path: options.sincedb_path ?? join(context.dataPath, `.sincedb_${name}`),
          logger: context.logger,
          health: (problem) => {
            notRemembered = problem;
            say();
          },
        });
        reader = new DocumentReader({
          source,
          search,
          place,
          writer: context.writer,
          logger: context.logger,
          history: options.get_history,
          follow: options.follow,
          intervalMs: options.interval * 1000,
          rate: options.rate_limit === 0 ? undefined : options.rate_limit,
          speed: options.speed === 0 ? undefined : options.speed,
          withInfo: options.docinfo,
          finished: () => context.finished(),
          health: (problem) => {
            notRead = problem;
            say();
          },
        });
        await reader.open();
        // What was closed meanwhile may not begin.
        if (stopped) await reader.close();
      },
      update() {},
      async close() {
        stopped = true;
        await reader?.close();
      },
    };
  },
  createDecoder({ docinfo, docinfo_target: target }, context): Decoder {
    const setInfo = setter(parseFieldReference(target));
    return {
      decode(block: Block, emit: (event: Event) => void) {
        const { runs, bytes } = block;
        const received = isoFromMillis(block.receivedAt);
        let info: [string, string] | undefined;
        const give = (event: Event): void => {
          event.fields['@timestamp'] ??= received;
          event.fields['@version'] ??= '1';
          if (info) setInfo(event, { _index: info[0], _id: info[1] });
          context.decorate(event);
          emit(event);
        };
        let start = 0;
        for (let at = 0; at < runs.length; at += 4) {
          const stop = runs[at + 2]!;
          if (runs[at] === RunKind.end) continue;
          const record = bytes.toString('utf8', start, stop);
          start = stop;
          // JSON text has no line end in it that is not white space: the first one ends the head.
          const head = docinfo ? record.indexOf('\n') + 1 : 0;
          info = head > 0 ? infoOf(record.slice(0, head)) : undefined;
          const text = info === undefined ? record : record.slice(head);
          if (eventsFromJson(text, give) !== undefined) give(jsonFailure(text));
        }
      },
    };
  },
});

function infoOf(head: string): [string, string] | undefined {
  try {
    const value: unknown = JSON.parse(head);
    return Array.isArray(value) && value.length === 2 ? [String(value[0]), String(value[1])] : undefined;
  } catch {
    return undefined;
  }
}
