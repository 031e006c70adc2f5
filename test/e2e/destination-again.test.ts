/** A destination that is wanted again before it has let go of what it had, through the API of the real program. */
import { writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startConsoleOf, type TestConsole } from '../support/console.ts';
import { freePort, temporaryFolder, until } from '../support/millrace.ts';

let started: TestConsole;
let receiver: Server;
afterAll(async () => {
  receiver?.close();
  await started?.close();
});

test('it starts by itself when it has delivered what it had, and nobody has to wait for that', async () => {
  /** Requests whose answer does not end; undefined: all are answered. */
  let held: ServerResponse[] | undefined = [];
  const bodies: string[] = [];
  receiver = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      bodies.push(text);
      if (held) {
        held.push(response);
        // An answer that takes long, but not so long without a byte that the output gives it up.
        response.writeHead(200).write('.');
        const dots = setInterval(() => response.writableEnded || response.write('.'), 1000);
        response.once('close', () => clearInterval(dots));
      } else response.end('ok');
    });
  });
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
  const { port } = receiver.address() as { port: number };

  // Long enough that it still holds on when somebody changes their mind.
  const settings = temporaryFolder();
  writeFileSync(join(settings, 'logstash.yml'), 'pipeline.shutdown_timeout: 120\n');
  started = await startConsoleOf(
    ...['--path.settings', settings, '-e', 'input { heartbeat { interval => 3600 } } output { null { } }'],
    '--store.enabled=false',
  );
  const admin = await started.setUp();
  const make = async (card: string, title: string, values: object, others: string[]): Promise<void> => {
    const { status, json } = await admin.ask('POST', '/api/integrations', { card, title, values, others });
    expect([status, json.error]).toEqual([200, undefined]);
  };
  const from = await freePort();
  await make('lines', 'Lines', { listen: '127.0.0.1', port: from }, []);
  await make('http', 'Slow', { url: `http://127.0.0.1:${port}/`, request_timeout: 90 }, ['lines']);
  const send = (text: string): Promise<void> =>
    new Promise((done, fail) => {
      const socket = connect(from, '127.0.0.1').once('error', fail).once('close', done);
      socket.resume().end(`${text}\n`);
    });
  const enable = (enabled: boolean) => admin.ask('POST', '/api/integrations/slow/enabled', { enabled });

  await send('in its hands');
  await until(() => held!.length > 0, 'the destination has it in its hands', 30);
  expect((await enable(false)).json.item.state).toBe('disabled');
  expect((await enable(true)).status).toBe(200);
  await until(
    () => /wanted again: it starts when it has delivered what it had/.test(started.millrace.stderr),
    'it says that it starts later',
    30,
  );
  for (const response of held.splice(0)) response.end('ok');
  held = undefined;
  await until(
    async () => {
      await send('after the break');
      return bodies.some((body) => body.includes('after the break'));
    },
    'it runs again',
    60,
  );
}, 120_000);
