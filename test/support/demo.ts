/** `millrace up --demo` as people start it, on ports of its own. */
import { freePort, Millrace, temporaryFolder, until } from './millrace.ts';

export interface StartedDemo {
  readonly millrace: Millrace;
  /** Of the console. */
  readonly url: string;
  /** For the set-up of the first administrator. */
  readonly code: string;
  /** `path.data`. */
  readonly data: string;
  /** Port of the HTTP listener. */
  readonly http: number;
}

/** `hours`: so much of the past is played first. */
export async function startDemo(hours: number): Promise<StartedDemo> {
  const data = temporaryFolder();
  const [beats, syslog, http] = [await freePort(), await freePort(), await freePort()];
  const millrace = new Millrace({
    args: [
      ...['up', `--demo=${hours}`, '--path.data', data, '--api.enabled=false'],
      ...['--beats', String(beats), '--syslog', String(syslog), '--http', String(http)],
      ...['--store.http.port=0', '--console.http.port=0'],
    ],
  });
  const url = await until(() => /Console at (\S+)/.exec(millrace.stderr)?.[1], 'the console', 60);
  const code = await until(() => /Set-up code: (\S+)/.exec(millrace.stderr)?.[1], 'the code', 60);
  return { millrace, url, code, data, http };
}
