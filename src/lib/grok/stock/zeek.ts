/** Zeek's logs, and those of its old name Bro: columns between tabs, `-` for no value. */
import type { StockTable } from '../stock.ts';

/** Names of the columns in the legacy set of the form `pattern:field`; a bare field is whatever stands there. */
const legacy = (columns: string): string =>
  columns
    .trim()
    .split(/\s+/)
    .map((column) => `%{${column.includes(':') ? column : `GREEDYDATA:${column}`}}`)
    .join('\\t');

/** A column of the ECS set: `-`, or the pattern. */
const maybe = (column: string): string => `(?:-|%{${column}})`;

/** Columns of the ECS set; a leading `!` marks those that always have a value, other text stands as it is. */
const ecs = (columns: readonly string[]): string =>
  columns
    .map((column) =>
      column.startsWith('(') ? column : column.startsWith('!') ? `%{${column.slice(1)}}` : maybe(column),
    )
    .join('\\t');

const FLOW = 'NUMBER:ts NOTSPACE:uid IP:orig_h INT:orig_p IP:resp_h INT:resp_p';
const ECS_FLOW = [
  '!NUMBER:timestamp',
  '!NOTSPACE:[zeek][session_id]',
  '!IP:[source][ip]',
  '!INT:[source][port]:int',
  '!IP:[destination][ip]',
  '!INT:[destination][port]:int',
];

/** Which program wrote it decides over a few columns and the name of the pattern of texts. */
type Writer = 'BRO' | 'ZEEK';

function http(by: Writer): string {
  const text = (field: string): string => `${by}_DATA:${field}`;
  const zeek = (...columns: string[]): string[] => (by === 'ZEEK' ? columns : []);
  return ecs([
    ...ECS_FLOW,
    '!INT:[zeek][http][trans_depth]:int',
    'WORD:[http][request][method]',
    text('[url][domain]'),
    text('[url][original]'),
    text('[http][request][referrer]'),
    ...zeek('NUMBER:[http][version]'),
    text('[user_agent][original]'),
    ...zeek(text('[zeek][http][origin]')),
    'NUMBER:[http][request][body][bytes]:int',
    'NUMBER:[http][response][body][bytes]:int',
    'POSINT:[http][response][status_code]:int',
    'DATA:[zeek][http][status_msg]',
    'POSINT:[zeek][http][info_code]:int',
    'DATA:[zeek][http][info_msg]',
    ...(by === 'BRO' ? [text('[zeek][http][filename]')] : []),
    `(?:\\(empty\\)|%{${text('[zeek][http][tags]')}})`,
    text('[url][username]'),
    text('[url][password]'),
    text('[zeek][http][proxied]'),
    text('[zeek][http][orig_fuids]'),
    ...zeek(text('[zeek][http][orig_filenames]')),
    text('[http][request][mime_type]'),
    text('[zeek][http][resp_fuids]'),
    ...zeek(text('[zeek][http][resp_filenames]')),
    text('[http][response][mime_type]'),
  ]);
}

function dns(by: Writer): string {
  const text = (field: string): string => `${by}_DATA:${field}`;
  const always = by === 'ZEEK' ? '!' : '';
  return ecs([
    ...ECS_FLOW,
    '!WORD:[network][transport]',
    'INT:[dns][id]:int',
    ...(by === 'ZEEK' ? ['NUMBER:[zeek][dns][rtt]:float'] : []),
    text('[dns][question][name]'),
    'INT:[zeek][dns][qclass]:int',
    text('[zeek][dns][qclass_name]'),
    'INT:[zeek][dns][qtype]:int',
    text('[dns][question][type]'),
    'INT:[zeek][dns][rcode]:int',
    text('[dns][response_code]'),
    ...['AA', 'TC', 'RD', 'RA'].map((flag) => `${always}${by}_BOOL:[zeek][dns][${flag}]`),
    `${always}NONNEGINT:[zeek][dns][Z]:int`,
    text('[zeek][dns][answers]'),
    'DATA:[zeek][dns][TTLs]',
    `${by}_BOOL:[zeek][dns][rejected]`,
  ]);
}

function connection(by: Writer): string {
  const text = (field: string): string => `${by}_DATA:${field}`;
  const before = ecs([
    ...ECS_FLOW,
    '!WORD:[network][transport]',
    text('[network][protocol]'),
    'NUMBER:[zeek][connection][duration]:float',
    'INT:[zeek][connection][orig_bytes]:int',
    'INT:[zeek][connection][resp_bytes]:int',
    text('[zeek][connection][state]'),
    `${by}_BOOL:[zeek][connection][local_orig]`,
  ]);
  const localResponder = maybe(`${by}_BOOL:[zeek][connection][local_resp]`);
  const tunnel = text('[zeek][connection][tunnel_parents]');
  const behind = ecs([
    'INT:[zeek][connection][missed_bytes]:int',
    text('[zeek][connection][history]'),
    'INT:[source][packets]:int',
    'INT:[source][bytes]:int',
    'INT:[destination][packets]:int',
    'INT:[destination][bytes]:int',
    by === 'BRO' ? `(?:\\(empty\\)|%{${tunnel}})` : tunnel,
  ]);
  if (by === 'BRO') return `${before}\\t(?:${localResponder}\\t)?${behind}`;
  const macs = ecs(['COMMONMAC:[source][mac]', 'COMMONMAC:[destination][mac]']);
  return `${before}\\t${localResponder}\\t${behind}(?:\\t${macs})?`;
}

