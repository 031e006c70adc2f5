/** How the suite tries each filter. Its examples and its minimal options (minimal-options.ts) are tried as well. */
export interface FilterRow {
  /** More configurations, as the text between the braces of the plugin. */
  readonly configs?: readonly string[];
  /** Names of fields that they speak of, beside those of the examples. */
  readonly fields?: readonly string[];
  /** Texts that come near to what the filter looks for. */
  readonly texts?: readonly string[];
  /** Remembers events. */
  readonly state?: 'shared';
  /** Gives another result each time. */
  readonly random?: true;
  /** Code of the user may well set a number that is none, or has no end. */
  readonly nonFinite?: true;
  /** How many events the properties try; 500 unless given. */
  readonly runs?: number;
}

export const filterTable: Readonly<Record<string, FilterRow>> = {
  clone: {
    configs: ['clones => ["a", "%{b}"]\nadd_field => { "from" => "%{type}" }'],
    fields: ['type', 'b'],
  },
  date: {
    configs: [
      'match => ["time", "ISO8601", "UNIX", "UNIX_MS", "TAI64N", "MMM dd yyyy HH:mm:ss Z"]\ntarget => "[a][b]"',
      'match => ["[a][time]", "dd/MMM/yyyy:HH:mm:ss Z"]\ntimezone => "%{zone}"\nlocale => "de"',
    ],
    fields: ['time', 'a', 'zone'],
    texts: [
      '2026-11-20T10:00:00.000Z',
      '1763632800',
      '1763632800.5',
      '20/Nov/2026:10:00:00 +0100',
      '@4000000052f88ea32489532c',
      'Europe/Berlin',
    ],
  },
  dissect: {
    configs: [
      'mapping => { "message" => "%{a} [%{+a/2}] %{?key}=%{&key} %{->} %{[b][c]}" }\nconvert_datatype => { "a" => "int" "[b][c]" => "float" }',
    ],
    fields: ['a', 'b'],
    texts: ['one [two] k=v   three', '1 [2] a=b  3.5', '[][]==  '],
  },
  drop: { configs: ['percentage => 50'], random: true },
  fingerprint: {
    configs: [
      'method => "SHA256"\nsource => ["a", "[b][c]"]\nconcatenate_sources => true\nbase64encode => true\nkey => "k"',
      'method => "MURMUR3_128"\nconcatenate_all_fields => true',
      'method => "IPV4_NETWORK"\nkey => "24"\nsource => "ip"',
      'method => "PUNCTUATION"\nsource => ["a", "message"]\ntarget => "[b][c]"',
      'method => "MURMUR3"\nsource => "a"\ntarget => "@timestamp"',
    ],
    fields: ['a', 'b', 'ip'],
    texts: ['192.0.2.77', '::1', '300.1.1.1'],
  },
  grok: {
    configs: [
      'match => { "message" => "%{COMBINEDAPACHELOG}" }',
      'match => { "message" => ["%{SYSLOGBASE} %{GREEDYDATA:[b][rest]}", "^(?<a>\\d+)$"] "a" => "%{NUMBER:n:int}" }\nbreak_on_match => false\noverwrite => ["message"]\nkeep_empty_captures => true',
      'match => { "message" => "%{IP:[a][b]}" }\ntarget => "c"\necs_compatibility => v8',
    ],
    fields: ['a', 'b', 'c'],
    texts: [
      '192.0.2.7 - - [20/Nov/2026:10:00:00 +0100] "GET / HTTP/1.1" 200 17 "-" "curl"',
      'Nov 20 10:00:00 host app[7]: text',
      '42',
    ],
  },
  json: {
    configs: [
      'source => "message"\ntarget => "[a][b]"',
      'source => "[a][b]"\nskip_on_invalid_json => true\ntag_on_failure => []',
      'source => "message"\necs_compatibility => v8',
    ],
    fields: ['a'],
    texts: [
      '{"a":{"b":[1,null]},"@timestamp":"2026-01-02T03:04:05Z","tags":["t"]}',
      '{"@metadata":{"x":1},"__proto__":1,"a[b":2,"n":12345678901234567890}',
      '[1,2]',
      '"text"',
      '{"@timestamp":5,"tags":{"x":1},"@version":{}}',
    ],
  },
  kv: {
    configs: [
      'source => "[a][b]"\ntarget => "c"\nrecursive => true\ntrim_value => "<>"\ntransform_key => "lowercase"',
      'field_split => "&?"\nvalue_split => ":"\nprefix => "arg_"\ninclude_keys => ["a", "b"]\ndefault_keys => ["a", "x"]\nallow_duplicate_values => false',
      'field_split_pattern => ":\\s*"\nvalue_split_pattern => "=+"\nallow_empty_values => true\nwhitespace => strict\nremove_char_key => "<"',
    ],
    fields: ['a', 'c'],
    texts: [
      'a=1 b="two words" c=[x] d=(y) <e>=<f>',
      'a:1&b:2?c:',
      'a=(b=c d=e) tags=x @timestamp=y',
      '[a][b]=1 [=2',
    ],
  },
  mutate: {
    configs: [
      'rename => { "a" => "[b][c]" "[b][d]" => "a" "@timestamp" => "time" }\nupdate => { "message" => "%{a} %{[b][c]} %{+yyyy}" }\nreplace => { "[c][d]" => "%{message}" }',
      'convert => { "a" => "integer" "b" => "float" "c" => "boolean" "message" => "string" "[d][e]" => "integer_eu" }\nstrip => ["a", "message"]\nuppercase => ["b"]\ncapitalize => ["message"]',
      'gsub => ["message", "[aeiou]+(.)", "<\\1>", "a", "^\\s*", ""]\nsplit => { "a" => "," "message" => " " }\njoin => { "a" => "-" "b" => "," }',
      'merge => { "a" => ["b", "message"] "c" => "a" "@timestamp" => "a" }\ncopy => { "a" => "[x][y]" "b" => "tags" "c" => "@timestamp" }\ncoerce => { "d" => "was null" }',
      'add_field => { "a" => "%{b}" "x" => "1" }\nremove_field => ["b", "[c][d]"]\nadd_tag => ["%{a}"]\nremove_tag => ["one"]',
    ],
    fields: ['a', 'b', 'c', 'd', 'x'],
    texts: ['17', '1,234.5', '0x1f', 'yes', ' spaces ', 'a,b,,c'],
  },
  ruby: {
    configs: [
      "code => \"event.to_hash.each { |k, v| unless ['@timestamp', '@version'].include?(k) then event.set('[in][' + k + ']', v); event.remove(k) end }\"",
      "code => \"event.set('b', event.get('a').to_s.upcase.split(','))\"\ntag_on_exception => \"oops\"",
      "code => \"event.cancel if event.get('message') == 'x'; raise 'no' if event.get('a').nil?\"",
    ],
    fields: ['a', 'b'],
    nonFinite: true,
    runs: 300,
  },
  split: {
    configs: ['field => "[a][b]"\ntarget => "c"\nterminator => ","', 'field => "a"'],
    fields: ['a', 'c'],
    texts: ['a\nb\n\nc', ',,a'],
  },
  uuid: { configs: ['target => "[a][b]"\noverwrite => true'], fields: ['a', 'uuid'], random: true },
};
