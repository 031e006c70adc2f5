/** Dead letters and queues in the console. */
import { join } from 'node:path';
import type { Engine } from '../../engine/engine.ts';
import { queueFolder } from '../../engine/queue-folder.ts';
import { Event } from '../../event/event.ts';
import { encodeEvents } from '../../event/event-encoding.ts';
import { parseJson } from '../../event/json.ts';
import type { Fields } from '../../kernel/event-types.ts';
import { pipelinesIn } from '../../queue/dead-letter-reader.ts';
import { deadLetterDirectory } from '../../queue/dead-letter-segments.ts';
import type { deadLetterRoutes } from '../contract/dead-letters.ts';
import { type AuditEntry, type Caller, ConsoleError, type HandlersOf, notThere } from './call.ts';
import { LetterJobs } from './dead-letters/letter-jobs.ts';
import { letterPage, oneLetter, Summaries, shownLetter, wantedBy } from './dead-letters/letter-pages.ts';
import { LetterFolder, preview } from './dead-letters/letter-pipeline.ts';
import { noQueue, QueueViews } from './dead-letters/queue-views.ts';
import { eventHider } from './pipelines/hide-fields.ts';
import { mayTap } from './pipelines.ts';

export interface DeadLetterHandlerOptions {
  readonly engine: Engine;
  /** `path.dead_letter_queue`, or its default. */
  readonly root: string;
  readonly dataPath: string;
  audit(entry: AuditEntry): void;
}

type Routes = typeof deadLetterRoutes;

