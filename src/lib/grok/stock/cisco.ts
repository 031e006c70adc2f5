/** Messages of Cisco's ASA firewalls, by their numbers. */
import type { StockTable } from '../stock.ts';

type Side = 'src' | 'dst';
const LONG = { src: 'source', dst: 'destination' } as const;
const INTERFACE = { src: 'ingress', dst: 'egress' } as const;

const ip = (side: Side): string => `%{IP:«${side}_ip‖[${LONG[side]}][ip]»}`;
const port = (side: Side): string => `%{INT:«${side}_port‖[${LONG[side]}][port]:int»}`;
const address = (side: Side): string => `${ip(side)}/${port(side)}`;
/** A user in parentheses, which may be missing. */
const user = (side: Side, ecs: Side = side): string =>
  `(?:\\(%{DATA:«${side}_fwuser‖[${LONG[ecs]}][user][name]»}\\))?`;
const interfaceOf = (side: Side, pattern = 'DATA'): string =>
  `%{${pattern}:«${side}_interface‖[observer][${INTERFACE[side]}][interface][name]»}`;
/** DATA in the legacy set, NOTSPACE in ECS v1. */
const WORDS = '«DATA‖NOTSPACE»';
const nat = (side: Side): string =>
  `(?: \\(%{IP:«${side}_mapped_ip‖[${LONG[side]}][nat][ip]»}/` +
  `%{INT:«${side}_mapped_port‖[${LONG[side]}][nat][port]:int»}\\))?`;

const ACTION = '%{CISCO_ACTION:«action‖[cisco][asa][outcome]»}';
const DIRECTION = '%{CISCO_DIRECTION:«direction‖[cisco][asa][network][direction]»}';
const PROTOCOL = '%{WORD:«protocol‖[cisco][asa][network][transport]»}';
const TYPE = '%{WORD:«protocol‖[cisco][asa][network][type]»}';
const REASON = '%{CISCO_REASON:«reason‖[event][reason]»}';
const ICMP =
  'type %{INT:«icmp_type‖[cisco][asa][icmp_type]:int»}, code %{INT:«icmp_code‖[cisco][asa][icmp_code]:int»}';
const RULE = '«policy_id‖[cisco][asa][rule_name]»';
const ON_INTERFACE = (legacy: string): string =>
  `on interface %{«${legacy}:interface‖NOTSPACE:[observer][egress][interface][name]»}`;
const HASHES =
  '\\[%{DATA:«hashcode1‖[@metadata][cisco][asa][hashcode1]»}, %{DATA:«hashcode2‖[@metadata][cisco][asa][hashcode2]»}\\]';
const HITS = 'hit-cnt %{INT:«hit_count‖[cisco][asa][hit_count]:int»}';
const UNIT = '\\((?:Primary|Secondary)\\)';
const FAILOVER = '%{«GREEDYDATA:interface_name‖NOTSPACE:[network][interface][name]»}';
const SWITCH_REASON = '%{GREEDYDATA:«switch_reason‖[event][reason]»}';
const GAP = '« ‖\\s?»';

/** Source and destination of a packet within a message (313005). */
const original = (side: Side): string => {
  const at = `[cisco][asa][original_ip_payload][${LONG[side]}]`;
  return (
    `${side} %{IP:«orig_${side}_ip‖${at}[ip]»}/%{INT:«orig_${side}_port‖${at}[port]:int»}` +
    `(?:\\(%{DATA:«orig_${side}_fwuser‖${at}[user][name]»}\\))?`
  );
};
const failedPart = (side: Side): string =>
  `«%{DATA:err_${side}_interface}:%{IP:err_${side}_ip}(?:\\(%{DATA:err_${side}_fwuser}\\))?‖` +
  `%{CISCO_${side.toUpperCase()}_IP_USER}»`;
const host = (side: Side): string =>
  `${side} «%{DATA:${side}_interface}:%{DATA:${side}_ip}(?:/%{INT:${side}_port})?(?:\\(%{DATA:${side}_fwuser}\\))?‖` +
  `%{CISCO_${side.toUpperCase()}_HOST_PORT_USER}»`;
const burst = (legacy: string, ecs: string): string =>
  `%{INT:«drop_${legacy}‖[cisco][asa][burst][${ecs}]:int»}`;

