/** `millrace relay`: keeps the datagrams of a UDP sender while its server is away. */
import { mkdirSync } from 'node:fs';
import { MillraceError } from '../kernel/errors.ts';
import { lockFolder } from '../kernel/folder-lock.ts';
import { createLogger, type Logger } from '../kernel/logger.ts';
import { AnswerServer } from '../lib/relay/answer.ts';
import { purgeFolder } from '../lib/relay/purge.ts';
import type { Verdict } from '../lib/relay/receiver-check.ts';
import { Relay } from '../lib/relay/relay.ts';
import { parseRelayArguments, type RelayCommand, type RelayLogOptions } from './relay-options.ts';

export const help = `Usage: millrace relay --server HOST:PORT --probe HOST:PORT [OPTIONS]
       millrace relay --answer [HOST:]PORT --check-port PORT/udp | --check-process NAME
       millrace relay --purge [--queue DIR]

Stands beside a sender of UDP datagrams (an OSSEC agent, a syslog client) and forwards them untouched while the server
lives. While it does not, they wait on disk; when it returns they are sent, in order, with everything since the last
good probe. Some may arrive twice. Answers of the server go back to the sender.

An OSSEC agent whose server is named siem. On siem, beside ossec-remoted, which receives at port 1514:

  millrace relay --answer 15140 --check-port 1514/udp --check-process ossec-remoted

On the agent's host; then set <server-ip>127.0.0.1</server-ip> in the agent's ossec.conf and restart the agent:

  millrace relay --listen 127.0.0.1:1514 --server siem:1514 --probe siem:15140 --queue /var/lib/millrace-relay

To take it away: set <server-ip> back, restart the agent, stop both, and

  millrace relay --purge --queue /var/lib/millrace-relay

Relay:
  --listen HOST:PORT      where the sender sends to; default 127.0.0.1:1514
  --server HOST:PORT      the server's UDP port
  --probe HOST:PORT       TCP address of "millrace relay --answer" on the server's host
  --probe-interval S      seconds between probes; default 1
  --probe-timeout S       seconds to wait for an answer; default and at most the interval
  --queue DIR             folder of the queue; default ./millrace-relay
  --max-bytes SIZE        size of the queue at most, such as 512mb; default 1gb
  --drop oldest|newest    what a full queue drops; default oldest
  --rate N                queued datagrams sent a second, beyond those that arrive meanwhile; default 1000
  --max-senders N         senders with a way back for answers; default 1000
  --idle S                seconds until an unused way back is closed; default 1800
  --status S              seconds between status lines while datagrams come; default 60. SIGUSR1 prints one at once

Answering side:
  --answer [HOST:]PORT    TCP port to answer at; without HOST on all addresses
  --check-port PORT/udp   alive means: a process has this port (or PORT/tcp)
  --check-process NAME    alive means: a process of this name runs. Both may be given, and more than once: all must hold

Both:
  -q, --quiet             print warnings and errors only
  --log.format json       log lines in JSON
  --purge                 remove the queue's folder, with what is in it
`;

export async function relayCommand(argv: readonly string[]): Promise<number> {
  const command = parseRelayArguments(argv);
  switch (command.mode) {
    case 'help':
      process.stdout.write(help);
      return 0;
    case 'purge':
      return purge(command.folder);
    case 'answer':
      return answer(command);
    case 'relay':
      return relay(command);
  }
}

function purge(folder: string): number {
  const { unconfirmed, foreign } = purgeFolder(folder);
  process.stdout.write(
    foreign.length === 0
      ? `removed ${folder}; ${unconfirmed} datagrams in it were not confirmed\n`
      : `removed the relay's files in ${folder}; ${unconfirmed} datagrams were not confirmed. Not ours, and left: ${foreign.join(', ')}\n`,
  );
  return 0;
}

/** Makes the folder if it is not there, and takes it. */
function take(folder: string): () => void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return lockFolder(folder, folder);
  } catch (error) {
    throw new MillraceError('ERR_IO', `the relay can not use its folder: ${(error as Error).message}`);
  }
}

async function relay({ settings, log }: RelayCommand & { mode: 'relay' }): Promise<number> {
  const logger = loggerFor(log);
  const unlock = take(settings.folder);
  try {
    const relay = new Relay({ ...settings, logger });
    await relay.open();
    process.on('SIGUSR1', () => relay.logStatus());
    const signal = await ended();
    await relay.close();
    const { queued, received, sent, dropped } = relay.status();
    logger.info(
      { received, sent, dropped },
      `${signal}: stopped; ${queued} datagrams are queued${queued > 0 ? ` in ${settings.folder}` : ''}`,
    );
    return 0;
  } catch (error) {
    throw error instanceof MillraceError || (error as NodeJS.ErrnoException).code === undefined
      ? error
      : new MillraceError('ERR_IO', (error as Error).message);
  } finally {
    unlock();
  }
}

async function answer({ host, port, checks, log }: RelayCommand & { mode: 'answer' }): Promise<number> {
  const logger = loggerFor(log);
  let last = '';
  const onVerdict = (verdict: Verdict): void => {
    const text = verdict.alive ? 'alive' : verdict.reason;
    if (text === last) return;
    last = text;
    if (verdict.alive) logger.info({}, 'the receiver is alive');
    else logger.warn({}, `the receiver is not alive: ${verdict.reason}`);
  };
  const server = new AnswerServer({ host, port, checks, onVerdict });
  try {
    await server.open();
  } catch (error) {
    throw new MillraceError('ERR_LISTEN', (error as Error).message);
  }
  logger.info({}, `answering at TCP ${host ?? 'port'} ${server.port}`);
  const timer = setInterval(() => server.verdict(), 1000);
  server.verdict();
  const signal = await ended();
  clearInterval(timer);
  await server.close();
  logger.info({}, `${signal}: stopped`);
  return 0;
}

function loggerFor({ format, quiet }: RelayLogOptions): Logger {
  const logger = createLogger({
    level: quiet ? 'warn' : 'info',
    format,
    write: (line) => {
      process.stderr.write(line);
    },
  });
  return logger.child('relay');
}

function ended(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
    // The launcher of an older Node passes signals on, and may be killed itself.
    process.on('message', (message) => {
      const signal = (message as { signal?: string } | null)?.signal;
      if (signal === 'SIGINT' || signal === 'SIGTERM') resolve(signal);
    });
    process.on('disconnect', () => resolve('the launcher ended'));
  });
}