export function deadLetterHandlers({
  engine,
  root,
  dataPath,
  audit,
}: DeadLetterHandlerOptions): HandlersOf<keyof Routes> {
  const folder = join(dataPath, 'console', 'replays');
  const summaries = new Summaries();
  const queues = new QueueViews();
  const jobs = new LetterJobs(engine, folder);
  const directoryOf = (pipeline: string): string =>
    engine.deadLetters(pipeline)?.directory ?? deadLetterDirectory(root, pipeline);
  const show = (caller: Caller): ((text: string) => string) => eventHider(caller.hiddenFields ?? []);
  const note = (
    action: string,
    caller: Caller | undefined,
    address: string,
    details: Readonly<Record<string, unknown>>,
  ): void => audit({ action, user: caller?.name, address, outcome: 'success', details });
  return {
    'GET /api/dead-letters': async ({ caller }) => {
      mayTap(caller!);
      const running = [...engine.pipelines.values()].filter(({ parent }) => parent === undefined);
      const ids = new Set([...running.map(({ id }) => id), ...pipelinesIn(root)]);
      const queues = [];
      for (const id of ids) {
        const summary = await summaries.of(id, directoryOf(id));
        if (summary.bytes > 0 || engine.deadLetters(id))
          queues.push({ ...summary, running: running.some((each) => each.id === id) });
      }
      return { queues, jobs: jobs.list() };
    },
    'GET /api/dead-letters/:pipeline': async ({ params, query, caller, signal }) => {
      mayTap(caller!);
      const { size, after, ...filter } = query;
      const page = await letterPage(
        directoryOf(params['pipeline']!),
        wantedBy(filterOf(filter)),
        size,
        after,
        signal,
      );
      return {
        letters: page.letters.map((each) => shownLetter(each, false, show(caller!))),
        scanned: page.scanned,
        ...(page.next !== undefined && { next: page.next }),
      };
    },
    'GET /api/dead-letters/:pipeline/letter': async ({ params, query, caller }) => {
      mayTap(caller!);
      const found = await oneLetter(directoryOf(params['pipeline']!), query.ref);
      if (!found) throw notThere('the dead letter');
      return { letter: shownLetter(found, true, show(caller!)) };
    },
    'POST /api/dead-letters/:pipeline/preview': async ({ params, body, caller, address, signal }) => {
      mayTap(caller!);
      const status = engine.pipelines.get(params['pipeline']!);
      if (!status) throw notThere(`pipeline ${params['pipeline']}`);
      const letters = body.events.map((text) => ({
        entryTime: Date.now(),
        pluginKind: 'output',
        pluginName: 'preview',
        pluginId: 'preview',
        reason: 'preview',
        event: eventOf(text),
      }));
      note('dead_letters.preview', caller, address, { pipeline: status.id, events: letters.length });
      const copies = new LetterFolder(folder, status.id);
      try {
        copies.write(letters);
        const samples = await preview(engine, status.config, copies, signal);
        const hide = show(caller!);
        return {
          samples: samples.map(({ before, after, ...rest }) => ({
            ...rest,
            ...(before !== undefined && { before: hide(before) }),
            after: after.map(hide),
          })),
        };
      } catch (error) {
        return { samples: [], problem: (error as Error).message };
      } finally {
        copies.remove();
      }
    },
    'POST /api/dead-letters/:pipeline/replay': async ({ params, body, caller, address }) => {
      mayTap(caller!);
      const pipeline = params['pipeline']!;
      if (!engine.pipelines.has(pipeline))
        throw new ConsoleError(
          409,
          'not_running',
          `pipeline ${pipeline} does not run: its dead letters can not go through it`,
        );
      const directory = directoryOf(pipeline);
      const { refs, filter, event, drop } = body;
      let instead: Parameters<LetterJobs['replay']>[0]['instead'];
      if (event !== undefined) {
        if (refs?.length !== 1)
          throw new ConsoleError(400, 'invalid', 'body.event: it stands for one dead letter');
        const found = await oneLetter(directory, refs[0]!);
        if (!found) throw notThere('the dead letter');
        const { eventText: _, ...head } = found.letter;
        instead = { ...head, event: eventOf(event) };
      }
      note('dead_letters.replay', caller, address, {
        pipeline,
        ...chosenText(refs, filter),
        edited: !!event,
      });
      const wanted = wantedBy(filterOf(filter ?? {}));
      return { job: started(() => jobs.replay({ pipeline, directory, refs, wanted, instead, drop })) };
    },
    'POST /api/dead-letters/:pipeline/drop': ({ params, body: { refs, filter }, caller, address }) => {
      mayTap(caller!);
      const pipeline = params['pipeline']!;
      note('dead_letters.drop', caller, address, { pipeline, ...chosenText(refs, filter) });
      const wanted = wantedBy(filterOf(filter ?? {}));
      return { job: started(() => jobs.drop(pipeline, directoryOf(pipeline), { refs, wanted })) };
    },
    'DELETE /api/dead-letters/jobs/:id': ({ params, caller, address }) => {
      const job = jobs.cancel(params['id']!);
      if (!job) throw notThere('the job');
      note('dead_letters.cancel', caller, address, { pipeline: job.pipeline, kind: job.kind });
      return {};
    },
    'GET /api/queues/:pipeline': async ({ params }) => {
      const status = engine.pipelines.get(params['pipeline']!);
      if (!status) throw notThere(`pipeline ${params['pipeline']}`);
      const path = queueFolder(status.id, status.config.settings);
      return status.config.settings.queueType === 'persisted' ? queues.of(path) : noQueue;
    },
  };
}

type Filter = Parameters<typeof wantedBy>[0];
/** Without what is not given. */
const filterOf = (filter: { [K in keyof Filter]?: Filter[K] | undefined }): Filter =>
  Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));

const chosenText = (refs: readonly string[] | undefined, filter: object | undefined): object =>
  refs ? { letters: refs.length } : { filter: filter ?? 'all' };

function started<T>(start: () => T): T {
  try {
    return start();
  } catch (error) {
    throw new ConsoleError(429, 'busy', (error as Error).message);
  }
}

/** An event from JSON that somebody typed; `@metadata` is no field. @throws ConsoleError */
function eventOf(text: string): Event {
  let parsed: unknown;
  try {
    parsed = parseJson(text);
  } catch (error) {
    throw new ConsoleError(400, 'json', `the event is no JSON: ${(error as Error).message}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new ConsoleError(400, 'json', 'an event is a JSON object');
  const { '@metadata': metadata, ...fields } = parsed as Fields;
  if (
    metadata !== undefined &&
    (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
  )
    throw new ConsoleError(400, 'json', '@metadata is a JSON object');
  fields['@timestamp'] ??= new Date().toISOString();
  fields['@version'] ??= '1';
  const event = new Event(fields, metadata as Fields | undefined);
  encodeEvents([event]);
  return event;
}
