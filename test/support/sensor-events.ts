/** Events as a SensorFleet sensor sends them (document 000), and what the document's filter must make of each. */
import { exact, stable } from './exact-json.ts';

const types = [
  'instruments.logforwarder.pipeline_stats',
  'instruments.suricata.alert',
  'instruments.zeek.conn',
];

/** JSON texts, one event a line; `sensor_event_id` counts from 0. */
export function sensorEvents(count: number): string[] {
  return Array.from({ length: count }, (_, at) => {
    const kind = at % types.length;
    const data = [statistics, alert, connection][kind]!(at);
    const instrument = ['logforwarder_0', 'suricata_0', 'zeek_1'][kind];
    const uuid = (salt: number): string =>
      `cc2b3bb1-bd8f-4b9c-${(0xa000 + salt).toString(16)}-${at.toString(16).padStart(12, '0')}`;
    // The time is a decimal number, as the document shows it.
    const timestamp = `${1614868533 + at}.${String((at * 7919) % 1_000_000).padStart(6, '0')}1`;
    return `{"source_instrument":"${instrument}@testsensor","source_sensor":"testsensor","type":"${types[kind]}","message":${JSON.stringify(message(kind, at))},"context_uuid":"${uuid(1)}","uuid":"${uuid(2)}","sensor_event_id":${at},"timestamp":${timestamp}${data === undefined ? '' : `,"data":${data}`}}`;
  });
}

function message(kind: number, at: number): string {
  if (kind === 0) return `pipeline test processed=${at}, errors=0`;
  return kind === 1 ? `ET SCAN “nmap” – Überprüfung\t№ ${at}` : '';
}

/** Every tenth event of statistics has no data at all. */
function statistics(at: number): string | undefined {
  if (at % 30 === 0) return undefined;
  return `{"unique_id":"test","processed_since_start":${at},"errors_since_start":0}`;
}

function alert(at: number): string {
  return `{"event_type":"alert","flow_id":${1_234_567_890_123_456_789n + BigInt(at)},"src_ip":"10.0.${at % 256}.7","src_port":${1024 + (at % 60_000)},"tags":["suricata","größe"],"alert":{"action":"allowed","signature":"GPL \\"quoted\\" \\\\ \\u0001 日本 😀","severity":-1,"metadata":{"empty":"","none":null,"list":[],"object":{},"deep":[[1,[2,[3]]]]}},"ratio":0.12345678901234567890123,"dotted.name":true}`;
}

function connection(at: number): string {
  return `{"id.orig_h":"fe80::${(at % 0xffff).toString(16)}","duration":0.0000${at + 1}7,"type":"conn","missed_bytes":0,"local_orig":false,"history":null,"message":"of the data ${at}"}`;
}

/**
 * What must arrive, in the form of `sorted`: the header under `_sensorfleet_event`, the data at top level, and the
 * document's tag behind those of the data.
 */
export function expectation(line: string): string {
  const { data, ...header } = exact(line);
  const tags = [...((data?.tags as unknown[] | undefined) ?? []), 'sensorfleet_event'];
  return stable({ '@version': '1', ...data, tags, _sensorfleet_event: header });
}
