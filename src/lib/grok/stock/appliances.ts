/** Firewalls beside Cisco's: NetScreen, Juniper SRX, and those that log through iptables. */
import type { StockTable } from '../stock.ts';

const NETSCREEN_LEGACY = [
  '%{SYSLOGTIMESTAMP:date} %{IPORHOST:device} %{IPORHOST}: NetScreen device_id=%{WORD:device_id}%{DATA}:',
  'start_time=%{QUOTEDSTRING:start_time} duration=%{INT:duration} policy_id=%{INT:policy_id}',
  'service=%{DATA:service} proto=%{INT:proto} src zone=%{WORD:src_zone} dst zone=%{WORD:dst_zone}',
  'action=%{WORD:action} sent=%{INT:sent} rcvd=%{INT:rcvd} src=%{IPORHOST:src_ip} dst=%{IPORHOST:dst_ip}',
  'src_port=%{INT:src_port} dst_port=%{INT:dst_port} src-xlated ip=%{IPORHOST:src_xlated_ip}',
  'port=%{INT:src_xlated_port} dst-xlated ip=%{IPORHOST:dst_xlated_ip} port=%{INT:dst_xlated_port}',
  'session_id=%{INT:session_id} reason=%{GREEDYDATA:reason}',
].join(' ');
const NETSCREEN_ECS = [
  '%{SYSLOGTIMESTAMP:timestamp} %{IPORHOST:[observer][hostname]} %{NOTSPACE:[observer][name]}:',
  '(?<[observer][product]>NetScreen) device_id=%{WORD:[netscreen][device_id]}',
  '.*?(?:system-\\w+-%{NONNEGINT:[event][code]}\\(%{WORD:[netscreen][session][type]}\\))?:',
  'start_time="%{DATA:[netscreen][session][start_time]}" duration=%{INT:[netscreen][session][duration]:int}',
  'policy_id=%{INT:[netscreen][policy_id]} service=%{DATA:[netscreen][service]}',
  'proto=%{INT:[netscreen][protocol_number]:int} src zone=%{WORD:[observer][ingress][zone]}',
  'dst zone=%{WORD:[observer][egress][zone]} action=%{WORD:[event][action]} sent=%{INT:[source][bytes]:int}',
  'rcvd=%{INT:[destination][bytes]:int} src=%{IPORHOST:[source][address]}',
  'dst=%{IPORHOST:[destination][address]}',
].join(' ');
/** Parts that newer devices leave out. */
const NETSCREEN_ECS_MORE = [
  'src_port=%{INT:[source][port]:int} dst_port=%{INT:[destination][port]:int}',
  'src-xlated ip=%{IP:[source][nat][ip]} port=%{INT:[source][nat][port]:int} ' +
    'dst-xlated ip=%{IP:[destination][nat][ip]} port=%{INT:[destination][nat][port]:int}',
  'session_id=%{INT:[netscreen][session][id]} reason=%{GREEDYDATA:[netscreen][session][reason]}',
]
  .map((part) => `(?: ${part})?`)
  .join('');

// ---- Juniper SRX: flows ------------------------------------------------------------------------------------

const flow = (nat: boolean): string => {
  const [legacy, ecs] = nat ? ['nat-', '[nat]'] : ['', ''];
  const address = (short: string, long: string): string =>
    `%{IP:«${legacy}${short}-ip‖[${long}]${ecs}[ip]»}/%{INT:«${legacy}${short}-port‖[${long}]${ecs}[port]:int»}`;
  return `${address('src', 'source')}->${address('dst', 'destination')}`;
};
const FLOW_TAG = '%{«RT_FLOW_EVENT:event‖RT_FLOW_TAG:[juniper][srx][tag]»}';
const SERVICE = '%{DATA:«service‖[juniper][srx][service_name]»}';
const natRule = (side: string): string =>
  `«%{DATA:${side}-nat-rule-name}‖(?:None|%{DATA:[juniper][srx][${side}_nat_rule_name]})»`;
