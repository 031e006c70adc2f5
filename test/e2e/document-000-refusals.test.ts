/** Document 000: who may send to the receiver, and what a forwarder that may not does (section 6, item 2). */
import { afterEach, beforeAll, expect, test } from 'vitest';
import { makeCertificates } from '../support/certs.ts';
import { type Certificates, millraceCerts } from '../support/documents.ts';
import { cleanUp, until } from '../support/millrace.ts';
import { describePeer, runProgram } from '../support/peers.ts';
import { sensorEvents } from '../support/sensor-events.ts';
import {
  deliver,
  expectArrived,
  missing,
  type Receiver,
  startReceiver,
  startSender,
} from '../support/two-hops.ts';

describePeer(
  'A20 A24: a client without the right certificate is refused, with a clear line in the log',
  missing,
  () => {
    let rsa: Certificates;
    beforeAll(async () => {
      rsa = await millraceCerts();
      return () => rsa.remove();
    });
    afterEach(cleanUp);

    const put = (receiver: Receiver, ca: string, ...flags: string[]) =>
      runProgram('curl', ['-sS', '--cacert', ca, '-X', 'PUT', '-d', '{}', ...flags, receiver.url]);
    const logged = (receiver: Receiver, text: RegExp) =>
      until(() => text.test(receiver.millrace.stderr), `${text} in\n${receiver.millrace.stderr}`);

    test('none, and one of another authority, by curl', async () => {
      const receiver = await startReceiver(rsa, true);
      expect((await put(receiver, rsa.ca)).code).not.toBe(0);
      await logged(
        receiver,
        /\[WARN \]\[inputs\.http\] TLS connection from 127\.0\.0\.1:\d+ refused: the client showed no certificate/,
      );
      const strangers = makeCertificates();
      const { cert, key } = strangers.stranger;
      expect((await put(receiver, rsa.ca, '--cert', cert, '--key', key)).code).not.toBe(0);
      strangers.remove();
      await logged(
        receiver,
        /\[WARN \]\[inputs\.http\] TLS connection from 127\.0\.0\.1:\d+ refused: .*authority/,
      );
      const client = rsa.of('logstash-client');
      expect(await put(receiver, rsa.ca, '--cert', client.cert, '--key', client.key)).toMatchObject({
        code: 0,
        stdout: 'ok',
      });
      await until(() => receiver.lines().length > 0, 'the event of the right one');
      expect(receiver.lines()).toHaveLength(1);
    });

    test('A28: the forwarder: it says why, keeps the events, and delivers when it may', async () => {
      const receiver = await startReceiver(rsa, true);
      const sender = await startSender('no client certificate', receiver.url, false, rsa.ca);
      // As many as the document's queue takes: a sixth would wait for the first to be delivered.
      const sent = sensorEvents(5);
      await deliver(sender, sent);
      await logged(receiver, /refused: the client showed no certificate/);
      await until(
        () => /\[outputs\.http\].*certificate/i.test(sender.millrace.stderr),
        `the reason in\n${sender.millrace.stderr}`,
      );
      expect(receiver.lines()).toEqual([]);
      await receiver.millrace.stop();
      const lenient = await startReceiver(rsa, true, {
        '8899': new URL(receiver.url).port,
        force_peer: 'peer',
      });
      await until(() => lenient.lines().length >= sent.length, 'the events kept');
      expectArrived(lenient.lines(), sent, () => {});
    });
  },
);
