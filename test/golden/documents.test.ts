/** The configs of the documents Millrace was made for, checked against the real plugins. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkPipelines } from '../../src/lang/check.ts';
import { registry } from '../../src/plugins/registry.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-documents-'));
  for (const name of ['server.crt', 'server.key', 'ca.crt']) writeFileSync(join(folder, name), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

async function messages(text: string): Promise<string[]> {
  const result = await checkPipelines(
    [{ id: 'main', sources: [{ file: 'a.conf', text: text.replaceAll('FILES', folder) }], settings: {} }],
    registry,
    { environment: {} },
  );
  return result.diagnostics.map(({ severity, message }) => `${severity}: ${message}`);
}

test('the sender', async () => {
  const text = `
    input {
      beats {
        codec => plain
        host => "127.0.0.1"
        port => 15044
      }
    }
    output {
      http {
        url => "https://elastic.my-upstream-siem.net:8899"
        codec => json
        http_method => put
        client_cert => "FILES/server.crt"
        cacert => "FILES/ca.crt"
        client_key => "FILES/server.key"
      }
      # You can use stdout for debugging purposes.
      #stdout {}
    }`;
  expect(await messages(text)).toEqual([
    'lint: `codec` of the output `http`: has no effect, as in Logstash',
    'lint: `client_cert` is the old name of `ssl_certificate`',
    'lint: `cacert` is the old name of `ssl_certificate_authorities`',
    'lint: `client_key` is the old name of `ssl_key`',
  ]);
});

test('the receiver: old names, and an index that metadata will not fill', async () => {
  const text = `
    input {
      http {
        host => "0.0.0.0"
        port => 8899
        ssl => true
        ssl_certificate => "FILES/server.crt"
        ssl_certificate_authorities => ["FILES/ca.crt"]
        ssl_key => "FILES/server.key"
        ssl_verify_mode => "force_peer"
        codec => json
      }
    }
    filter {
      mutate { remove_field => ["headers", "tags", "host"] }
      ruby {
        code => '
            event.to_hash.each { |k, v|
                unless [ "@timestamp", "@version", "host"].include?(k)
                    event.set("[_sensorfleet_event][#{k}]", v)
                    event.remove(k)
                end
            }
        '
      }
      mutate {
        # Optional: remove [_sensorfleet_event][data]
        remove_field => "[_sensorfleet_event][data]"

      }
    }
    output {
      elasticsearch {
        codec => json
        hosts => ["http://localhost:9200"]
        index => "%{[@metadata][beat]}-%{[@metadata][version]}-%{+YYYY.MM.dd}"
        #user => "elastic"
        #password => "changeme"
      }
      stdout {}
    }`;
  expect(await messages(text)).toEqual([
    'lint: `ssl` is the old name of `ssl_enabled`',
    'lint: `ssl_verify_mode` is the old name of `ssl_client_authentication`',
    'lint: `index`: %{[@metadata][beat]} will stay as it is: no input or filter of this pipeline sets [@metadata][beat]',
    'lint: `index`: %{[@metadata][version]} will stay as it is: no input or filter of this pipeline sets [@metadata][version]',
  ]);
});

test.each([
  ['generator', 'input { generator { count => 10 } } output { stdout {} }'],
  ['filebeat', 'input {\n    beats {\n        port => 5044\n    }\n}\noutput {\n    stdout {}\n}'],
  ['rows typed', 'input {\n    stdin {}\n    generator { count => 10 }\n}\noutput {\n    stdout {}\n}'],
])('%s has nothing to complain about', async (_name, text) => {
  expect(await messages(text)).toEqual([]);
});
