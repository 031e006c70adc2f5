/**
 * Security events for tests and benchmarks of the event store: four families as shippers make them, daily indices
 * over 30 days, more than 200 fields, types that conflict, arrays of objects, names of fields without end, about 1.5 KB each.
 *
 * The same number always makes the same event, whatever came before it: `securityEvents(total)(n)`.
 */

export interface SecurityEvent {
  readonly index: string;
  /** JSON text in one line. ASCII, but for one event in some hundreds. */
  readonly source: string;
}

export const FIRST_DAY = Date.UTC(2026, 9, 21);
export const DAYS = 30;
const DAY = 86_400_000;

/** Addresses, hashes and domains of which one event in some 30,000 has one. */
export const INDICATORS = {
  addresses: Array.from({ length: 200 }, (_, at) => `185.220.${at}.${(at * 37) % 256}`),
  domains: Array.from({ length: 200 }, (_, at) => `c2-${(at * 7919).toString(36)}.badhost.example`),
  hashes: Array.from({ length: 200 }, (_, at) => hexOf(at * 2_654_435_761, 64)),
};

/** Events 0 to `total` - 1 cover the 30 days in order, with some seconds of disorder. */
export function securityEvents(total: number, seed: number = 1): (n: number) => SecurityEvent {
  return (n) => {
    state = (Math.imul(n + 1, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b)) | 0;
    next();
    next();
    const spread = Math.floor(((n % total) / total) * DAYS * DAY) - pick(5000);
    const time = FIRST_DAY + Math.max(0, spread);
    const iso = isoOf(time);
    const day = Math.floor((time - FIRST_DAY) / DAY);
    const family = pick(100);
    if (family < 40) return { index: `auditbeat-7.7.1-${dotted(iso)}`, source: auditbeat(n, iso, day) };
    if (family < 65) return { index: `winlogbeat-7.7.1-${dotted(iso)}`, source: winlogbeat(n, iso, day) };
    if (family < 85) return { index: `packetbeat-7.7.1-${dotted(iso)}`, source: packetbeat(n, iso, day) };
    return { index: `filebeat-7.7.1-${dotted(iso)}`, source: filebeat(n, iso, day) };
  };
}

/** Of ten million. */
export const securityEvent: (n: number) => SecurityEvent = securityEvents(10_000_000);

let state = 1;

/** Xorshift: 32 bits. */
function next(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}
const pick = (below: number): number => next() % below;
/** Low numbers are far more frequent, as hosts, users and processes are. */
function zipf(below: number): number {
  const unit = next() / 4_294_967_296;
  return Math.floor(below * unit * unit * unit);
}
const of = <T>(list: readonly T[]): T => list[next() % list.length]!;
const often = <T>(list: readonly T[]): T => list[zipf(list.length)]!;

const HEX = Array.from({ length: 65_536 }, (_, at) => at.toString(16).padStart(4, '0'));
function hex(digits: number): string {
  let text = '';
  for (let at = 0; at < digits; at += 8) {
    const bits = next();
    text += HEX[bits >>> 16]! + HEX[bits & 0xffff]!;
  }
  return text;
}
function hexOf(from: number, digits: number): string {
  let text = '';
  for (
    let bits = Math.imul(from + 1, 0x9e3779b1);
    text.length < digits;
    bits = (Math.imul(bits, 0x19660d) + 0x3c6ef35f) | 0
  ) {
    text += (bits >>> 0).toString(16).padStart(8, '0');
  }
  return text.slice(0, digits);
}
const uuid = (): string =>
  `${hex(8)}-${HEX[next() & 0xffff]}-${HEX[next() & 0xffff]}-${HEX[next() & 0xffff]}-${hex(8)}${HEX[next() & 0xffff]}`;
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const PAIRS = Array.from({ length: 62 * 62 }, (_, at) => BASE62[Math.floor(at / 62)]! + BASE62[at % 62]!);
function base62(characters: number): string {
  let text = '';
  for (let at = 0; at < characters; at += 4) {
    const bits = next();
    text += PAIRS[bits % 3844]! + PAIRS[(bits >>> 12) % 3844]!;
  }
  return text;
}

