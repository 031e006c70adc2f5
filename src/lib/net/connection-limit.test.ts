import net from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { resolveOptions } from '../../../test/support/plugin.ts';
import { intakeContext } from '../../../test/support/writer.ts';
import type { Intake } from '../../kernel/plugin.ts';
import { beats } from '../../plugins/inputs/beats.ts';
import { http } from '../../plugins/inputs/http.ts';
import { syslog } from '../../plugins/inputs/syslog.ts';
import { tcp } from '../../plugins/inputs/tcp.ts';

const open: Intake[] = [];
const sockets: net.Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(open.splice(0).map((intake) => intake.close()));
});

test.each([tcp, syslog, http, beats])(
  '$name: connections beyond max_connections are refused',
  async (plugin) => {
    const given = { host: '127.0.0.1', port: 0, max_connections: 2 };
    const options = resolveOptions(plugin as typeof tcp, given);
    const context = intakeContext();
    const intake = (plugin as typeof tcp).createIntake(options, context) as Intake & { port: number };
    await intake.open(new AbortController().signal);
    open.push(intake);
    const connect = async (): Promise<net.Socket> => {
      const socket = net.connect(intake.port, '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => {});
      await new Promise((done) => socket.once('connect', done));
      return socket;
    };
    const first = await connect();
    await connect();
    const third = await connect();
    await new Promise((done) => third.once('close', done).resume());
    expect(context.counters['refused_connections']).toBe(1);
    expect(context.healths).toEqual(['1 connection refused because 2 are open (max_connections)']);
    expect([first.destroyed, sockets[1]!.destroyed]).toEqual([false, false]);
    // A reload allows more.
    intake.update!(resolveOptions(plugin as typeof tcp, { ...given, max_connections: 3 }));
    const fourth = await connect();
    await new Promise((done) => setTimeout(done, 50));
    expect(fourth.destroyed).toBe(false);
  },
);
