/** Input `pipeline_stats`: a pipeline is tested without any sender (document 000, step 6). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { cleanUp, Millrace, runConfig, temporaryFolder, until } from '../support/millrace.ts';

afterEach(cleanUp);

const filter = readFileSync(resolve(import.meta.dirname, '../fixtures/documents/000-filter.conf'), 'utf8');

test('its own pipeline: the document’s filter, and a count that goes up', async () => {
  const millrace = await runConfig(
    `input { pipeline_stats { interval => 0.1 source_sensor => "testsensor" } } ${filter} output { stdout { codec => json_lines } }`,
    ['--pipeline.id', 'test'],
  );
  const events = await millrace.waitForEvents(7);
  for (const [at, event] of events.entries()) {
    const { processed_since_start: processed } = event;
    expect(event).toEqual({
      '@timestamp': expect.any(String),
      '@version': '1',
      tags: ['sensorfleet_event'],
      unique_id: 'test',
      processed_since_start: processed,
      errors_since_start: 0,
      _sensorfleet_event: {
        source_instrument: 'logforwarder_0@testsensor',
        source_sensor: 'testsensor',
        type: 'instruments.logforwarder.pipeline_stats',
        message: `pipeline test processed=${processed}, errors=0`,
        context_uuid: events[0]._sensorfleet_event.context_uuid,
        uuid: expect.any(String),
        sensor_event_id: at + 1,
        timestamp: expect.any(Number),
      },
    });
  }
  expect(events[0].processed_since_start).toBe(0);
  expect(events[6].processed_since_start).toBeGreaterThan(3);
});

test('of another pipeline: what it processed, and what failed there', async () => {
  const settings = temporaryFolder();
  writeFileSync(
    join(settings, 'pipelines.yml'),
    `- pipeline.id: watched
  config.string: |
    input { generator { lines => ['{"a":9}', '{"b":1}'] count => 10 codec => json } heartbeat { interval => 3600 } }
    filter { if [a] < 5 { drop { } } }
    output { null { } }
- pipeline.id: watching
  config.string: |
    input { pipeline_stats { pipeline => "watched" interval => 0.1 } pipeline_stats { pipeline => "nobody" interval => 0.1 } }
    output { stdout { codec => json_lines } }
`,
  );
  const millrace = new Millrace({
    args: [
      '--path.settings',
      settings,
      '--path.data',
      join(settings, 'data'),
      '--api.http.port',
      '19600-19999',
    ],
  });
  await millrace.ready();
  const event = await until(
    () => millrace.events().find(({ data }) => data.errors_since_start === 11),
    'a count of the other pipeline',
  );
  expect(event.message).toBe('pipeline watched processed=10, errors=11');
  const report = await (await fetch(`${millrace.api}/_health_report`)).json();
  expect(JSON.stringify(report)).toContain('there is no pipeline with the id nobody');
  expect(millrace.events().some(({ data }) => data.unique_id === 'nobody')).toBe(false);
});
