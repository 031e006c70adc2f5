/**
 * Previews and config tests in a process of their own, for servers: whatever a config does, it ends with the time
 * limit, and the server's thread, clock and time zone are not touched.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import type { EscapeStyle } from '../../event/field-reference.ts';
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
  async runTests(spec: ConfigTestSpec): Promise<ConfigTestReport> {
    const { pipelines, variables, ...plain } = spec;
    return (await this.#ask({
      kind: 'tests',
      spec: plain,
      variables: packVariables(variables, [
        ...spec.files.map(({ text }) => text),
        ...((await pipelines?.()) ?? []).flatMap(({ sources }) => sources.map(({ text }) => text)),
      ]),
      pipelines: await pipelines?.(),
    })) as ConfigTestReport;
  }

  /** See `previewFilters`. @throws the same */
  async preview(spec: PreviewSpec): Promise<Preview> {
    const { variables, ...plain } = spec;
    const packed = packVariables(
      variables,
      spec.sources.map(({ text }) => text),
    );
    return (await this.#ask({ kind: 'preview', spec: plain, variables: packed })) as Preview;
  }

  /** Ends the process. */
  async close(): Promise<void> {
    this.#stop();
    await this.#last;
  }

  /** One request behind the other. */
  #ask(request: TesterRequest): Promise<unknown> {
    const answer = this.#last.then(() => this.#answer(request));
    this.#last = answer.catch(() => {});
    return answer;
  }

  #answer(request: TesterRequest): Promise<unknown> {
    clearTimeout(this.#idle);
    const { limitMillis = 10_000, idleMillis = 60_000 } = this.#options;
    const child = (this.#child ??= this.#start());
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        clearTimeout(limit);
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
      const died = (): void =>
        failed('the process that tries configs ended: the config needs too much memory');
      const answered = (message: unknown): void => {
        const { json, error } = message as TesterAnswer;
        this.#idle = setTimeout(() => this.#stop(), idleMillis).unref();
        settle(() => (error === undefined ? resolve(JSON.parse(json!)) : reject(new Error(error))));
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
        env: { ...process.env, TZ: 'UTC' },
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
