/** Fields first, then the message, as in `logger.warn({ peer }, 'connection refused')`. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A logger whose lines carry a name (`inputs.beats`) in brackets. */
  child(name: string): Logger;
}

export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type Level = (typeof levels)[number];

export interface LoggerOptions {
  /** Least severe level that is written; a function is asked at every line. */
  readonly level: Level | (() => Level);
  readonly format: 'plain' | 'json';
  /** Writes one finished line; must not throw. */
  readonly write: (line: string) => void;
  readonly now?: () => Date;
}

/** Identical lines within this time are counted, not repeated. */
const REPEAT_MS = 10_000;
const MAX_REMEMBERED = 500;

/**
 * A logger in Logstash's layout, `[2026-11-20T10:00:00,000][WARN ][inputs.beats] message {"peer":"…"}`, or JSON
 * lines. Repeated lines (same level, name and message) are limited to one in ten seconds with a count.
 */
export function createLogger(options: LoggerOptions): Logger {
  const repeats = new Map<string, { until: number; suppressed: number }>();
  const now = options.now ?? (() => new Date());
  const { level: least } = options;
  const threshold = typeof least === 'function' ? () => levels.indexOf(least()) : () => levels.indexOf(least);
  const make = (name: string): Logger => {
    const log = (level: Level) => (fields: object, message: string) => {
      if (levels.indexOf(level) < threshold()) return;
      const time = now();
      let text = message;
      if (level !== 'debug') {
        const key = `${level} ${name} ${message}`;
        const seen = repeats.get(key);
        if (seen && time.getTime() < seen.until) {
          seen.suppressed++;
          return;
        }
        if (seen?.suppressed) text = `${message} (and ${seen.suppressed} times more since)`;
        if (repeats.size >= MAX_REMEMBERED) repeats.clear();
        repeats.set(key, { until: time.getTime() + REPEAT_MS, suppressed: 0 });
      }
      options.write(
        options.format === 'json'
          ? `${JSON.stringify({ level: level.toUpperCase(), loggerName: name, timeMillis: time.getTime(), logEvent: { message: text, ...fields } })}\n`
          : `[${time.toISOString().slice(0, 23).replace('.', ',')}][${level.toUpperCase().padEnd(5)}][${name}] ${printable(text + tail(fields))}\n`,
      );
    };
    return {
      debug: log('debug'),
      info: log('info'),
      warn: log('warn'),
      error: log('error'),
      child: (inner) => make(inner),
    };
  };
  return make('millrace');
}

const ACTS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Texts of events stand in messages: none acts on the terminal, or feigns a line of the log. */
const printable = (text: string): string =>
  text
    .replace(ACTS, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replaceAll('\n', '\n  ');

function tail(fields: object): string {
  for (const _ in fields)
    return ` ${JSON.stringify(fields, (_key, value) => (typeof value === 'bigint' ? String(value) : value))}`;
  return '';
}

/** For tests and for plugins that are made only to be checked. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