export const cisco: StockTable = {
  CISCO_TAGGED_SYSLOG:
    '^<%{POSINT:«syslog_pri‖[log][syslog][priority]:int»}>%{CISCOTIMESTAMP:timestamp}' +
    '(?: %{SYSLOGHOST:«sysloghost‖[host][hostname]»})? ?: %%{CISCOTAG:«ciscotag‖[cisco][asa][tag]»}:',
  CISCOTIMESTAMP: '%{MONTH} +%{MONTHDAY}(?: %{YEAR})? %{TIME}',
  CISCOTAG: '[A-Z0-9]+-%{INT}-[A-Z0-9_]+',
  CISCO_ACTION:
    'Built|Teardown|Deny|Denied|denied|requested|permitted|denied by ACL|discarded|est-allowed|Dropping|created|deleted',
  CISCO_REASON:
    'Duplicate TCP SYN|Failed to locate egress interface|Invalid transport field|No matching connection|' +
    'DNS Response|DNS Query|(?:%{WORD}\\s*)*',
  CISCO_DIRECTION: '[Ii]nbound|[Oo]utbound',
  CISCO_INTERVAL: 'first hit|%{INT}-second interval',
  CISCO_XLATE_TYPE: 'static|dynamic',
  'ecs:CISCO_HITCOUNT_INTERVAL': `${HITS} (?:first hit|%{INT:[cisco][asa][interval]:int}-second interval)`,
  'ecs:CISCO_SRC_IP_USER': `${interfaceOf('src', 'NOTSPACE')}:${ip('src')}${user('src')}`,
  'ecs:CISCO_DST_IP_USER': `${interfaceOf('dst', 'NOTSPACE')}:${ip('dst')}${user('dst')}`,
  'ecs:CISCO_SRC_HOST_PORT_USER':
    `${interfaceOf('src', 'NOTSPACE')}:(?:${ip('src')}|%{HOSTNAME:[source][address]})` +
    `(?:/${port('src')})?${user('src')}`,
  'ecs:CISCO_DST_HOST_PORT_USER':
    `${interfaceOf('dst', 'NOTSPACE')}:(?:${ip('dst')}|%{HOSTNAME:[destination][address]})` +
    `(?:/${port('dst')})?${user('dst')}`,

  CISCOFW104001: `${UNIT} Switching to ACTIVE - ${SWITCH_REASON}`,
  CISCOFW104002: `${UNIT} Switching to STANDBY - ${SWITCH_REASON}`,
  CISCOFW104003: `${UNIT} Switching to FAILED\\.`,
  CISCOFW104004: `${UNIT} Switching to OK\\.`,
  CISCOFW105003: `${UNIT} Monitoring on [Ii]nterface ${FAILOVER} waiting`,
  CISCOFW105004: `${UNIT} Monitoring on [Ii]nterface ${FAILOVER} normal`,
  CISCOFW105005: `${UNIT} Lost Failover communications with mate on [Ii]nterface ${FAILOVER}`,
  CISCOFW105008: `${UNIT} Testing [Ii]nterface ${FAILOVER}`,
  CISCOFW105009: `${UNIT} Testing on [Ii]nterface ${FAILOVER} (?:Passed|Failed)`,
  CISCOFW106001:
    `${DIRECTION} ${PROTOCOL} connection ${ACTION} from ${address('src')} to ${address('dst')} flags ` +
    `%{«GREEDYDATA:tcp_flags‖DATA:[cisco][asa][tcp_flags]»} ${ON_INTERFACE('GREEDYDATA')}`,
  CISCOFW106006_106007_106010:
    `${ACTION} ${DIRECTION} ${PROTOCOL} (?:from|src) ${address('src')}${user('src')} ` +
    `(?:to|dst) ${address('dst')}${user('dst')} (?:${ON_INTERFACE('DATA')}|due to ${REASON})`,
  CISCOFW106014:
    `${ACTION} ${DIRECTION} ${PROTOCOL} «` +
    'src %{DATA:src_interface}:%{IP:src_ip}(?:\\(%{DATA:src_fwuser}\\))? ' +
    'dst %{DATA:dst_interface}:%{IP:dst_ip}(?:\\(%{DATA:dst_fwuser}\\))? ‖' +
    `src %{CISCO_SRC_IP_USER} dst %{CISCO_DST_IP_USER}\\s?»\\(${ICMP}\\)`,
  CISCOFW106015:
    `${ACTION} ${PROTOCOL} \\(%{DATA:${RULE}}\\) from ${address('src')} to ${address('dst')} flags ` +
    `%{DATA:«tcp_flags‖[cisco][asa][tcp_flags]»} ${ON_INTERFACE('GREEDYDATA')}`,
  CISCOFW106021: `${ACTION} ${PROTOCOL} reverse path check from ${ip('src')} to ${ip('dst')} ${ON_INTERFACE('GREEDYDATA')}`,
  CISCOFW106023:
    `${ACTION}(?: protocol)? ${PROTOCOL} ${host('src')} ${host('dst')}(?: \\(${ICMP}\\))? ` +
    `by access-group "?%{DATA:${RULE}}"? ${HASHES}`,
  CISCOFW106100_2_3:
    `access-list %{NOTSPACE:${RULE}} ${ACTION} ${PROTOCOL} for user '%{DATA:«src_fwuser‖[user][name]»}' ` +
    `${interfaceOf('src')}/${ip('src')}\\(${port('src')}\\) -> ${interfaceOf('dst')}/${ip('dst')}\\(${port('dst')}\\) ` +
    `«hit-cnt %{INT:hit_count} %{CISCO_INTERVAL:interval}‖%{CISCO_HITCOUNT_INTERVAL}» ${HASHES}`,
  CISCOFW106100:
    `access-list %{NOTSPACE:${RULE}} ${ACTION} ${PROTOCOL} ` +
    `${interfaceOf('src')}/${ip('src')}\\(${port('src')}\\)${user('src')} -> ` +
    `${interfaceOf('dst')}/${ip('dst')}\\(${port('dst')}\\)${user('src')} ` +
    `${HITS} %{«CISCO_INTERVAL:interval‖CISCO_INTERVAL»} ${HASHES}`,
  CISCOFW304001: `${ip('src')}${user('src')} Accessed URL ${ip('dst')}:%{GREEDYDATA:«dst_url‖[url][original]»}`,
  CISCOFW110002: `${REASON} for ${PROTOCOL} from ${interfaceOf('src')}:${address('src')} to ${address('dst')}`,
  CISCOFW302010:
    '%{INT:«connection_count‖[cisco][asa][connections][in_use]:int»} in use, ' +
    '%{INT:«connection_count_max‖[cisco][asa][connections][most_used]:int»} most used',
  CISCOFW302013_302014_302015_302016:
    `${ACTION}(?: ${DIRECTION})? ${PROTOCOL} connection %{INT:«connection_id‖[cisco][asa][connection_id]»} for ` +
    `${interfaceOf('src', WORDS)}:${address('src')}${nat('src')}${user('src')} to ` +
    `${interfaceOf('dst', WORDS)}:${address('dst')}${nat('dst')}${user('dst')}` +
    '(?: duration %{TIME:«duration‖[cisco][asa][duration]»} bytes %{INT:«bytes‖[network][bytes]:int»})?' +
    `(?: ${REASON})?(?: \\(%{DATA:«user‖[user][name]»}\\))?`,
  CISCOFW302020_302021:
    `${ACTION}(?: ${DIRECTION})? ${PROTOCOL} connection for faddr ` +
    `${ip('dst')}/%{INT:«icmp_seq_num‖[cisco][asa][icmp_seq]:int»}` +
    '(?:\\(%{DATA:«fwuser‖[destination][user][name]»}\\))? gaddr %{IP:«src_xlated_ip‖[source][nat][ip]»}/' +
    `%{INT:«icmp_code_xlated‖[cisco][asa][icmp_type]:int»} laddr ${ip('src')}/%{«INT:icmp_code‖INT»}` +
    '(?: \\(%{DATA:«user‖[source][user][name]»}\\))?',
  CISCOFW305011:
    `${ACTION} %{«CISCO_XLATE_TYPE:xlate_type‖CISCO_XLATE_TYPE»} ${PROTOCOL} translation from ` +
    `${interfaceOf('src')}:${ip('src')}(?:/${port('src')})?${user('src')} to ` +
    '%{DATA:«src_xlated_interface‖[observer][egress][interface][name]»}:' +
    '%{IP:«src_xlated_ip‖[destination][ip]»}/%{«DATA:src_xlated_port‖INT:[destination][port]:int»}',
  CISCOFW313001_313004_313008:
    `${ACTION} ${PROTOCOL} ${ICMP.replace('type ', 'type=').replace('code ', 'code=')} from ${ip('src')} ` +
    `${ON_INTERFACE('DATA')}(?: to ${ip('dst')})?`,
  CISCOFW313005:
    `${REASON} for ${PROTOCOL} error message: %{«WORD:err_protocol‖WORD»} src ${failedPart('src')} ` +
    `dst ${failedPart('dst')} \\(type %{INT:«err_icmp_type‖[cisco][asa][icmp_type]:int»}, ` +
    'code %{INT:«err_icmp_code‖[cisco][asa][icmp_code]:int»}\\) on %{«DATA:interface‖NOTSPACE»} interface\\.«  ‖\\s+»' +
    'Original IP payload: %{WORD:«protocol‖[cisco][asa][original_ip_payload][network][transport]»} ' +
    `${original('src')} ${original('dst')}`,
  CISCOFW321001:
    "Resource '%{«WORD:resource_name‖DATA:[cisco][asa][resource][name]»}' limit of " +
    '%{POSINT:«resource_limit‖[cisco][asa][resource][limit]:int»} reached for system',
  CISCOFW402117:
    `${TYPE}: Received a non-IPSec packet \\(protocol=${GAP}` +
    `%{WORD:«orig_protocol‖[cisco][asa][network][transport]»}\\) from ${ip('src')} to ${ip('dst')}«‖\\.?»`,
  CISCOFW402119:
    `${TYPE}: Received an %{WORD:«orig_protocol‖[cisco][asa][ipsec][protocol]»} packet ` +
    `\\(SPI=${GAP}%{DATA:«spi‖[cisco][asa][ipsec][spi]»}, ` +
    `sequence number=${GAP}%{DATA:«seq_num‖[cisco][asa][ipsec][seq_num]»}\\) from ${ip('src')} ` +
    `\\(user=${GAP}%{DATA:«user‖[source][user][name]»}\\) to ${ip('dst')} that failed anti-replay checking«‖\\.?»`,
  CISCOFW419001:
    `${ACTION} ${PROTOCOL} packet from ${interfaceOf('src', WORDS)}:${address('src')} to ` +
    `${interfaceOf('dst', WORDS)}:${address('dst')}, reason: %{GREEDYDATA:«reason‖[event][reason]»}`,
  CISCOFW419002:
    `${REASON} from ${interfaceOf('src')}:${address('src')} to ${interfaceOf('dst')}:${address('dst')} ` +
    'with different initial sequence number',
  CISCOFW500004: `${REASON} for protocol=${PROTOCOL}, from ${address('src')} to ${address('dst')}`,
  CISCOFW602303_602304:
    `${TYPE}: An ${DIRECTION} %{«GREEDYDATA:tunnel_type‖DATA:[cisco][asa][ipsec][tunnel_type]»} SA ` +
    `\\(SPI=${GAP}%{DATA:«spi‖[cisco][asa][ipsec][spi]»}\\) between ${ip('src')} and ${ip('dst')} ` +
    `\\(user=${GAP}%{DATA:«user‖[source][user][name]»}\\) has been ${ACTION}`,
  CISCOFW710001_710002_710003_710005_710006: `${PROTOCOL} (?:request|access) ${ACTION} from ${address('src')} to ${interfaceOf('dst')}:${address('dst')}`,
  CISCOFW713172:
    `Group = %{«GREEDYDATA:group‖DATA:[cisco][asa][source][group]»}, IP = ${ip('src')}, ` +
    'Automatic NAT Detection Status:\\s+Remote end\\s*' +
    '%{DATA:«is_remote_natted‖[@metadata][cisco][asa][remote_nat]»}\\s*behind a NAT device\\s+This\\s+end\\s*' +
    '%{DATA:«is_local_natted‖[@metadata][cisco][asa][local_nat]»}\\s*behind a NAT device',
  CISCOFW733100:
    '\\[\\s*%{DATA:«drop_type‖[cisco][asa][burst][object]»}\\s*\\] drop ' +
    '%{DATA:«drop_rate_id‖[cisco][asa][burst][id]»} exceeded. Current burst rate is ' +
    `${burst('rate_current_burst', 'current_rate')} per second, max configured rate is ` +
    `${burst('rate_max_burst', 'configured_rate')}; Current average rate is ` +
    `${burst('rate_current_avg', 'avg_rate')} per second, max configured rate is ` +
    `${burst('rate_max_avg', 'configured_avg_rate')}; Cumulative total count is ` +
    burst('total_count', 'cumulative_count'),
};
