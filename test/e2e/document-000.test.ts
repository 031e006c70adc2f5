/**
 * Document 000: SensorFleet's events by Lumberjack into a forwarder, by HTTP with client certificates into a
 * receiver (section 6, item 2). The Lumberjack client is Elastic's own library.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Certificates, millraceCerts } from '../support/documents.ts';
import { cleanUp, until } from '../support/millrace.ts';
import { describePeer } from '../support/peers.ts';
import { sensorEvents } from '../support/sensor-events.ts';
import { deliver, expectArrived, missing, startReceiver, startSender } from '../support/two-hops.ts';

describePeer('document 000: two hops', missing, () => {
  const events = sensorEvents(10_000);
  let rsa: Certificates;
  let ec: Certificates;
  beforeAll(async () => {
    [rsa, ec] = await Promise.all([millraceCerts(), millraceCerts('--ec')]);
  });
  afterEach(cleanUp);
  afterAll(() => {
    rsa?.remove();
    ec?.remove();
  });

  async function pass(
    certificates: Certificates | 'no TLS',
    filterIn: 'receiver' | 'sender',
    sent: readonly string[],
    ...flags: string[]
  ): Promise<void> {
    const receiver = await startReceiver(certificates, filterIn === 'receiver');
    const sender = await startSender(certificates, receiver.url, filterIn === 'sender');
    const start = Date.now();
    expect(await deliver(sender, sent, ...flags)).toMatchObject({
      code: 0,
      stdout: `acked ${sent.length}\n`,
      stderr: '',
    });
    await until(
      () => receiver.lines().length >= sent.length,
      `all events at the receiver\n${sender.millrace.stderr}\n${receiver.millrace.stderr}`,
    );
    // Nothing more comes: the sender ends when its last request is answered.
    expect(await sender.millrace.stop()).toBe(0);
    expectArrived(receiver.lines(), sent, (event) => {
      const time = Date.parse(event['@timestamp']);
      expect(time >= start - 1 && time <= Date.now()).toBe(true);
      // What the receiver's input adds stays when the filter stands before it.
      if (filterIn === 'sender') {
        expect(event.host).toBe('127.0.0.1');
        expect(event.headers.request_method).toBe('PUT');
        expect(event.headers.content_type).toBe('application/json');
      } else expect(event.headers ?? event.host).toBeUndefined();
    });
    expect(receiver.millrace.stdout).toContain('"_sensorfleet_event" => {');
    for (const { stderr } of [sender.millrace, receiver.millrace]) expect(stderr).not.toMatch(/ERROR/);
  }

  test('A17 A20 A21 A24 A32 A34: 10,000 events with RSA certificates, filter in the receiver', () =>
    pass(rsa, 'receiver', events));

  test('A33: 10,000 events with EC certificates, filter in the sender, uncompressed windows under way', () =>
    pass(ec, 'sender', events, '-compress', '0', '-pipelining', '4', '-window', '500'));

  test('the receiver is stopped in the middle and comes back: every event arrives, if some twice', async () => {
    const first = await startReceiver(rsa, true);
    const sender = await startSender(rsa, first.url, false);
    const sent = events.slice(0, 3_000);
    const delivery = deliver(sender, sent, '-window', '200');
    await until(() => first.lines().length >= 200, 'the first events');
    expect(await first.millrace.stop()).toBe(0);
    const second = await startReceiver(rsa, true, { '8899': new URL(first.url).port });
    expect(await delivery).toMatchObject({ code: 0, stdout: 'acked 3000\n' });
    const received = () => [...first.lines(), ...second.lines()];
    const ids = () => new Set(received().map((line) => JSON.parse(line)._sensorfleet_event.sensor_event_id));
    await until(() => ids().size >= sent.length, `all events: ${ids().size} of ${sent.length}`);
    expect(second.lines().length).toBeGreaterThan(0);
  });

  test('A30 A31: step 6, without the filter: the receiver prints the event as the document shows it', async () => {
    const receiver = await startReceiver(ec, false);
    const sender = await startSender(ec, receiver.url, false);
    await deliver(sender, events.slice(3, 4));
    await until(() => receiver.lines().length > 0, 'the event');
    for (const line of [
      '"source_instrument" => "logforwarder_0@testsensor"',
      '"type" => "instruments.logforwarder.pipeline_stats"',
      '"message" => "pipeline test processed=3, errors=0"',
      '"sensor_event_id" => 3',
      '"processed_since_start" => 3',
    ])
      expect(receiver.millrace.stdout).toContain(line);
    const event = JSON.parse(receiver.lines()[0]!);
    expect(event).toMatchObject({ ...JSON.parse(events[3]!), host: '127.0.0.1' });
    expect(event.tags).toEqual(['beats_input_codec_plain_applied']);
  });

  test('A20: plain http:// for a try', () => pass('no TLS', 'receiver', events.slice(0, 1_000)));
});
