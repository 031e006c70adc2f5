/** The scenarios of bench/README.md: what is sent, what each contestant is told to do, what counts as arrived. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface Place {
  readonly input: number;
  readonly target: number;
  readonly out: string;
  readonly folder: string;
  readonly data: string;
  readonly workers: number;
}

export interface Command {
  readonly argv: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Scenario {
  readonly name: string;
  readonly sender: 'tcp' | 'udp' | 'file' | 'lumberjack';
  /** Datagrams a second. */
  readonly rate?: number;
  /** File of bench data. */
  readonly data: string;
  readonly events?: number;
  readonly sink?: 'tcp' | 'http';
  /** Where events are counted if not at the sink. */
  readonly counts?: 'file';
  /** CPU seconds per million events. */
  readonly target?: number;
  readonly contestants: Readonly<Record<string, (place: Place) => Command>>;
}

const root = resolve(import.meta.dirname, '..');
const node = join(root, 'node_modules', '.bin', 'node');

/** Millrace with a config, batches of 1,000 as the peers have them. */
const millrace =
  (config: (place: Place) => string) =>
  (place: Place): Command => ({
    argv: [
      node,
      join(root, 'bin', 'millrace.js'),
      '-f',
      'pipeline.conf',
      '-w',
      String(place.workers),
      '-b',
      '1000',
      '--path.data',
      join(place.folder, 'data'),
      '--api.enabled',
      'false',
      '--log.level',
      'warn',
    ],
    files: { 'pipeline.conf': config(place) },
  });

const peers = join(root, 'build', 'peers');
const libraries = 'usr/lib/x86_64-linux-gnu';

const rsyslog =
  (config: (place: Place) => string) =>
  (place: Place): Command => ({
    argv: [
      join(peers, 'usr/sbin/rsyslogd'),
      '-n',
      '-f',
      join(place.folder, 'rsyslog.conf'),
      '-i',
      join(place.folder, 'pid'),
      '-M',
      join(peers, libraries, 'rsyslog'),
    ],
    files: {
      'rsyslog.conf': `global(workDirectory="${place.folder}" maxMessageSize="64k")
main_queue(queue.workerThreads="${place.workers}" queue.dequeueBatchSize="1000" queue.size="100000")
module(load="imptcp" threads="2")
template(name="raw" type="string" string="%rawmsg%\\n")
${config(place)}
`,
      'apache.rb': `version=2
rule=:%clientip:word% %ident:word% %auth:word% [%timestamp:char-to:]%] "%verb:word% %request:word% HTTP/%httpversion:char-to:"%" %response:number% %bytes:number% "%referrer:char-to:"%" "%agent:char-to:"%"
`,
    },
  });

const syslogNg =
  (config: (place: Place) => string) =>
  (place: Place): Command => ({
    argv: [
      join(peers, 'usr/sbin/syslog-ng'),
      '-F',
      '--no-caps',
      '-f',
      join(place.folder, 'syslog-ng.conf'),
      '-R',
      join(place.folder, 'persist'),
      '-c',
      join(place.folder, 'ctl'),
      '-p',
      join(place.folder, 'pid'),
      '--module-path',
      join(peers, 'usr/lib/syslog-ng/3.38'),
    ],
    files: {
      'syslog-ng.conf': `@version: 3.38
options { threaded(yes); log-fifo-size(200000); stats-freq(0); keep-hostname(yes); use-dns(no); };
source s { network(ip("127.0.0.1") port(${place.input}) transport("tcp") flags(no-parse) log-iw-size(100000) log-fetch-limit(1000)); };
${config(place)}
`,
    },
    env: { LD_LIBRARY_PATH: `${join(peers, 'usr/lib/syslog-ng')}:${join(peers, libraries)}` },
  });

const APACHE_PATTERN =
  '^(?<clientip>\\S+) (?<ident>\\S+) (?<auth>\\S+) \\[(?<timestamp>[^\\]]+)\\] "(?<verb>\\S+) (?<request>\\S+) HTTP/(?<httpversion>[0-9.]+)" (?<response>\\d+) (?<bytes>\\d+|-) "(?<referrer>[^"]*)" "(?<agent>[^"]*)"';
const tcpIn = ({ input }: Place, codec = ''): string =>
  `input { tcp { host => "127.0.0.1" port => ${input} ${codec}dns_reverse_lookup_enabled => false } }`;
const fileOut = ({ out }: Place): string => `output { file { path => "${out}" } }`;

/** The loop by hand (bare.ts). */
const bare =
  (scenario: string) =>
  ({ input, target, out }: Place): Command => ({
    argv: [
      node,
      join(root, 'bench', 'bare.ts'),
      scenario,
      String(input),
      scenario === 'c' ? String(target) : '-',
      ['b', 'f'].includes(scenario) ? out : '-',
    ],
    files: {},
  });

