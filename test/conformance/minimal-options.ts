/** The options without which a plugin can not be made, as a config gives them. Most need none. */
import type { PluginKind } from '../../src/kernel/plugin.ts';

type Minimal = Readonly<Record<string, string>>;

/** FILE stands for the path of a file that is there. */
export const minimalOptions: Readonly<Record<PluginKind, Minimal>> = {
  input: {
    beats: 'port => 5044',
    dead_letter_queue: 'path => "/var/lib/millrace/dead_letter_queue"',
    elastic_agent: 'port => 5044',
    file: 'path => "/var/log/app.log"',
    generator: '',
    heartbeat: '',
    pipeline_stats: '',
    http: '',
    pipeline: 'address => "here"',
    stdin: '',
    store: '',
    syslog: '',
    tcp: 'port => 5000',
    udp: 'port => 5000',
  },
  filter: {
    clone: 'clones => ["copy"]',
    date: 'match => ["time", "ISO8601"]',
    dissect: 'mapping => { "message" => "%{a} %{b}" }',
    drop: '',
    fingerprint: '',
    grok: 'match => { "message" => "%{WORD:word}" }',
    json: 'source => "message"',
    kv: '',
    mutate: '',
    ruby: 'code => "event.set(\'a\', 1)"',
    split: '',
    uuid: 'target => "uuid"',
  },
  output: {
    elasticsearch: '',
    file: 'path => "/var/log/out.json"',
    http: 'url => "http://127.0.0.1:8080"\nhttp_method => "post"',
    lumberjack: 'hosts => ["127.0.0.1"]\nport => 5044\nssl_certificate => "FILE"',
    null: '',
    pipeline: 'send_to => ["there"]',
    sink: '',
    store: '',
    stdout: '',
    tcp: 'host => "127.0.0.1"\nport => 5000',
    udp: 'host => "127.0.0.1"\nport => 5000',
  },
  codec: {
    dots: '',
    json: '',
    json_lines: '',
    line: '',
    multiline: 'pattern => "^\\s"\nwhat => "previous"',
    plain: '',
    rubydebug: '',
  },
};