const PROTOCOL = '%{INT:«protocol-id‖[network][iana_number]»}';
const POLICY =
  '%{DATA:«policy-name‖[rule][name]»} %{DATA:«from-zone‖[observer][ingress][zone]»} ' +
  '%{DATA:«to-zone‖[observer][egress][zone]»}';
/** What sessions have that were created. */
const SESSION =
  `${flow(false)} ${SERVICE} ${flow(true)} ${natRule('src')} ${natRule('dst')} ${PROTOCOL} ${POLICY} ` +
  '%{INT:«session-id‖[juniper][srx][session_id]»}';
const counted = (legacy: string, ecs: string): string =>
  `\\d+\\(%{«DATA:${legacy}‖INT:[${ecs}][bytes]:int»}\\)`;

const junos: StockTable = {
  'ecs:RT_FLOW_TAG': 'RT_FLOW_SESSION_(?:CREATE|CLOSE|DENY)',
  RT_FLOW_EVENT: '«RT_FLOW_SESSION_(?:CREATE|CLOSE|DENY)‖%{RT_FLOW_TAG}»',
  RT_FLOW1:
    `${FLOW_TAG}: %{GREEDYDATA:«close-reason‖[juniper][srx][reason]»}: ${SESSION} ` +
    `${counted('sent', 'source')} ${counted('received', 'destination')} ` +
    '%{INT:«elapsed-time‖[juniper][srx][elapsed_time]:int»} .*',
  RT_FLOW2: `${FLOW_TAG}: session created ${SESSION} .*`,
  RT_FLOW3: `${FLOW_TAG}: session denied ${flow(false)} ${SERVICE} ${PROTOCOL}\\(\\d\\) ${POLICY} .*`,
};

// ---- iptables ----------------------------------------------------------------------------------------------

/** `NAME=value` whose value may be missing. */
const entry = (name: string, value: string): string => `${name}=(?:${value})?`;
const spaced = (parts: readonly string[]): string => parts.join('\\s+');

const SHOREWALL_LEGACY =
  '%{SYSLOGTIMESTAMP:timestamp} %{WORD:nf_host} .*Shorewall:(?:%{WORD:nf_action1})?:(?:%{WORD:nf_action2})?' +
  '.*IN=(?:%{USERNAME:nf_in_interface})?.*' +
  '(?:OUT= *MAC=%{COMMONMAC:nf_dst_mac}:(?:%{COMMONMAC:nf_src_mac})?|OUT=%{USERNAME:nf_out_interface})' +
  '.*SRC=%{IPV4:nf_src_ip}.*DST=%{IPV4:nf_dst_ip}.*LEN=%{WORD:nf_len}.?*TOS=%{WORD:nf_tos}' +
  '.?*PREC=%{WORD:nf_prec}.?*TTL=%{INT:nf_ttl}.?*ID=%{INT:nf_id}.?*PROTO=%{WORD:nf_protocol}' +
  '.?*SPT=%{INT:nf_src_port}?.*DPT=%{INT:nf_dst_port}?.*';
const SFW2_LEGACY =
  '(?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp})\\s*%{HOSTNAME}\\s*kernel\\S+\\s*' +
  '(?:%{NAGIOSTIME}\\s*)?SFW2-INext-%{NOTSPACE:nf_action}\\s*IN=%{USERNAME:nf_in_interface}' +
  '.*OUT=(?:\\s*%{USERNAME:nf_out_interface})?\\s*MAC=(?:%{COMMONMAC:nf_dst_mac}:%{COMMONMAC:nf_src_mac}|\\s*)' +
  '.*SRC=%{IP:nf_src_ip}\\s*DST=%{IP:nf_dst_ip}.*PROTO=%{WORD:nf_protocol}' +
  '(?:.*SPT=%{INT:nf_src_port}.*DPT=%{INT:nf_dst_port}.*|)';