let isoDay = -1;
let isoDate = '';
const TWO = Array.from({ length: 100 }, (_, at) => String(at).padStart(2, '0'));
function isoOf(time: number): string {
  const day = Math.floor(time / DAY);
  if (day !== isoDay) {
    isoDay = day;
    isoDate = new Date(day * DAY).toISOString().slice(0, 11);
  }
  const rest = time - day * DAY;
  const millis = rest % 1000;
  const seconds = (rest - millis) / 1000;
  const hour = Math.floor(seconds / 3600);
  return `${isoDate}${TWO[hour]}:${TWO[Math.floor(seconds / 60) % 60]}:${TWO[seconds % 60]}.${String(millis).padStart(3, '0')}Z`;
}
const dotted = (iso: string): string => `${iso.slice(0, 4)}.${iso.slice(5, 7)}.${iso.slice(8, 10)}`;

interface Host {
  readonly name: string;
  readonly ip: string;
  readonly json: string;
}

const SITES = ['ber', 'muc', 'ham', 'fra', 'sof', 'ath', 'rix', 'vie'];
const hostOf = (at: number, isWindows: boolean): Host => {
  const name = `${isWindows ? 'win' : 'srv'}-${SITES[at % 8]}-${String(at).padStart(4, '0')}`;
  const ip = `10.${20 + (at % 8)}.${(at >> 4) % 256}.${(at % 250) + 2}`;
  const mac = hexOf(at + 1, 12).replace(/..(?=.)/g, '$&:');
  const os = isWindows
    ? '{"build":"19042.1237","family":"windows","name":"Windows 10 Enterprise","version":"10.0"}'
    : '{"family":"debian","kernel":"6.1.0-18-amd64","name":"Debian GNU/Linux","version":"12"}';
  const json = `{"architecture":"x86_64","hostname":"${name}","ip":["${ip}","fe80::${hexOf(at + 3, 4)}:${hexOf(at + 5, 4)}"],"mac":["${mac}"],"name":"${name}.corp.example","os":${os}}`;
  return { name, ip, json };
};
const linuxHosts = Array.from({ length: 800 }, (_, at) => hostOf(at, false));
const windowsHosts = Array.from({ length: 1200 }, (_, at) => hostOf(at + 800, true));
const agents = ['auditbeat', 'winlogbeat', 'packetbeat', 'filebeat'].map((type) =>
  Array.from(
    { length: 2000 },
    (_, at) =>
      `"agent":{"hostname":"${(linuxHosts[at] ?? windowsHosts[at - 800])!.name}","id":"${hexOf(at + 13, 32)}","type":"${type}","version":"7.7.1"},"ecs":{"version":"1.5.0"}`,
  ),
);

const users = Array.from({ length: 400 }, (_, at) =>
  at === 0
    ? 'root'
    : at < 20
      ? `svc-${['web', 'db', 'backup', 'ci'][at % 4]}${at}`
      : `${'abcdefghijklmnopqrst'[at % 20]}.${['schmidt', 'ivanova', 'nagy', 'kowalski', 'petrov', 'meyer', 'dupont'][at % 7]}${at}`,
);
const programs = [
  'bash',
  'sshd',
  'cron',
  'python3',
  'curl',
  'nginx',
  'java',
  'systemd',
  'sudo',
  'git',
  'apt-get',
  'rsync',
  'node',
  'psql',
  'sed',
  'awk',
  'openssl',
  'tar',
  'nc',
  'wget',
];
const arguments_ = [
  '-c',
  '--config',
  '/etc/app.conf',
  '-rf',
  '/var/tmp',
  '--verbose',
  'install',
  '-e',
  '/opt/app/run.sh',
  '--no-pager',
  'status',
  '-p',
  '8080',
  '--user',
  'deploy',
];
const countries = ['DE', 'US', 'FR', 'NL', 'RU', 'CN', 'BG', 'GB', 'PL', 'BR'];
const domains = Array.from(
  { length: 3000 },
  (_, at) =>
    `${['www', 'api', 'cdn', 'mail', 'img', 'update'][at % 6]}.${hexOf(at, 6)}.${['com', 'net', 'org', 'example', 'io'][at % 5]}`,
);