function withPeers(contestants: Scenario['contestants']): Scenario['contestants'] {
  return Object.fromEntries(
    Object.entries(contestants).filter(
      ([name]) =>
        name === 'millrace' ||
        name === 'bare' ||
        existsSync(join(peers, 'usr/sbin', name === 'rsyslog' ? 'rsyslogd' : 'syslog-ng')),
    ),
  );
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'a',
    sender: 'tcp',
    data: 'apache.log',
    target: 0.35,
    contestants: withPeers({
      bare: bare('a'),
      millrace: millrace((place) => `${tcpIn(place)}\noutput { null {} }`),
      rsyslog: rsyslog(
        ({ input }) =>
          `input(type="imptcp" port="${input}" address="127.0.0.1" supportOctetCountedFraming="off" ruleset="r")\nruleset(name="r" queue.type="FixedArray" queue.size="100000" queue.workerThreads="2" queue.dequeueBatchSize="1000") {\n  action(type="omfile" file="/dev/null" template="raw" ioBufferSize="256k")\n}`,
      ),
      'syslog-ng': syslogNg(
        () => 'destination d { file("/dev/null" template("$MSG\\n")); }; log { source(s); };',
      ),
    }),
  },
  {
    name: 'a2',
    sender: 'tcp',
    data: 'apache.log',
    target: 0.6,
    contestants: {
      millrace: millrace(
        (place) =>
          `${tcpIn(place)}\nfilter { mutate { add_field => { "copy" => "%{message}" } } }\noutput { null {} }`,
      ),
    },
  },
  {
    name: 'b',
    sender: 'tcp',
    data: 'apache.log',
    counts: 'file',
    target: 1.7,
    contestants: withPeers({
      bare: bare('b'),
      millrace: millrace(
        (place) =>
          `${tcpIn(place)}\nfilter { grok { match => { "message" => '${APACHE_PATTERN}' } remove_field => ["message"] } }\n${fileOut(place)}`,
      ),
      rsyslog: rsyslog(
        ({ input, out, folder }) => `module(load="mmnormalize")
template(name="j" type="string" string="%$!all-json%\\n")
input(type="imptcp" port="${input}" address="127.0.0.1" supportOctetCountedFraming="off" ruleset="r")
ruleset(name="r" queue.type="FixedArray" queue.size="100000" queue.workerThreads="2" queue.dequeueBatchSize="1000") {
  action(type="mmnormalize" rulebase="${folder}/apache.rb" useRawMsg="on")
  unset $!originalmsg;
  action(type="omfile" file="${out}" template="j" ioBufferSize="256k" flushOnTXEnd="on")
}`,
      ),
      'syslog-ng': syslogNg(
        ({ out }) => `parser p { regexp-parser(patterns('${APACHE_PATTERN}') prefix("a.")); };
destination d { file("${out}" template("$(format-json --scope none --key a.* --shift 2)\\n") flush-lines(1000)); };
log { source(s); parser(p); destination(d); flags(flow-control); };`,
      ),
    }),
  },
  {
    name: 'b2',
    sender: 'tcp',
    data: 'apache.log',
    counts: 'file',
    target: 2.0,
    contestants: {
      millrace: millrace(
        (place) =>
          `${tcpIn(place)}\nfilter { grok { match => { "message" => "%{COMBINEDAPACHELOG}" } remove_field => ["message"] } date { match => ["timestamp", "dd/MMM/yyyy:HH:mm:ss Z"] } }\n${fileOut(place)}`,
      ),
    },
  },
  {
    name: 'c',
    sender: 'tcp',
    data: 'apache.log',
    sink: 'tcp',
    target: 0.5,
    contestants: withPeers({
      bare: bare('c'),
      millrace: millrace(
        (place) =>
          `${tcpIn(place)}\noutput { tcp { host => "127.0.0.1" port => ${place.target} codec => line { format => "%{message}" } } }`,
      ),
      rsyslog: rsyslog(
        ({
          input,
          target,
        }) => `input(type="imptcp" port="${input}" address="127.0.0.1" supportOctetCountedFraming="off" ruleset="r")
ruleset(name="r" queue.type="FixedArray" queue.size="100000" queue.workerThreads="2" queue.dequeueBatchSize="1000") {
  action(type="omfwd" target="127.0.0.1" port="${target}" protocol="tcp" template="raw" tcp_framing="traditional")
}`,
      ),
      'syslog-ng': syslogNg(
        ({
          target,
        }) => `destination d { network("127.0.0.1" port(${target}) transport("tcp") template("$MSG\\n") flush-lines(1000)); };
log { source(s); destination(d); flags(flow-control); };`,
      ),
    }),
  },
  {
    name: 'd',
    sender: 'tcp',
    data: 'apache.log',
    sink: 'http',
    target: 1.2,
    contestants: {
      millrace: millrace(
        (place) =>
          `${tcpIn(place)}\noutput { http { url => "http://127.0.0.1:${place.target}/" http_method => "post" format => "json_batch" } }`,
      ),
    },
  },
  {
    name: 'e',
    sender: 'file',
    data: 'apache.log',
    events: 4_000_000,
    sink: 'tcp',
    target: 0.5,
    contestants: withPeers({
      millrace: millrace(
        (place) =>
          `input { file { path => "${place.folder}/in.log" mode => "tail" start_position => "beginning" sincedb_path => "/dev/null" } }\noutput { tcp { host => "127.0.0.1" port => ${place.target} codec => line { format => "%{message}" } } }`,
      ),
      rsyslog: rsyslog(
        ({ folder, target }) => `module(load="imfile" mode="inotify")
input(type="imfile" file="${folder}/in.log" tag="x" freshStartTail="off" ruleset="r")
ruleset(name="r" queue.type="FixedArray" queue.size="100000" queue.workerThreads="2" queue.dequeueBatchSize="1000") {
  action(type="omfwd" target="127.0.0.1" port="${target}" protocol="tcp" template="raw" tcp_framing="traditional")
}`,
      ),
      'syslog-ng': syslogNg(
        ({
          target,
          folder,
        }) => `source f { file("${folder}/in.log" flags(no-parse) read-old-records(yes) follow-freq(1) log-iw-size(100000) log-fetch-limit(1000)); };
destination d { network("127.0.0.1" port(${target}) transport("tcp") template("$MSG\\n") flush-lines(1000)); };
log { source(f); destination(d); flags(flow-control); };`,
      ),
    }),
  },
  {
    name: 'f',
    sender: 'tcp',
    data: 'json300.ndjson',
    counts: 'file',
    target: 2.2,
    contestants: withPeers({
      bare: bare('f'),
      millrace: millrace(
        (place) =>
          `${tcpIn(place, 'codec => json_lines ')}\nfilter { mutate { add_field => { "env" => "prod" "site" => "eu-1" } rename => { "client_ip" => "source_ip" } } }\n${fileOut(place)}`,
      ),
      rsyslog: rsyslog(
        ({ input, out }) => `module(load="mmjsonparse")
template(name="j" type="string" string="%$!all-json%\\n")
input(type="imptcp" port="${input}" address="127.0.0.1" supportOctetCountedFraming="off" ruleset="r")
ruleset(name="r" queue.type="FixedArray" queue.size="100000" queue.workerThreads="2" queue.dequeueBatchSize="1000") {
  action(type="mmjsonparse" cookie="" useRawMsg="on")
  set $!env = "prod"; set $!site = "eu-1"; set $!source_ip = $!client_ip; unset $!client_ip;
  action(type="omfile" file="${out}" template="j" ioBufferSize="256k" flushOnTXEnd="on")
}`,
      ),
      'syslog-ng': syslogNg(
        ({ out }) => `parser p { json-parser(prefix("j.")); };
rewrite r { set("prod" value("j.env")); set("eu-1" value("j.site")); rename("j.client_ip" "j.source_ip"); };
destination d { file("${out}" template("$(format-json --scope none --key j.* --shift 2)\\n") flush-lines(1000)); };
log { source(s); parser(p); rewrite(r); destination(d); flags(flow-control); };`,
      ),
    }),
  },
  {
    name: 'f2',
    sender: 'tcp',
    data: 'json300.ndjson',
    counts: 'file',
    contestants: {
      millrace: millrace(
        (place) => `${tcpIn(place, 'codec => json_lines ')}
filter {
  mutate { add_field => { "env" => "prod" "site" => "eu-1" } rename => { "client_ip" => "source_ip" } }
  if [level] == "error" { mutate { add_tag => ["error"] } } else if [status] >= 500 { mutate { add_tag => ["failed"] } }
  mutate { gsub => ["msg", "completed", "done"] remove_field => ["trace_id"] }
}
${fileOut(place)}`,
      ),
    },
  },
  ...[50_000, 100_000].map(
    (rate): Scenario => ({
      name: rate === 50_000 ? 'g' : 'g100',
      sender: 'udp',
      rate,
      data: 'syslog.log',
      events: rate * 6,
      counts: 'file',
      contestants: withPeers({
        millrace: millrace(
          (place) =>
            `input { udp { host => "127.0.0.1" port => ${place.input} receive_buffer_bytes => 16777216 } }\noutput { file { path => "${place.out}" codec => line { format => "%{message}" } } }`,
        ),
        rsyslog: rsyslog(
          ({ input, out }) => `module(load="imudp" threads="2" batchSize="128")
input(type="imudp" port="${input}" address="127.0.0.1" ruleset="r" rcvbufSize="16m")
ruleset(name="r" queue.type="FixedArray" queue.size="500000" queue.workerThreads="2" queue.dequeueBatchSize="1000") {
  action(type="omfile" file="${out}" template="raw" ioBufferSize="256k" flushOnTXEnd="on")
}`,
        ),
        'syslog-ng': syslogNg(
          ({
            input,
            out,
          }) => `source u { network(ip("127.0.0.1") port(${input}) transport("udp") flags(no-parse) so-rcvbuf(16777216) log-iw-size(200000) log-fetch-limit(1000)); };
destination d { file("${out}" template("$MSG\\n") flush-lines(1000)); };
log { source(u); destination(d); };`,
        ),
      }),
    }),
  ),
  {
    name: 'i',
    sender: 'lumberjack',
    data: 'ecs1k.ndjson',
    target: 1.5,
    contestants: {
      millrace: millrace(
        (place) => `input { beats { host => "127.0.0.1" port => ${place.input} } }\noutput { null {} }`,
      ),
    },
  },
];