const iptables: StockTable = {
  'ecs:IPTABLES_TCP_FLAGS': '(?:(?:CWR|ECE|URG|ACK|PSH|RST|SYN|FIN) )*',
  'ecs:IPTABLES_TCP_PART':
    '(?:SEQ=%{INT:[iptables][tcp][seq]:int}\\s+)?(?:ACK=%{INT:[iptables][tcp][ack]:int}\\s+)?' +
    spaced([
      'WINDOW=%{INT:[iptables][tcp][window]:int}',
      'RES=0x%{BASE16NUM:[iptables][tcp_reserved_bits]}',
      '%{IPTABLES_TCP_FLAGS:[iptables][tcp][flags]}',
    ]),
  'ecs:IPTABLES4_FRAG': '(?:(?<= )(?:CE|DF|MF))*',
  'ecs:IPTABLES4_PART':
    spaced([
      'SRC=%{IPV4:[source][ip]}',
      'DST=%{IPV4:[destination][ip]}',
      entry('LEN', '%{INT:[iptables][length]:int}'),
      entry('TOS', '0|0x%{BASE16NUM:[iptables][tos]}'),
      entry('PREC', '0x%{BASE16NUM:[iptables][precedence_bits]}'),
      entry('TTL', '%{INT:[iptables][ttl]:int}'),
      entry('ID', '%{INT:[iptables][id]}'),
      '(?:%{IPTABLES4_FRAG:[iptables][fragment_flags]})?',
    ]) + '(?:\\s+FRAG: %{INT:[iptables][fragment_offset]:int})?',
  'ecs:IPTABLES6_PART': spaced([
    'SRC=%{IPV6:[source][ip]}',
    'DST=%{IPV6:[destination][ip]}',
    entry('LEN', '%{INT:[iptables][length]:int}'),
    entry('TC', '0|0x%{BASE16NUM:[iptables][tos]}'),
    entry('HOPLIMIT', '%{INT:[iptables][ttl]:int}'),
    entry('FLOWLBL', '%{INT:[iptables][flow_label]}'),
  ]),
  'ecs:IPTABLES':
    spaced([
      entry('IN', '%{NOTSPACE:[observer][ingress][interface][name]}'),
      entry('OUT', '%{NOTSPACE:[observer][egress][interface][name]}'),
      '(?:MAC=(?:%{COMMONMAC:[destination][mac]})?(?::%{COMMONMAC:[source][mac]})?(?::\\h\\h:\\h\\h)?\\s+)?',
    ]) +
    '(?::?%{IPTABLES4_PART}|%{IPTABLES6_PART}).*?' +
    spaced([
      entry('PROTO', '%{WORD:[network][transport]}'),
      entry('SPT', '%{INT:[source][port]:int}'),
      entry('DPT', '%{INT:[destination][port]:int}'),
      '(?:%{IPTABLES_TCP_PART})?',
    ]),
  SHOREWALL:
    `«${SHOREWALL_LEGACY}‖%{SYSLOGTIMESTAMP:timestamp} %{WORD:[observer][hostname]} .*` +
    'Shorewall:(?:%{WORD:[shorewall][firewall][type]})?:(?:%{WORD:[shorewall][firewall][action]})?.*%{IPTABLES}»',
  'ecs:SFW2_LOG_PREFIX': 'SFW2-INext-%{NOTSPACE:[suse][firewall][action]}',
  SFW2:
    `«${SFW2_LEGACY}‖(?:%{SYSLOGTIMESTAMP:timestamp}|%{TIMESTAMP_ISO8601:timestamp})\\s*` +
    '%{HOSTNAME:[observer][hostname]}.*?%{SFW2_LOG_PREFIX:[suse][firewall][log_prefix]}\\s*%{IPTABLES}»',
};

export const appliances: StockTable = {
  NETSCREENSESSIONLOG: `«${NETSCREEN_LEGACY}‖${NETSCREEN_ECS}${NETSCREEN_ECS_MORE}»`,
  ...junos,
  ...iptables,
};