const address = (): string => {
  if (pick(30_000) === 0) return of(INDICATORS.addresses);
  if (pick(40) === 0)
    return `2001:db8:${HEX[pick(4096)]!.replace(/^0+(?=.)/, '')}::${(1 + pick(65_534)).toString(16)}`;
  return `${pick(200) + 11}.${pick(256)}.${pick(256)}.${pick(254) + 1}`;
};
const labels = (day: number): string =>
  day < 20
    ? ''
    : `,"labels":{"env":"${of(['prod', 'stage', 'dev'])}","team":"${of(['soc', 'web', 'db', 'infra'])}","cost_centre":"${4000 + pick(40)}"}`;
const geo = (): string =>
  `{"city_name":"City ${pick(500)}","continent_name":"Europe","country_iso_code":"${often(countries)}","location":{"lat":${(pick(18_000) - 9000) / 100},"lon":${(pick(36_000) - 18_000) / 100}},"region_name":"Region ${pick(60)}"}`;

function auditbeat(n: number, iso: string, day: number): string {
  const at = zipf(linuxHosts.length);
  const host = linuxHosts[at]!;
  const head = `{"@timestamp":"${iso}",${agents[0]![at]},"host":${host.json}`;
  const user = zipf(users.length);
  const name = often(programs);
  const pid = 300 + pick(32_000);
  const kind = pick(10);
  if (kind < 5) {
    const args = `"${name}","${of(arguments_)}","${of(arguments_)}","${hex(8)}"`;
    const hash = pick(30_000) === 0 ? of(INDICATORS.hashes) : hexOf(zipf(400) + 1000, 64);
    return `${head},"event":{"action":"${of(['process_started', 'process_stopped', 'existing_process'])}","category":["process"],"dataset":"process","id":"${base62(16)}","kind":"event","module":"system","type":["start"]},"message":"Process ${name} (PID: ${pid}) by user ${users[user]} STARTED","process":{"args":[${args}],"args_count":4,"command_line":"${name} ${of(arguments_)} ${of(arguments_)} ${hex(8)}","created":"${iso}","entity_id":"${base62(16)}","executable":"/usr/bin/${name}","hash":{"md5":"${hash.slice(0, 32)}","sha256":"${hash}"},"name":"${name}","parent":{"name":"${often(programs)}","pid":${pick(3000) + 1}},"pgid":${pid},"pid":${pid},"ppid":${pick(3000) + 1},"start":"${iso}","thread":{"id":${pid}},"title":"${name}","working_directory":"/home/${users[user]}"},"related":{"hash":["${hash}"],"user":["${users[user]}"]},"service":{"type":"system"},"user":{"effective":{"group":{"id":"0"},"id":"${user}"},"group":{"id":"${user}","name":"${users[user]}"},"id":${pick(50) === 0 ? user : `"${user}"`},"name":"${users[user]}","saved":{"id":"${user}"}}${labels(day)}}`;
  }
  if (kind < 8) {
    const remote = address();
    const bytes = pick(1_000_000);
    return `${head},"client":{"ip":"${host.ip}"},"destination":{"bytes":${pick(90_000)},"ip":"${remote}","packets":${pick(900)},"port":${of([22, 53, 80, 443, 5432, 8080])}},"event":{"action":"network_flow","category":["network"],"dataset":"socket","duration":${1 + pick(60_000)}000000,"id":"${base62(16)}","kind":"event","module":"system","start":"${iso}","type":["info","connection"]},"flow":{"complete":${pick(2) === 0},"final":true},"network":{"bytes":${bytes},"community_id":"1:${base62(12)}=","direction":"${of(['outbound', 'inbound', 'internal'])}","packets":${pick(2000)},"transport":"tcp","type":"ipv4"},"process":{"args":["${name}"],"created":"${iso}","executable":"/usr/bin/${name}","name":"${name}","pid":${pid}},"related":{"ip":["${host.ip}","${remote}"],"user":["${users[user]}"]},"server":{"ip":"${remote}"},"service":{"type":"system"},"source":{"bytes":${bytes},"ip":"${host.ip}","packets":${pick(800)},"port":${1024 + pick(60_000)}},"system":{"audit":{"socket":{"egid":0,"euid":${user},"gid":0,"kernel_sock_address":"0xffff${hex(8)}${hex(8).slice(0, 4)}","uid":${user}}}},"user":{"id":"${user}","name":"${users[user]}"}${labels(day)}}`;
  }
  const path = `/etc/${of(['ssh', 'nginx', 'cron.d', 'apt', 'ssl'])}/${hexOf(zipf(2000), 8)}.conf`;
  const hash = hexOf(zipf(3000) + 77, 40);
  return `${head},"event":{"action":["${of(['updated', 'created', 'deleted', 'attributes_modified'])}"],"category":["file"],"dataset":"file","id":"${base62(16)}","kind":"event","module":"file_integrity","type":["change"]},"file":{"ctime":"${iso}","extension":"conf","gid":"0","group":"root","hash":{"sha1":"${hash}","sha256":"${hexOf(zipf(3000) + 99, 64)}"},"inode":"${n % 5_000_000}","mode":"0644","mtime":"${iso}","name":"${path.slice(path.lastIndexOf('/') + 1)}","origin":["https://${often(domains)}/${hex(8)}"],"owner":"${users[user]}","path":"${path}","size":${pick(90_000)},"type":"file","uid":"${user}"},"hash":{"sha1":"${hash}"},"message":"File ${path} was changed on ${host.name}","service":{"type":"file_integrity"},"tags":["fim","${of(['linux', 'server', 'pci'])}"]${labels(day)}}`;
}

