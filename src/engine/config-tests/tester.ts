/**
 * Previews and config tests in a process of their own, for servers: whatever a config does, it ends with the time
 * limit, and the server's thread, clock and time zone are not touched.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import type { EscapeStyle } from '../../event/field-reference.ts';
import { parseJson } from '../../event/json.ts';
import { MillraceError } from '../../kernel/errors.ts';
import type { Preview, PreviewSpec } from './preview.ts';
import type { ConfigTestReport, ConfigTestSpec } from './run.ts';
import { packVariables, type TesterAnswer, type TesterRequest } from './tester-messages.ts';

export interface TesterOptions {
  /** URL of the module that exports `registry`. */
  readonly registryUrl: string;
  readonly escapeStyle: EscapeStyle;
  /** Milliseconds a request may take; default 10,000. */
  readonly limitMillis?: number;
  /** The process ends after so many milliseconds without a request; default 60,000. */
  readonly idleMillis?: number;
}

/** A request that is cancelled may take so long in all before it is ended. */
const PATIENCE_MS = 1_000;
/** Variables that Node, the launcher and the dynamic linker look at. Others may be secrets, and stay here. */
const ENVIRONMENT = /^(?:PATH|HOME|LANG|LC_\w+|TMPDIR|HOSTNAME|LD_LIBRARY_PATH|(?:NODE|UV|MALLOC)_\w+)$/;
/** Of JavaScript objects in the process; patterns and events need a fraction. */
const MAX_HEAP_MB = 512;

export class ConfigTester {
  readonly #options: TesterOptions;
  #child: ChildProcess | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  constructor(options: TesterOptions) {
    this.#options = options;
  }

  /** See `runConfigTests`. @throws MillraceError ERR_CONFIG when the tests take too long, or the process dies */
  async runTests(spec: ConfigTestSpec, signal?: AbortSignal): Promise<ConfigTestReport> {
    const { pipelines, variables, ...plain } = spec;
    const all = await pipelines?.();
    const texts = [
      ...spec.files.map(({ text }) => text),
      ...(all ?? []).flatMap(({ sources }) => sources.map(({ text }) => text)),
      ...Object.values(spec.texts ?? {}),
    ];
    const request: TesterRequest = {
      kind: 'tests',
      spec: plain,
      variables: packVariables(variables, texts),
      pipelines: all,
    };
    return (await this.#ask(request, signal)) as ConfigTestReport;
  }

  /** See `previewFilters`. @throws the same; the signal's reason */
  async preview(spec: PreviewSpec, signal?: AbortSignal): Promise<Preview> {
    const { variables, ...plain } = spec;
    const packed = packVariables(
      variables,
      spec.sources.map(({ text }) => text),
    );
    return (await this.#ask({ kind: 'preview', spec: plain, variables: packed }, signal)) as Preview;
  }

  /** Ends the process. */
  async close(): Promise<void> {
    this.#stop();
    await this.#last;
  }

  /** One request behind the other. */
  #ask(request: TesterRequest, signal?: AbortSignal): Promise<unknown> {
    const answer = this.#last.then(() => {
      signal?.throwIfAborted();
      return this.#answer(request, signal);
    });
    this.#last = answer.catch(() => {});
    return answer;
  }

  #answer(request: TesterRequest, signal: AbortSignal | undefined): Promise<unknown> {
    clearTimeout(this.#idle);
    const { limitMillis = 10_000, idleMillis = 60_000 } = this.#options;
    const child = (this.#child ??= this.#start());
    return new Promise((resolve, reject) => {
      const began = performance.now();
      const settle = (finish: () => void): void => {
        clearTimeout(limit);
        clearTimeout(patience);
        signal?.removeEventListener('abort', cancelled);
        child.off('message', answered).off('exit', died);
        finish();
      };
      const failed = (message: string): void => {
        this.#stop();
        settle(() => reject(new MillraceError('ERR_CONFIG', message)));
      };
      const limit = setTimeout(
        () => failed(`stopped after ${limitMillis / 1000} s: a filter of this config takes too long`),
        limitMillis,
      );
      // Nobody waits any more: what is nearly done may end, the process is started for the next request already.
      let patience: NodeJS.Timeout | undefined;
      const cancelled = (): void => {
        const left = Math.max(0, PATIENCE_MS - (performance.now() - began));
        patience = setTimeout(() => failed('cancelled'), left);
      };
      signal?.addEventListener('abort', cancelled, { once: true });
      const died = (): void =>
        failed('the process that tries configs ended: the config needs too much memory');
      const answered = (message: unknown): void => {
        const { json, error } = message as TesterAnswer;
        this.#idle = setTimeout(() => this.#stop(), idleMillis).unref();
        settle(() => (error === undefined ? resolve(parseJson(json!)) : reject(new Error(error))));
      };
      child.on('message', answered).on('exit', died);
      child.send(request);
    });
  }

  #start(): ChildProcess {
    const child = fork(
      new URL(`./tester-process${extname(import.meta.url)}`, import.meta.url),
      [this.#options.registryUrl, this.#options.escapeStyle],
      {
        execArgv: [...process.execArgv, `--max-old-space-size=${MAX_HEAP_MB}`],
        env: {
          ...Object.fromEntries(Object.entries(process.env).filter(([name]) => ENVIRONMENT.test(name))),
          TZ: 'UTC',
        },
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      },
    );
    child.on('error', () => {});
    child.unref();
    child.channel?.unref();
    return child;
  }

  #stop(): void {
    clearTimeout(this.#idle);
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}
