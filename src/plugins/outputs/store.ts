import { Event } from '../../event/event.ts';
import { compileTemplate, fieldsRead } from '../../event/sprintf.ts';
import type { EventText, Event as EventType } from '../../kernel/event-types.ts';
import {
  type DocumentOperation,
  type DocumentSink,
  defineOutput,
  type Output,
  type WriteFailure,
} from '../../kernel/plugin.ts';
import { orAborted } from '../../lib/or-aborted.ts';

type Action = DocumentOperation['action'];

/** What has no id is new; data streams take nothing else. */
const actionWithoutId = (action: string): Action => (action === 'index' ? 'create' : (action as Action));

/** Names of indices whose operation is kept. */
const MAX_KNOWN = 1000;

const ACTIONS: ReadonlySet<string> = new Set(['index', 'create', 'update', 'delete']);
/** What no retry can help. Everything else (429, a full disk) is tried again. */
const REJECTED: ReadonlySet<number> = new Set([400, 404]);

/** Events into Millrace's own event store. */
export const store = defineOutput({
  kind: 'output',
  name: 'store',
  summary: "Writes events to Millrace's own event store, without HTTP between.",
  options: {
    index: {
      type: 'string',
      default: 'logstash-%{+yyyy.MM.dd}',
      description: 'Index to write to; fields may be used. Daily indices make retention cheap.',
    },
    document_id: {
      type: 'string',
      description:
        'Id of the document; fields may be used. With a fingerprint of the event, a repeated delivery replaces itself.',
    },
    action: {
      type: 'string',
      default: 'index',
      description:
        '`index`, `create` (an id that is there is left as it is), `update`, `delete`, or a text with fields that gives one of them.',
    },
  },
  usesCodec: false,
  takesBlocks: true,
  takesText: ({ index, document_id: documentId = '', action }) =>
    [index, documentId, action].flatMap(fieldsRead),
  examples: [
    {
      title: 'Every event into an index of its day',
      config: 'output { store { index => "syslog-%{+yyyy.MM.dd}" } }',
    },
    {
      title: 'A repeated event is kept once',
      config: 'output { store { document_id => "%{[@metadata][fingerprint]}" } }',
    },
  ],
  validate(options, report) {
    if (options.action.includes('%{') || ACTIONS.has(options.action)) {
      if (['update', 'delete'].includes(options.action) && options.document_id === undefined)
        report('error', 'document_id', `action ${options.action} needs a document_id`);
      return;
    }
    report('error', 'action', `"${options.action}" is no action`, 'use index, create, update or delete');
  },
  create({ index, document_id: documentId, action }, context): Output {
    const indexOf = compileTemplate(index);
    const actionOf = compileTemplate(action);
    const idOf = documentId === undefined ? undefined : compileTemplate(documentId);
    const oneForAll = idOf === undefined && !action.includes('%{');
    let sink: DocumentSink | undefined;
    /** The operation for all events of an index, made once: messages between threads have it once, too. */
    const known = new Map<string, DocumentOperation>();
    const plain = (name: string): DocumentOperation => {
      let one = known.get(name);
      if (one === undefined) {
        if (known.size >= MAX_KNOWN) known.clear();
        known.set(name, (one = { action: actionWithoutId(action), index: name }));
      }
      return one;
    };
    /** Stands for an event of which only the text is there. */
    const seen = new Event({});
    const operation = (whole: EventType): DocumentOperation | string => {
      const { text } = whole;
      if (text !== undefined) seen.fields = text.seen;
      const event = text === undefined ? whole : seen;
      const name = indexOf.format(event);
      if (name.includes('%{') && /%\{.*?\}/.test(name))
        return `Badly formatted index: after filling in fields it still holds a placeholder: [${name}]`;
      if (oneForAll) return plain(name);
      const wanted = actionOf.format(event);
      if (!ACTIONS.has(wanted)) return `the event store has no action \`${wanted.slice(0, 100)}\``;
      const id = idOf?.format(event);
      if (id === '' && wanted !== 'index')
        return `action ${wanted} needs an id, and document_id gives an empty one`;
      return {
        action: id === undefined || id === '' ? actionWithoutId(wanted) : (wanted as Action),
        index: name,
        ...(id !== undefined && id !== '' && { id }),
      };
    };
    return {
      async open() {
        sink = await context.store();
      },
      async write(events, signal) {
        const failures: WriteFailure[] = [];
        const operations: DocumentOperation[] = [];
        /** Index in the batch of each operation, while some events are left out. */
        const places: number[] = [];
        const ends = new Int32Array(events.length);
        const texts: (string | EventText)[] = [];
        let asTheyAre = 0;
        for (let at = 0; at < events.length; at++) {
          const event = events[at]!;
          const made = operation(event);
          if (typeof made === 'string') {
            failures.push({ index: at, kind: 'reject', reason: made });
            continue;
          }
          places.push(at);
          operations.push(made);
          if (made.action === 'delete') texts.push('');
          else if (made.action === 'update') texts.push(`{"doc":${context.toJson(event.fields)}}`);
          else if (event.text !== undefined) asTheyAre = texts.push(event.text);
          else texts.push(context.toJson(event.fields));
        }
        if (operations.length === 0) return failures;
        const source = asTheyAre > 0 ? gather(texts, ends) : encode(texts as string[], ends);
        const same = operations.every((each) => each === operations[0]);
        const { errors, items } = await orAborted(
          sink!.bulk({
            source,
            ends: ends.slice(0, operations.length),
            operations: same ? operations[0]! : operations,
            onlyFailures: true,
          }),
          signal,
          'stopped before the event store had taken the events',
        );
        if (!errors) return failures;
        for (const [at, { status, error }] of items.entries()) {
          if (status < 300) continue;
          // With `create`, an id that is there means that the event was delivered before.
          if (status === 409) continue;
          const reason = `${status}, ${error?.type}: ${error?.reason}`.slice(0, 1000);
          failures.push({
            index: places[at]!,
            kind: REJECTED.has(status) ? 'reject' : 'retry',
            reason: REJECTED.has(status)
              ? `Could not index event to the event store. status: ${reason}`
              : reason,
          });
        }
        return failures;
      },
      async close() {},
    };
  },
});

/** The texts behind one another in memory of their own, which moves to the store's thread; fills in where each ends. */
function encode(texts: readonly string[], ends: Int32Array): Uint8Array {
  const text = texts.join('');
  const bytes = Buffer.from(new ArrayBuffer(Buffer.byteLength(text)));
  bytes.write(text, 0, 'utf8');
  let end = 0;
  // Texts of one byte a character end where their lengths say.
  const ascii = bytes.length === text.length;
  for (const [at, each] of texts.entries()) {
    end += ascii ? each.length : Buffer.byteLength(each);
    ends[at] = end;
  }
  return bytes;
}

/** As `encode`, of texts that came from elsewhere too: their bytes are copied. */
function gather(texts: readonly (string | EventText)[], ends: Int32Array): Uint8Array {
  let length = 0;
  for (let at = 0; at < texts.length; at++) {
    const text = texts[at]!;
    length += typeof text === 'string' ? Buffer.byteLength(text) : text.to - text.from + text.rest.length;
    ends[at] = length;
  }
  const bytes = Buffer.from(new ArrayBuffer(length));
  let start = 0;
  for (let at = 0; at < texts.length; at++) {
    const text = texts[at]!;
    if (typeof text === 'string') bytes.write(text, start);
    else {
      text.bytes.copy(bytes, start, text.from, text.to);
      text.rest.copy(bytes, start + text.to - text.from);
    }
    start = ends[at]!;
  }
  return bytes;
}
