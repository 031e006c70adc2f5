/** The demo's own pipelines, behind the default listeners: typical filters, an output that fails, and dead letters. */
import { DEMO_ADDRESS } from './senders.ts';

export interface DemoPipeline {
  readonly id: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** What stands in a listener's outputs for the demo's messages; the rest goes on as ever. */
export const demoRoute = (listener: string, otherwise: string): string =>
  `if ${conditions[listener]} { pipeline { send_to => ["demo-${listener}"] ensure_delivery => false } } else { ${otherwise} }`;

const conditions: Readonly<Record<string, string>> = {
  beats: `[@metadata][ip_address] == "${DEMO_ADDRESS}"`,
  syslog: `[host] == "${DEMO_ADDRESS}"`,
  http: `[host] == "${DEMO_ADDRESS}"`,
};

const STORE = 'store { id => "keep" index => "demo-%{[@metadata][set]}-%{+yyyy.MM.dd}" }';

const syslog = `input { pipeline { address => "demo-syslog" } }
filter {
  mutate { id => "tidy" remove_field => ["host", "facility", "severity", "timestamp", "syslog5424_ver"] }
  mutate {
    id => "fields"
    rename => {
      "logsource" => "[host][name]"
      "program" => "[process][name]"
      "pid" => "[process][pid]"
      "priority" => "[log][syslog][priority]"
      "severity_label" => "[log][syslog][severity][name]"
      "facility_label" => "[log][syslog][facility][name]"
    }
    convert => { "[process][pid]" => "integer" }
    add_field => { "[@metadata][set]" => "system" }
    add_tag => ["demo"]
  }
  if [process][name] == "sshd" {
    grok {
      id => "ssh"
      match => {
        "message" => [
          "%{WORD:[@metadata][result]} %{WORD:[ssh][method]} for (?:invalid user )?%{USERNAME:[user][name]} from %{IP:[source][ip]} port %{INT:[source][port]:int}",
          "session %{WORD:[event][action]} for user %{USERNAME:[user][name]}"
        ]
      }
      add_field => { "[event][category]" => "authentication" }
    }
    if [@metadata][result] == "Accepted" {
      mutate { id => "let-in" add_field => { "[event][outcome]" => "success" "[event][action]" => "ssh_login" } }
    } else if [@metadata][result] == "Failed" {
      mutate { id => "refused" add_field => { "[event][outcome]" => "failure" "[event][action]" => "ssh_login" } }
    }
    mutate { id => "auth" replace => { "[@metadata][set]" => "auth" } }
  } else if [process][name] == "sudo" {
    grok {
      id => "sudo"
      match => { "message" => "^%{USERNAME:[user][name]} : .*USER=%{USERNAME:[user][effective][name]} ; COMMAND=%{GREEDYDATA:[process][command_line]}" }
      add_field => { "[event][category]" => "process" "[event][action]" => "sudo" }
    }
    mutate { id => "root" replace => { "[@metadata][set]" => "auth" } }
  } else if [process][name] == "filterlog" {
    kv {
      id => "firewall"
      include_keys => ["action", "rule", "proto", "src", "spt", "dst", "dpt", "bytes", "in"]
    }
    mutate {
      id => "packet"
      rename => {
        "action" => "[event][action]"
        "rule" => "[rule][name]"
        "proto" => "[network][transport]"
        "src" => "[source][ip]"
        "spt" => "[source][port]"
        "dst" => "[destination][ip]"
        "dpt" => "[destination][port]"
        "bytes" => "[network][bytes]"
        "in" => "[observer][ingress][zone]"
      }
      convert => {
        "[source][port]" => "integer"
        "[destination][port]" => "integer"
        "[network][bytes]" => "integer"
      }
      add_field => { "[event][category]" => "network" }
      replace => { "[@metadata][set]" => "firewall" }
    }
  } else if [process][name] == "named" {
    dissect {
      id => "question"
      mapping => {
        "message" => "client %{} %{[source][ip]}#%{[source][port]} (%{}): query: %{[dns][question][name]} %{[dns][question][class]} %{[dns][question][type]} %{}"
      }
      convert_datatype => { "[source][port]" => "int" }
      add_field => { "[event][category]" => "network" "[event][action]" => "dns_query" }
    }
    mutate { id => "dns" replace => { "[@metadata][set]" => "dns" } }
  }
}
output { ${STORE} }
`;

const beats = `input { pipeline { address => "demo-beats" } }
filter {
  mutate { id => "mark" add_tag => ["demo"] }
  if [agent][type] == "filebeat" {
    if "/healthz" in [message] { drop { id => "health-checks" } }
    grok {
      id => "access-log"
      match => { "message" => "%{COMBINEDAPACHELOG}" }
    }
    date { id => "time" match => ["timestamp", "dd/MMM/yyyy:HH:mm:ss Z"] remove_field => ["timestamp"] }
    mutate {
      id => "visitor"
      rename => { "[source][address]" => "[source][ip]" }
      add_field => { "[event][category]" => "web" "[@metadata][set]" => "web" }
    }
    if [http][response][status_code] >= 500 { mutate { id => "server-errors" add_tag => ["server-error"] } }
  } else if [agent][type] == "packetbeat" {
    mutate { id => "flows" add_field => { "[@metadata][set]" => "flows" } }
  } else {
    fingerprint { id => "command" source => ["[process][command_line]"] target => "[process][command_hash]" method => "MURMUR3" }
    mutate { id => "endpoints" add_field => { "[@metadata][set]" => "endpoints" } }
  }
}
output { ${STORE} }
`;

const http = `# One partner sends no field "tenant": its messages find no index and end as dead letters.
input { pipeline { address => "demo-http" } }
filter {
  mutate { id => "mark" add_tag => ["demo"] remove_field => ["headers", "host"] }
  if [attacks] {
    split { id => "each-attack" field => "attacks" }
    mutate { id => "attack" rename => { "attacks" => "attack" } }
  }
}
output { store { id => "keep" index => "demo-webhook-%{[tenant]}-%{+yyyy.MM.dd}" } }
`;

/** Nobody listens at the discard port of this machine. */
const siem = (
  place: string,
): string => `# An output that fails: its receiver is not there. What it should get waits on disk.
input { store { id => "alerts" query => "event.kind: alert and tags: demo" index => ["demo-*"] sincedb_path => ${JSON.stringify(place)} } }
filter { mutate { id => "severity" add_field => { "[labels][from]" => "millrace" } } }
output { elasticsearch { id => "central-siem" hosts => ["http://127.0.0.1:9"] index => "alerts" manage_template => false } }
`;

/** `folder` is where the demo may keep files. */
export function demoPipelines(folder: string): readonly DemoPipeline[] {
  return [
    { id: 'demo-syslog', settings: {}, text: syslog },
    { id: 'demo-beats', settings: { 'pipeline.ecs_compatibility': 'v8' }, text: beats },
    { id: 'demo-http', settings: { 'dead_letter_queue.enable': true }, text: http },
    {
      id: 'demo-siem',
      // On disk, so that Millrace can end though its receiver is not there.
      settings: {
        'queue.type': 'persisted',
        'queue.max_bytes': 16 * 1024 * 1024,
        'pipeline.shutdown_timeout': 0,
      },
      text: siem(`${folder}/alerts.position`),
    },
  ];
}

/** Indices that only the demo writes. */
export const isDemoIndex = (name: string): boolean =>
  /^demo-(?:system|auth|firewall|dns|web|flows|endpoints|webhook-[\w.-]+)-\d{4}\.\d\d\.\d\d$/.test(name);

/** Tests of the pipeline `demo-syslog`, for `millrace test` and the console's editor. */
export const DEMO_TEST = `config: demo-syslog.conf

tests:
  - name: a password that was refused
    events:
      - message: Failed password for invalid user admin from 203.0.113.66 port 40022 ssh2
        host: 127.0.0.77
        logsource: vpn-01
        program: sshd
    expect:
      - fields:
          "[event][outcome]": failure
          "[source][ip]": 203.0.113.66
          "[source][port]": 40022
          "[user][name]": admin
          "[@metadata][set]": auth

  - name: a packet that was denied
    events:
      - message: action=deny rule="default-deny" proto=tcp src=198.51.100.23 spt=4711 dst=10.20.1.11 dpt=22 bytes=52 in=wan
        host: 127.0.0.77
        logsource: fw-01
        program: filterlog
    expect:
      - fields:
          "[event][action]": deny
          "[rule][name]": default-deny
          "[destination][port]": 22
          "[@metadata][set]": firewall
`;