const LOGON_TYPES = ['Interactive', 'Network', 'Service', 'RemoteInteractive', 'Unlock'];
function winlogbeat(n: number, iso: string, day: number): string {
  const at = zipf(windowsHosts.length);
  const host = windowsHosts[at]!;
  const user = users[zipf(users.length)]!;
  const code = often([4624, 4688, 4625, 4634, 4672, 4648, 5140, 4663, 1102]);
  const sid = `S-1-5-21-${1_000_000_000 + zipf(9)}-${2_000_000_000 + zipf(9)}-${1_000_000 + zipf(9)}-${1000 + zipf(400)}`;
  const head = `{"@timestamp":"${iso}",${agents[1]![800 + at]},"event":{"action":"${code === 4688 ? 'created-process' : 'logged-in'}","code":${pick(20) === 0 ? `"${code}"` : code},"created":"${iso}","kind":"event","module":"security","outcome":"${code === 4625 ? 'failure' : 'success'}","provider":"Microsoft-Windows-Security-Auditing"},"host":${host.json},"log":{"level":"information"}`;
  const tail = `"event_id":${code},"keywords":["Audit ${code === 4625 ? 'Failure' : 'Success'}"],"process":{"pid":${500 + zipf(900)},"thread":{"id":${100 + pick(9000)}}},"provider_name":"Microsoft-Windows-Security-Auditing","record_id":${9_007_199_254_000_000 + (n % 9_000_000_000)},"task":"Logon","version":2},"related":{"user":["${user}"]},"user":{"domain":"CORP","id":"${sid}","name":"${user}"}${labels(day)}}`;
  if (code === 4688) {
    const name = often([
      'powershell.exe',
      'cmd.exe',
      'svchost.exe',
      'chrome.exe',
      'rundll32.exe',
      'msiexec.exe',
      'wmic.exe',
    ]);
    return `${head},"message":"A new process has been created.\\n\\nCreator Subject:\\n\\tSecurity ID:\\t\\t${sid}\\n\\tAccount Name:\\t\\t${user}\\n\\nProcess Information:\\n\\tNew Process Name:\\tC:\\\\Windows\\\\System32\\\\${name}","process":{"args":["C:\\\\Windows\\\\System32\\\\${name}","-nop","-enc","${base62(32)}"],"command_line":"C:\\\\Windows\\\\System32\\\\${name} -nop -enc ${base62(32)}","entity_id":"{${uuid()}}","executable":"C:\\\\Windows\\\\System32\\\\${name}","name":"${name}","parent":{"executable":"C:\\\\Windows\\\\explorer.exe","name":"explorer.exe"},"pid":${1000 + pick(20_000)}},"winlog":{"channel":"Security","computer_name":"${host.name}.corp.example","event_data":{"MandatoryLabel":"S-1-16-12288","NewProcessId":"0x${hex(8).slice(0, 4)}","SubjectDomainName":"CORP","SubjectLogonId":"0x${hex(8)}","SubjectUserName":"${user}","SubjectUserSid":"${sid}","TokenElevationType":"%%1936"},${tail}`;
  }
  // One type in most documents, another one in some: numbers where strings were, and the other way round.
  const logon = pick(4);
  const logonType =
    logon === 0 ? `"${of(LOGON_TYPES)}"` : logon === 1 ? `"${2 + pick(9)}"` : String(2 + pick(9));
  const status = pick(3) === 0 ? '0' : `"0x${hex(8)}"`;
  return `${head},"message":"An account was ${code === 4625 ? 'refused to log' : 'successfully logged'} on.\\n\\nSubject:\\n\\tSecurity ID:\\t\\tS-1-5-18\\n\\tAccount Name:\\t\\t${host.name.toUpperCase()}$\\n\\nLogon Type:\\t\\t3","source":{"ip":"${pick(3) === 0 ? address() : windowsHosts[zipf(1200)]!.ip}","port":${1024 + pick(60_000)}},"winlog":{"channel":"Security","computer_name":"${host.name}.corp.example","event_data":{"AuthenticationPackageName":"${of(['Kerberos', 'NTLM', 'Negotiate'])}","IpAddress":"${pick(4) === 0 ? '-' : address()}","IpPort":"${pick(60_000)}","KeyLength":${pick(2) * 128},"LogonGuid":"{${uuid()}}","LogonProcessName":"Kerberos","LogonType":${logonType},"Status":${status},"SubStatus":"0x${hex(8)}","SubjectUserSid":"S-1-5-18","TargetDomainName":"CORP","TargetLogonId":"0x${hex(8)}","TargetUserName":"${pick(400) === 0 ? 'jürgen.groß' : user}","TargetUserSid":"${sid}","WorkstationName":"${windowsHosts[zipf(1200)]!.name}"},"logon":{"id":"0x${hex(8)}","type":"${of(LOGON_TYPES)}"},${tail}`;
}

