/** Signals that end Millrace or make it read its config again, and what a shutdown waits for. */
import type { Engine } from '../engine/engine.ts';
import type { Logger } from '../kernel/logger.ts';

export interface SignalActions {
  readonly engine: Engine;
  readonly logger: Logger;
  readonly isStopping: () => boolean;
  readonly reload: () => void;
  readonly stop: () => void;
}

/** SIGHUP reads the config again, SIGINT and SIGTERM end the process; so does a launcher that is gone. */
export function listenToSignals(actions: SignalActions): void {
  const { engine, logger, isStopping, reload, stop } = actions;
  const seen = new Map<string, number>();
  const on = (signal: string): void => {
    // The launcher and the terminal may both send it: once is meant.
    const now = performance.now();
    const last = seen.get(signal) ?? -Infinity;
    seen.set(signal, now);
    if (now - last < 200) return;
    if (signal === 'SIGHUP') {
      logger.info({}, 'SIGHUP: reading the config again');
      reload();
    } else if (isStopping()) {
      logger.error({}, `${signal} again: ending at once, events in flight are lost`);
      process.exit(1);
    } else {
      logger.info(
        {},
        `${signal}: stopping; what was taken is delivered first (the same signal again ends at once)`,
      );
      warnWhileStopping(engine, logger);
      stop();
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => on(signal));
  if (process.send) {
    process.on('message', (message: { signal?: string }) => {
      if (typeof message?.signal === 'string') on(message.signal);
    });
    process.on('disconnect', () => on('SIGTERM'));
    (process as NodeJS.Process & { channel?: { unref(): void } }).channel?.unref();
  }
}

/** Says every five seconds what a shutdown waits for; with `pipeline.unsafe_shutdown` gives up after a while. */
function warnWhileStopping(engine: Engine, logger: Logger): void {
  let rounds = 0;
  const timer = setInterval(() => {
    const waiting = [...engine.pipelines.values()].filter((status) => status.state === 'running');
    if (waiting.length === 0) return;
    const why = waiting.flatMap((status) =>
      [...status.problems.byNode].map(([node, { problem }]) => `${status.id}/${node}: ${problem}`),
    );
    logger.warn(
      { pipelines: waiting.map((status) => status.id) },
      `The shutdown process is waiting for outputs${why.length ? `: ${why.join('; ')}` : ''}`,
    );
    if (
      ++rounds >= 5 &&
      waiting.every((status) => status.config.settings.all['pipeline.unsafe_shutdown'] === true)
    ) {
      logger.error({}, 'Forcefully quitting: pipeline.unsafe_shutdown is set, events in flight are lost');
      process.exit(1);
    }
  }, 5000);
  timer.unref();
}