function files(by: Writer): string {
  const text = (field: string): string => `${by}_DATA:${field}`;
  const hosts =
    by === 'BRO' ? ['IP:[server][ip]', 'IP:[client][ip]'] : ['!ZEEK_FILES_TX_HOSTS', '!ZEEK_FILES_RX_HOSTS'];
  const all = ecs([
    '!NUMBER:timestamp',
    '!NOTSPACE:[zeek][files][fuid]',
    ...hosts,
    text('[zeek][files][session_ids]'),
    text('[zeek][files][source]'),
    'INT:[zeek][files][depth]:int',
    text('[zeek][files][analyzers]'),
    text('[file][mime_type]'),
    text('[file][name]'),
    'NUMBER:[zeek][files][duration]:float',
    text('[zeek][files][local_orig]'),
    `${by}_BOOL:[zeek][files][is_orig]`,
    'INT:[zeek][files][seen_bytes]:int',
    'INT:[file][size]:int',
    'INT:[zeek][files][missing_bytes]:int',
    'INT:[zeek][files][overflow_bytes]:int',
    `${by}_BOOL:[zeek][files][timedout]`,
    text('[zeek][files][parent_fuid]'),
    ...['md5', 'sha1', 'sha256'].map((hash) => text(`[file][hash][${hash}]`)),
    text('[zeek][files][extracted]'),
  ]);
  if (by === 'BRO') return all;
  const cut = ecs(['ZEEK_BOOL:[zeek][files][extracted_cutoff]', 'INT:[zeek][files][extracted_size]:int']);
  return `${all}(?:\\t${cut})?`;
}

/** One host, or a list of which the first is kept apart. */
const fileHosts = (side: string, list: string): string =>
  `-|%{IP:[${side}][ip]}|(?<[zeek][files][${list}]>%{IP:[${side}][ip]}(?:[\\s,]%{IP})+)`;

const LEGACY_HTTP = `${FLOW} INT:trans_depth method domain uri referrer user_agent NUMBER:request_body_len
  NUMBER:response_body_len status_code status_msg info_code info_msg filename bro_tags username password proxied
  orig_fuids orig_mime_types resp_fuids resp_mime_types`;
const LEGACY_DNS = `${FLOW} WORD:proto INT:trans_id query qclass qclass_name qtype qtype_name rcode rcode_name
  AA TC RD RA Z answers TTLs rejected`;
const LEGACY_CONN = `${FLOW} WORD:proto service NUMBER:duration NUMBER:orig_bytes NUMBER:resp_bytes conn_state
  local_orig missed_bytes history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents`;
const LEGACY_FILES = `NUMBER:ts NOTSPACE:fuid IP:tx_hosts IP:rx_hosts NOTSPACE:conn_uids source depth analyzers
  mime_type filename duration local_orig is_orig seen_bytes total_bytes missing_bytes overflow_bytes timedout
  parent_fuid md5 sha1 sha256 extracted`;

export const zeek: StockTable = {
  'ecs:BRO_BOOL': '[TF]',
  'ecs:BRO_DATA': '[^\\t]+',
  BRO_HTTP: `«${legacy(LEGACY_HTTP)}‖${http('BRO')}»`,
  BRO_DNS: `«${legacy(LEGACY_DNS)}‖${dns('BRO')}»`,
  BRO_CONN: `«${legacy(LEGACY_CONN)}‖${connection('BRO')}»`,
  BRO_FILES: `«${legacy(LEGACY_FILES)}‖${files('BRO')}»`,
  'ecs:ZEEK_BOOL': '[TF]',
  'ecs:ZEEK_DATA': '[^\\t]+',
  'ecs:ZEEK_HTTP': http('ZEEK'),
  'ecs:ZEEK_DNS': dns('ZEEK'),
  'ecs:ZEEK_CONN': connection('ZEEK'),
  'ecs:ZEEK_FILES_TX_HOSTS': fileHosts('server', 'tx_hosts'),
  'ecs:ZEEK_FILES_RX_HOSTS': fileHosts('client', 'rx_hosts'),
  'ecs:ZEEK_FILES': files('ZEEK'),
};