function packetbeat(_n: number, iso: string, day: number): string {
  const at = zipf(linuxHosts.length);
  const host = linuxHosts[at]!;
  const client = windowsHosts[zipf(1200)]!;
  const server = address();
  const head = `{"@timestamp":"${iso}",${agents[2]![at]},"destination":{"bytes":${pick(90_000)},"ip":"${server}","port":53},"host":${host.json},"server":{"bytes":${pick(90_000)},"ip":"${server}","port":53},"source":{"bytes":${pick(2000)},"ip":"${client.ip}","port":${1024 + pick(60_000)}},"status":"${pick(20) === 0 ? 'Error' : 'OK'}"`;
  const event = (dataset: string): string =>
    `"event":{"category":["network_traffic"],"dataset":"${dataset}","duration":${1 + pick(90_000)}000,"kind":"event","start":"${iso}","type":["connection","protocol"]},"network":{"bytes":${pick(90_000)},"community_id":"1:${base62(12)}=","direction":"outbound","protocol":"${dataset}","transport":"udp","type":"ipv4"}`;
  const kind = pick(10);
  const domain =
    pick(30_000) === 0
      ? of(INDICATORS.domains)
      : pick(30) === 0
        ? `${hex(16)}.tunnel.example`
        : often(domains);
  if (kind < 6) {
    const count = 1 + pick(4);
    let answers = '';
    let resolved = '';
    for (let i = 0; i < count; i++) {
      const ip = address();
      answers += `${i === 0 ? '' : ','}{"class":"IN","data":"${ip}","name":"${domain}","ttl":${pick(2) === 0 ? `"${60 * (1 + pick(60))}"` : 60 * (1 + pick(60))},"type":"${ip.includes(':') ? 'AAAA' : 'A'}"}`;
      resolved += `${i === 0 ? '' : ','}"${ip}"`;
    }
    return `${head},"dns":{"additionals_count":${pick(3)},"answers":[${answers}],"answers_count":${count},"flags":{"authoritative":false,"recursion_desired":true},"header_flags":["RD","RA"],"id":${pick(65_536)},"op_code":"QUERY","question":{"class":"IN","etld_plus_one":"${domain.slice(domain.indexOf('.') + 1)}","name":"${domain}","registered_domain":"${domain.slice(domain.indexOf('.') + 1)}","type":"A"},"resolved_ip":[${resolved}],"response_code":"NOERROR","type":"answer"},${event('dns')},"method":"QUERY","related":{"ip":["${client.ip}","${server}"]},"resource":"${domain}","type":"dns"${labels(day)}}`;
  }
  if (kind < 8) {
    const path = `/${of(['index', 'login', 'api/v1/items', 'static/app.js', 'wp-login.php'])}?id=${hex(8)}`;
    return `${head},${event('http')},"http":{"request":{"bytes":${pick(3000)},"headers":{"content-length":${pick(900)},"host":"${domain}","x-request-id":"${uuid()}"},"method":"${of(['GET', 'POST', 'HEAD'])}"},"response":{"body":{"bytes":${pick(90_000)}},"bytes":${pick(99_000)},"headers":{"content-type":"text/html"},"status_code":${of([200, 200, 200, 301, 304, 403, 404, 500])},"status_phrase":"ok"},"version":1.1},"method":"GET","query":"GET ${path}","related":{"hosts":["${domain}"],"ip":["${client.ip}","${server}"]},"type":"http","url":{"domain":"${domain}","full":"http://${domain}${path}","path":"${path}","query":"id=${hex(8)}","scheme":"http"},"user_agent":{"original":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/${80 + pick(40)}.0.${pick(9000)}.0"}${labels(day)}}`;
  }
  return `${head},${event('tls')},"related":{"hash":["${hex(40)}"],"ip":["${client.ip}","${server}"]},"tls":{"cipher":"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256","client":{"ja3":"${hexOf(zipf(400), 32)}","server_name":"${domain}","supported_ciphers":["TLS_AES_128_GCM_SHA256","TLS_AES_256_GCM_SHA384"]},"detailed":{"client_certificate_requested":false,"resumption_method":"","server_hello":{"selected_compression_method":"NULL","version":"3.3"},"version":"TLS 1.2"},"established":true,"next_protocol":"h2","resumed":false,"server":{"hash":{"sha1":"${hex(40)}"},"issuer":"CN=R3,O=Let's Encrypt,C=US","ja3s":"${hexOf(zipf(300), 32)}","not_after":"2027-01-01T00:00:00.000Z","not_before":"2026-10-01T00:00:00.000Z","subject":"CN=${domain}"},"version":"1.2","version_protocol":"tls"},"type":"tls"${labels(day)}}`;
}

const API_CALLS = [
  'AssumeRole',
  'DescribeInstances',
  'PutObject',
  'GetObject',
  'CreateUser',
  'RunInstances',
  'DeleteTrail',
];
function filebeat(n: number, iso: string, day: number): string {
  const at = zipf(linuxHosts.length);
  const host = linuxHosts[at]!;
  const head = `{"@timestamp":"${iso}",${agents[3]![at]},"fileset":{"name":"access"},"host":${host.json},"input":{"type":"log"},"log":{"file":{"path":"/var/log/app/access.log"},"offset":${n * 311}}`;
  const client = address();
  const kind = pick(10);
  if (kind < 5) {
    const path = `/${of(['index.html', 'login', 'api/v1/items', 'static/app.js', 'wp-login.php'])}?id=${hex(8)}`;
    const status = of([200, 200, 200, 301, 304, 403, 404, 500]);
    const agent = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${80 + pick(40)}.0.${pick(9000)}.0 Safari/537.36`;
    const bytes = pick(99_000);
    return `${head},"event":{"category":["web"],"created":"${iso}","dataset":"nginx.access","kind":"event","module":"nginx","type":["access"]},"http":{"request":{"method":"GET","referrer":"https://${often(domains)}/"},"response":{"body":{"bytes":${bytes}},"status_code":${pick(30) === 0 ? `"${status}"` : status}},"version":"1.1"},"message":"${client} - - [${iso}] \\"GET ${path} HTTP/1.1\\" ${status} ${bytes} \\"-\\" \\"${agent}\\"","nginx":{"access":{"remote_ip_list":["${client}","${host.ip}"],"request_time":${pick(3000) / 1000}}},"related":{"ip":["${client}"]},"service":{"type":"nginx"},"source":{"address":"${client}","as":{"number":${pick(60_000)},"organization":{"name":"AS ${pick(900)} GmbH"}},"geo":${geo()},"ip":"${client}"},"url":{"original":"${path}","path":"${path.slice(0, path.indexOf('?'))}"},"user_agent":{"device":{"name":"Other"},"name":"Chrome","original":"${agent}","os":{"full":"Linux","name":"Linux"},"version":"${80 + pick(40)}.0"}${labels(day)}}`;
  }
  if (kind < 8) {
    // Names of fields without end.
    let parameters = '';
    for (let i = 0, count = 2 + pick(5); i < count; i++) {
      // No name twice in one object: OpenSearch refuses that in a flat_object.
      let name = pick(3000);
      while (parameters.includes(`"param${name}"`)) name = (name + 1) % 3000;
      parameters += `${i === 0 ? '' : ','}"param${name}":${pick(3) === 0 ? pick(1000) : `"${hex(8)}"`}`;
    }
    const user = users[zipf(users.length)]!;
    const call = often(API_CALLS);
    return `${head},"aws":{"cloudtrail":{"additional_eventdata":"{}","error_code":"${pick(10) === 0 ? 'AccessDenied' : ''}","event_type":"AwsApiCall","event_version":"1.05","flattened":{"request_parameters":{${parameters}}},"recipient_account_id":"${100_000_000_000 + zipf(20)}","request_id":"${uuid()}","user_identity":{"access_key_id":"AKIA${base62(8).toUpperCase()}","arn":"arn:aws:iam::${100_000_000_000 + zipf(20)}:user/${user}","invoked_by":"signin.amazonaws.com","type":"IAMUser"}}},"cloud":{"account":{"id":"${100_000_000_000 + zipf(20)}"},"provider":"aws","region":"${of(['eu-central-1', 'us-east-1', 'eu-west-1'])}"},"event":{"action":"${call}","dataset":"aws.cloudtrail","id":"${uuid()}","kind":"event","module":"aws","outcome":"success","provider":"iam.amazonaws.com","type":"info"},"related":{"user":["${user}"]},"source":{"address":"${client}","geo":${geo()},"ip":"${client}"},"user":{"id":"AIDA${base62(8).toUpperCase()}","name":"${user}"},"user_agent":{"name":"Boto3","original":"Boto3/1.26.${pick(90)} Python/3.11"}${labels(day)}}`;
  }
  const domain = often(domains);
  return `${head},"destination":{"address":"${host.ip}","ip":"${host.ip}","port":${of([22, 80, 443, 445, 3389])}},"event":{"category":["network","intrusion_detection"],"dataset":"suricata.eve","kind":"alert","module":"suricata","severity":${1 + pick(4)},"type":["allowed"]},"message":"ET SCAN Potential SSH Scan ${pick(900)}","network":{"bytes":${pick(9000)},"community_id":"1:${base62(12)}=","packets":${pick(90)},"protocol":"ssh","transport":"tcp"},"related":{"hosts":["${domain}"],"ip":["${client}","${host.ip}"]},"rule":{"category":"Attempted Information Leak","id":"${2_001_000 + zipf(900)}","name":"ET SCAN Potential SSH Scan"},"source":{"address":"${client}","geo":${geo()},"ip":"${client}","port":${1024 + pick(60_000)}},"suricata":{"eve":{"alert":{"category":"Attempted Information Leak","gid":1,"metadata":{"affected_product":["Any"],"attack_target":["Client_Endpoint"],"created_at":["2020_01_01"]},"rev":${pick(30)},"signature":"ET SCAN Potential SSH Scan","signature_id":${2_001_000 + zipf(900)}},"event_type":"alert","flow_id":"${next()}${next()}","http":{"hostname":"${domain}","http_method":"GET","http_port":${pick(60_000)},"length":${pick(900)},"url":"/${hex(8)}"},"in_iface":"eth${pick(4)}","tx_id":${pick(9)}}},"tags":["suricata","${of(['dmz', 'office', 'guest'])}"]${labels(day)}}`;
}
