/** Searches and aggregations that both drivers must answer alike, over the events of `bench/store-events.ts`. */

export interface DifferentialCase {
  readonly name: string;
  /** As `_search` takes it. */
  readonly body: Readonly<Record<string, any>>;
  readonly index?: string;
  /** Largest relative difference of numbers in aggregations: they are estimates. */
  readonly within?: number;
  /** Answers differ: the heading in docs/specs/elasticsearch-api.md that says why. */
  readonly differs?: string;
}

const DAY = '2026-11-05';
const SORT = [{ '@timestamp': 'desc' }, { seq: 'asc' }];

type Dsl = Readonly<Record<string, any>>;
const term = (field: string, value: unknown): Dsl => ({ term: { [field]: value } });
const terms = (field: string, ...values: unknown[]): Dsl => ({ terms: { [field]: values } });
const range = (field: string, bounds: object): Dsl => ({ range: { [field]: bounds } });
const exists = (field: string): Dsl => ({ exists: { field } });
const prefix = (field: string, value: string): Dsl => ({ prefix: { [field]: value } });
const wildcard = (field: string, value: string, more = {}): Dsl => ({
  wildcard: { [field]: { value, ...more } },
});
const regexp = (field: string, value: string, more = {}): Dsl => ({
  regexp: { [field]: { value, ...more } },
});
const match = (field: string, query: unknown, more = {}): Dsl => ({ match: { [field]: { query, ...more } } });
const phrase = (field: string, query: string): Dsl => ({ match_phrase: { [field]: query } });
const must = (...filter: Dsl[]): Dsl => ({ bool: { filter } });
const any = (...should: Dsl[]): Dsl => ({ bool: { should, minimum_should_match: 1 } });
const not = (...must_not: Dsl[]): Dsl => ({ bool: { must_not } });
const text = (query: string, more = {}): Dsl => ({ query_string: { query, ...more } });
const nested = (query: Dsl): Dsl => ({ nested: { path: 'dns.answers', query } });

/** Keywords, numbers, booleans, dates, addresses, analysed text, nested objects, flattened objects, array fields. */
const queries: Readonly<Record<string, Dsl>> = {
  'all': { match_all: {} },
  'none': { match_none: {} },
  // Exact values.
  'term keyword': term('event.dataset', 'dns'),
  'term keyword in an array': term('event.category', 'network'),
  'term keyword in another case': term('event.dataset', 'DNS'),
  'term keyword, case insensitive': term('event.dataset', { value: 'DNS', case_insensitive: true }),
  'term keyword with blanks': term('user_agent.os.full', 'Linux'),
  'term keyword empty': term('aws.cloudtrail.error_code', ''),
  'term keyword beyond ASCII': term('winlog.event_data.TargetUserName', 'jürgen.groß'),
  'term on a number in a keyword field': term('event.code', 4624),
  'term number': term('destination.port', 443),
  'term number as text': term('destination.port', '443'),
  'term number with a fraction on whole numbers': term('destination.port', 443.5),
  'term float': term('nginx.access.request_time', 1.5),
  'term boolean': term('flow.complete', true),
  'term boolean as text': term('flow.complete', 'false'),
  'term large number': term('winlog.record_id', 9_007_199_254_000_011),
  'term date': term('tls.server.not_after', '2027-01-01T00:00:00.000Z'),
  'term date of a day': term('tls.server.not_after', '2027-01-01'),
  'term address': term('source.ip', '10.20.0.2'),
  'term network': term('source.ip', '10.20.0.0/16'),
  'term small network': term('host.ip', '10.21.0.0/28'),
  'term IPv6 network': term('destination.ip', '2001:db8::/32'),
  'term IPv6 network of many bits': term('destination.ip', '2001:db8:800::/37'),
  'term unknown field': term('no.such.field', 'x'),
  'term word of text': term('message', 'process'),
  'term with capitals on text': term('message', 'Process'),
  'term boost and name': term('event.kind', { value: 'alert', boost: 2, _name: 'x' }),
  'terms keyword': terms('event.dataset', 'dns', 'tls', 'nothing'),
  'terms numbers': terms('destination.port', 22, '53', 443),
  'terms addresses and networks': terms('source.ip', '10.20.0.2', '10.21.0.0/24'),
  'terms none': terms('event.dataset'),
  'terms booleans': terms('flow.complete', true, false),
  'ids': { ids: { values: ['e7', 'e19', 'nothing'] } },
  // Patterns.
  'prefix': prefix('process.executable', '/usr/bin/s'),
  'prefix case insensitive': { prefix: { 'process.name': { value: 'POWER', case_insensitive: true } } },
  'prefix of nothing': prefix('process.name', ''),
  'wildcard star': wildcard('url.path', '/api/*'),
  'wildcard question mark': wildcard('process.name', '??d'),
  'wildcard in the middle': wildcard('file.path', '/etc/*.conf'),
  'wildcard everything': wildcard('rule.id', '*'),
  'wildcard case insensitive': wildcard('process.executable', '*POWERSHELL*', { case_insensitive: true }),
  'wildcard with backslashes': wildcard('process.executable', 'C:\\\\Windows\\\\*cmd.exe'),
  'wildcard escaped star': wildcard('process.name', 'pow\\*'),
  'wildcard on words of text': wildcard('message', 'succ*'),
  'wildcard over braces': wildcard('winlog.event_data.LogonGuid', '{a*}'),
  'regexp': regexp('process.name', 's(sh|u)d.?'),
  'regexp classes': regexp('source.geo.country_iso_code', '[B-E][A-Z]'),
  'regexp repeats': regexp('winlog.event_data.SubjectUserSid', 'S-1-5-[0-9]{2}'),
  'regexp interval': regexp('rule.id', '2001<000-099>'),
  'regexp complement': regexp('network.transport', '~(udp)'),
  'regexp and': regexp('event.dataset', '.*s.*&.*e.*'),
  'regexp case insensitive': regexp('host.os.name', 'windows 10.*', { case_insensitive: true }),
  'regexp anchored': regexp('event.dataset', 'ngin'),
  'regexp on text': regexp('message', 'scan|login'),
  // Ranges.
  'range day': range('@timestamp', { gte: DAY, lt: '2026-11-06' }),
  'range day rounded up': range('@timestamp', { gt: DAY }),
  'range day lte': range('@timestamp', { lte: DAY }),
  'range date math': range('@timestamp', { gte: '2026-11-10||-2d/d', lt: '2026-11-10||/d' }),
  'range date math month': range('@timestamp', { gte: '2026-11-10||/M', lte: '2026-11-10||/M' }),
  'range with zone': range('@timestamp', { gte: DAY, lt: '2026-11-06', time_zone: '+02:00' }),
  'range with zone by name': range('@timestamp', { gte: '2026-10-25', lt: '2026-10-26', time_zone: 'Europe/Berlin' }),
  'range format': range('@timestamp', { gte: '05.11.2026', lte: '06.11.2026', format: 'dd.MM.yyyy' }),
  'range epoch': range('@timestamp', { gte: 1_793_836_800_000, lt: 1_793_923_200_000 }),
  'range epoch as text': range('@timestamp', { gte: '1793836800000', lt: '1793923200000', format: 'epoch_millis' }),
  'range year': range('@timestamp', { gte: '2027' }),
  'range now': range('@timestamp', { gte: 'now+10y' }),
  'range of another date': range('file.mtime', { gte: '2026-11-01T12:00', lt: '2026-11-02' }),
  'range long': range('source.bytes', { gte: 1000, lt: 2000 }),
  'range long exclusive': range('process.pid', { gt: 1000, lte: 1100 }),
  'range long fractions': range('destination.packets', { gt: 10.5, lt: 12.5 }),
  'range float': range('nginx.access.request_time', { gte: 0.5, lt: 0.75 }),
  'range keyword': range('process.name', { gte: 'n', lt: 'p' }),
  'range addresses': range('source.ip', { gte: '10.20.0.0', lte: '10.20.3.255' }),
  'range IPv6': range('destination.ip', { gte: '2001:db8::', lt: '2001:db8:200::' }),
  'range open': range('destination.port', {}),
  'range empty': range('destination.port', { gt: 100, lt: 100 }),
  'range nested numbers': nested(range('dns.answers.ttl', { gte: 3000 })),
  // Presence.
  'exists keyword': exists('labels.team'),
  'exists object': exists('suricata.eve'),
  'exists text': exists('message'),
  'exists nothing': exists('no.such'),
  'exists number': exists('winlog.record_id'),
  'exists geo point': exists('source.geo.location'),
  'missing': not(exists('user.name')),
  'exists flattened': exists('aws.cloudtrail.flattened.request_parameters'),
  // Text.
  'match any word': match('message', 'refused scan'),
  'match all words': match('message', 'successfully logged', { operator: 'and' }),
  'match keyword': match('event.dataset', 'nginx.access'),
  'match keyword with more': match('event.dataset', 'dns tls'),
  'match number': match('destination.port', '22'),
  'match lenient': match('destination.port', 'ssh', { lenient: true }),
  'match capitals': match('message', 'POTENTIAL'),
  'match number in text': match('message', 'PID 4711'),
  'match punctuation': match('message', 'logon-type: 3', { operator: 'and' }),
  'match address in text': match('message', '10.20.0.2'),
  'phrase': phrase('message', 'potential ssh scan'),
  'phrase over lines': phrase('message', 'Logon Type: 3'),
  'phrase keyword': phrase('rule.category', 'Attempted Information Leak'),
  'phrase not in order': phrase('message', 'scan ssh'),
  'phrase one word': phrase('message', 'created'),
  'phrase prefix': { match_phrase_prefix: { message: 'was successfully log' } },
  'bool prefix': { match_bool_prefix: { message: 'security succ' } },
  'multi match': { multi_match: { query: 'refused', fields: ['message', 'event.outcome'] } },
  'multi match phrase': { multi_match: { query: 'ssh scan', fields: ['message', 'rule.*'], type: 'phrase' } },
  'multi match and': { multi_match: { query: 'ssh 7', fields: ['message'], operator: 'and' } },
  // Combined.
  'and': must(term('event.dataset', 'dns'), range('@timestamp', { gte: DAY })),
  'or': any(term('event.dataset', 'dns'), term('event.kind', 'alert')),
  'and not': { bool: { filter: [exists('source.ip')], must_not: [term('agent.type', 'filebeat')] } },
  'not not': not(not(term('agent.type', 'packetbeat'))),
  'should beside filter is optional': { bool: { filter: [term('event.kind', 'alert')], should: [term('tags', 'dmz')] } },
  'two of three': {
    bool: {
      should: [term('agent.type', 'packetbeat'), term('network.transport', 'udp'), exists('dns.id')],
      minimum_should_match: 2,
    },
  },
  'must and should': { bool: { must: [term('type', 'dns')], should: [exists('labels.env')], minimum_should_match: 1 } },
  'empty bool': { bool: {} },
  'deep': must(any(must(term('tags', 'dmz'), not(term('suricata.eve.in_iface', 'eth0'))), term('event.severity', 4))),
  'constant score': { constant_score: { filter: term('event.severity', 1), boost: 1.2 } },
  'not missing field': not(term('no.such', 1)),
  'array and not': must(term('tags', 'suricata'), not(term('tags', 'office'))),
  // Nested objects.
  'nested': nested(must(term('dns.answers.type', 'AAAA'), prefix('dns.answers.data', '2001:db8:'))),
  'nested two in one object': nested(must(term('dns.answers.type', 'A'), wildcard('dns.answers.data', '*:*'))),
  'nested or': nested(any(range('dns.answers.ttl', { lt: 100 }), term('dns.answers.type', 'AAAA'))),
  'nested not inside': nested(not(term('dns.answers.type', 'A'))),
  'nested not outside': must(exists('dns.id'), not(nested(term('dns.answers.type', 'AAAA')))),
  'nested exists': nested(exists('dns.answers.name')),
  'nested field from outside': term('dns.answers.type', 'A'),
  // Flattened objects.
  'flattened key': term('aws.cloudtrail.flattened.request_parameters.param7', '7'),
  // Lucene query strings.
  'string field': text('event.dataset:dns'),
  'string and or not': text('(event.dataset:dns OR event.dataset:tls) AND NOT labels.env:prod'),
  'string phrase': text('message:"potential ssh scan"'),
  'string range': text('destination.port:[20 TO 80}'),
  'string open range': text('process.pid:>32000'),
  'string wildcard': text('process.name:s?hd'),
  'string regexp': text('process.name:/s(sh|u)d.?/'),
  'string exists': text('_exists_:labels.team'),
  'string default field': text('refused', { default_field: 'message' }),
  'string default operator': text('ssh scan', { fields: ['message'], default_operator: 'and' }),
  'string plus minus': text('+agent.type:filebeat -event.kind:alert'),
  'string escaped': text('winlog.event_data.LogonGuid:\\{a*\\}'),
  'string date': text('@timestamp:[2026-11-05 TO 2026-11-06]'),
  'string group': text('event.dataset:(dns OR tls)'),
  'string star': text('*'),
  'simple string': { simple_query_string: { query: 'refused + account', fields: ['message'] } },
  'simple string or not': { simple_query_string: { query: '"ssh scan" | refused', fields: ['message'] } },
}; // biome-ignore format: a table

const sorts: Readonly<Record<string, Readonly<Record<string, any>>>> = {
  'oldest first': { sort: [{ '@timestamp': 'asc' }, { seq: 'asc' }] },
  'second page': { sort: SORT, from: 20, size: 7 },
  'search after': { sort: SORT, search_after: [1_793_900_000_000, 5] },
  'keyword': { sort: [{ 'host.name': 'asc' }, { seq: 'desc' }] },
  'keyword descending': { sort: [{ 'event.dataset': 'desc' }, { seq: 'asc' }] },
  'number, missing last': { sort: [{ 'source.bytes': 'desc' }, { seq: 'asc' }] },
  'number, missing last ascending': { query: exists('host.name'), sort: [{ 'process.pid': 'asc' }, { seq: 'asc' }] },
  'missing first': { sort: [{ 'source.bytes': { order: 'asc', missing: '_first' } }, { seq: 'asc' }], size: 5 },
  'missing value': { sort: [{ 'source.bytes': { order: 'asc', missing: 77 } }, { seq: 'asc' }], size: 5 },
  'keyword missing last': { sort: [{ 'labels.team': 'desc' }, { seq: 'asc' }] },
  'lowest of an array': { query: exists('dns.resolved_ip'), sort: [{ 'dns.resolved_ip': 'asc' }, { seq: 'asc' }] },
  'highest of an array': { query: exists('process.args'), sort: [{ 'process.args': { order: 'desc', mode: 'max' } }, { seq: 'asc' }] },
  'address': { query: exists('source.ip'), sort: [{ 'source.ip': 'asc' }, { seq: 'asc' }] },
  'boolean': { query: exists('flow.complete'), sort: [{ 'flow.complete': 'asc' }, { seq: 'asc' }] },
  'float': { query: exists('nginx.access.request_time'), sort: [{ 'nginx.access.request_time': 'desc' }, { seq: 'asc' }] },
  'index': { sort: [{ _index: 'asc' }, { seq: 'asc' }] },
  'unmapped': { sort: [{ 'no.such': { order: 'asc', unmapped_type: 'long' } }, { seq: 'asc' }] },
  'source left out': { sort: SORT, _source: false },
  'source some': { sort: SORT, _source: ['host.name', 'event.*', 'user'] },
  'source without': { sort: SORT, _source: { excludes: ['host', '*.ip', 'message'] } },
  'source both': { sort: SORT, _source: { includes: ['host.*'], excludes: ['host.os'] } },
  'fields': { sort: SORT, _source: false, fields: ['host.name', 'event.category', 'destination.port', '@timestamp'] },
  'fields with format': { sort: SORT, _source: false, fields: [{ field: '@timestamp', format: 'yyyy/MM/dd' }] },
  'fields by pattern': { sort: SORT, _source: false, fields: ['host.os.*', 'user.n*'] },
  'docvalue fields': { sort: SORT, _source: false, docvalue_fields: ['event.dataset'] },
  'count up to': { sort: SORT, track_total_hits: 100 },
  'count not': { sort: SORT, track_total_hits: false },
  'post filter': { sort: SORT, query: term('agent.type', 'packetbeat'), post_filter: term('type', 'dns') },
  'highlight': { sort: SORT, query: match('message', 'scan'), _source: false, highlight: { fields: { message: {} } } },
  'highlight tags': {
    sort: SORT,
    query: term('event.dataset', 'dns'),
    _source: false,
    highlight: { pre_tags: '<b>', post_tags: '</b>', fields: { 'event.dataset': { number_of_fragments: 0 } } },
  },
  'version': { sort: SORT, version: true, size: 3 },
}; // biome-ignore format: a table

type Aggs = Readonly<Record<string, any>>;
/** Of each shard so many that nothing is an estimate. */
const size = (field: string, of: number, more = {}): Aggs => ({
  terms: { field, size: of, shard_size: 100_000, ...more },
});
const metric = (type: string, field: string, more = {}): Aggs => ({ [type]: { field, ...more } });
/** Values that are as frequent as each other come in the same order: by key. */
const byKey = { order: [{ _count: 'desc' }, { _key: 'asc' }] };
const hourly = { fixed_interval: '6h' };

const aggregations: Readonly<Record<string, Aggs>> = {
  'terms': size('event.dataset', 20, byKey),
  'terms of an array': size('event.category', 10, byKey),
  'terms cut': size('host.name', 3, byKey),
  'terms by key': size('agent.type', 10, { order: { _key: 'desc' } }),
  'terms rarest': size('event.dataset', 3, { order: [{ _count: 'asc' }, { _key: 'asc' }]}),
  'terms of numbers': size('destination.port', 10, byKey),
  'terms of floats': size('http.version', 10, byKey),
  'terms of booleans': size('flow.complete', 10, byKey),
  'terms of addresses': size('destination.ip', 5, byKey),
  'terms of dates': size('tls.server.not_after', 5, byKey),
  'terms minimum': size('user.name', 5, { ...byKey, min_doc_count: 10 }),
  'terms include': size('process.name', 10, { ...byKey, include: 's.*' }),
  'terms exclude': size('process.name', 5, { ...byKey, exclude: ['bash', 'sshd'] }),
  'terms include list': size('event.dataset', 5, { ...byKey, include: ['dns', 'tls'] }),
  'terms missing': size('labels.team', 10, { ...byKey, missing: 'none' }),
  'terms unknown': size('no.such', 10),
  'terms of a large number': size('winlog.record_id', 3, { order: { _key: 'asc' }}),
  'terms by average': {
    terms: { field: 'process.name', size: 5, order: { a: 'desc' }, shard_size: 1000 },
    aggs: { a: metric('avg', 'process.pid') },
  },
  'terms by stats': {
    terms: { field: 'event.dataset', size: 5, order: { 's.max': 'asc' }, shard_size: 1000 },
    aggs: { s: metric('stats', 'network.bytes') },
  },
  'terms in terms': {
    terms: { field: 'agent.type', ...byKey },
    aggs: { d: size('event.dataset', 3, byKey) },
  },
  'terms in terms in terms': {
    terms: { field: 'agent.type', ...byKey },
    aggs: { d: { terms: { field: 'event.kind', ...byKey }, aggs: { t: size('network.transport', 3, byKey) } } },
  },
  'terms over time': {
    terms: { field: 'agent.type', ...byKey },
    aggs: { t: { date_histogram: { field: '@timestamp', calendar_interval: 'week' } } },
  },
  'histogram': { histogram: { field: 'destination.bytes', interval: 10_000 } },
  'histogram offset': { histogram: { field: 'destination.bytes', interval: 10_000, offset: 500 } },
  'histogram of floats': { histogram: { field: 'nginx.access.request_time', interval: 0.5 } },
  'histogram minimum': { histogram: { field: 'destination.port', interval: 100, min_doc_count: 1 } },
  'histogram keyed': { histogram: { field: 'event.severity', interval: 1, keyed: true } },
  'histogram bounds': {
    histogram: { field: 'event.severity', interval: 1, min_doc_count: 0, extended_bounds: { min: -1, max: 7 } },
  },
  'histogram missing': { histogram: { field: 'event.severity', interval: 2, missing: 9 } },
  'dates daily': { date_histogram: { field: '@timestamp', calendar_interval: 'day' } },
  'dates fixed': { date_histogram: { field: '@timestamp', ...hourly } },
  'dates Berlin': { date_histogram: { field: '@timestamp', calendar_interval: 'day', time_zone: 'Europe/Berlin' } },
  'dates Berlin hours': {
    date_histogram: { field: '@timestamp', fixed_interval: '12h', time_zone: 'Europe/Berlin' },
  },
  'dates with offset zone': { date_histogram: { field: '@timestamp', calendar_interval: 'day', time_zone: '-05:00' } },
  'dates monthly': { date_histogram: { field: '@timestamp', calendar_interval: 'month' } },
  'dates quarterly': { date_histogram: { field: '@timestamp', calendar_interval: '1q' } },
  'dates yearly': { date_histogram: { field: '@timestamp', calendar_interval: '1y' } },
  'dates weekly': { date_histogram: { field: '@timestamp', calendar_interval: 'week' } },
  'dates offset': { date_histogram: { field: '@timestamp', calendar_interval: 'day', offset: '+6h' } },
  'dates format': { date_histogram: { field: '@timestamp', calendar_interval: 'day', format: 'yyyy-MM-dd' } },
  'dates keyed': {
    date_histogram: { field: '@timestamp', calendar_interval: 'week', keyed: true, format: 'dd.MM.' },
  },
  'dates minimum': { date_histogram: { field: '@timestamp', fixed_interval: '90m', min_doc_count: 5 } },
  'dates bounds': {
    date_histogram: {
      field: '@timestamp',
      calendar_interval: 'day',
      min_doc_count: 0,
      extended_bounds: { min: '2026-10-15', max: '2026-11-25' },
    },
  },
  'dates hard bounds': {
    date_histogram: {
      field: '@timestamp',
      calendar_interval: 'day',
      hard_bounds: { min: '2026-11-01', max: '2026-11-10' },
    },
  },
  'dates newest first': { date_histogram: { field: '@timestamp', calendar_interval: 'week', order: { _key: 'desc' } } },
  'dates by count': {
    date_histogram: { field: '@timestamp', calendar_interval: 'week', order: { _count: 'desc' } },
  },
  'dates with metrics': {
    date_histogram: { field: '@timestamp', calendar_interval: 'week' },
    aggs: { s: metric('sum', 'network.bytes'), c: metric('value_count', 'source.ip'), m: metric('max', 'source.bytes') },
  },
  'dates with terms': {
    date_histogram: { field: '@timestamp', calendar_interval: 'week' },
    aggs: { t: size('event.kind', 5, byKey) },
  },
  'auto dates': { auto_date_histogram: { field: '@timestamp', buckets: 10 } },
  'range': { range: { field: 'destination.port', ranges: [{ to: 100 }, { from: 100, to: 1000 }, { from: 1000 }] } },
  'range keys': { range: { field: 'source.bytes', ranges: [{ key: 'small', to: 1000 }, { key: 'big', from: 500_000 }] } },
  'range keyed': { range: { field: 'event.severity', keyed: true, ranges: [{ to: 2 }, { from: 2 }] } },
  'range overlapping': {
    range: { field: 'event.severity', ranges: [{ from: 1, to: 3 }, { from: 2, to: 5 }] },
    aggs: { t: size('tags', 3, byKey) },
  },
  'range of floats': { range: { field: 'nginx.access.request_time', ranges: [{ to: 0.5 }, { from: 0.5, to: 1.25 }] } },
  'date range': {
    date_range: { field: '@timestamp', ranges: [{ to: '2026-11-01' }, { from: '2026-11-01', to: '2026-11-08' }] },
  },
  'date range math': {
    date_range: { field: '@timestamp', format: 'yyyy-MM-dd', ranges: [{ from: '2026-11-10||/M' }] },
  },
  'date range keys': {
    date_range: { field: '@timestamp', keyed: true, ranges: [{ key: 'old', to: '2026-10-25' }] },
  },
  'ip range': { ip_range: { field: 'source.ip', ranges: [{ mask: '10.20.0.0/16' }, { from: '10.22.0.0', to: '10.23.0.0' }] } },
  'ip range open': { ip_range: { field: 'destination.ip', ranges: [{ to: '100.0.0.0' }, { from: '2001:db8::' }] } },
  'filter': { filter: term('event.kind', 'alert'), aggs: { t: size('tags', 5, byKey) } },
  'filters': {
    filters: { filters: { dns: term('type', 'dns'), bad: term('event.outcome', 'failure') } },
    aggs: { h: metric('cardinality', 'agent.type') },
  },
  'filters list': { filters: { filters: [term('type', 'dns'), text('event.dataset:tls')] } },
  'filters other': { filters: { other_bucket_key: 'rest', filters: { dns: term('type', 'dns') } } },
  'global': { global: {}, aggs: { t: size('agent.type', 5, byKey) } },
  'missing': { missing: { field: 'labels.env' }, aggs: { m: metric('max', '@timestamp') } },
  'missing of everything': { missing: { field: 'no.such' } },
  'nested': { nested: { path: 'dns.answers' }, aggs: { t: size('dns.answers.type', 5, byKey) } },
  'nested metrics': { nested: { path: 'dns.answers' }, aggs: { s: metric('stats', 'dns.answers.ttl') } },
  'nested conditions': {
    nested: { path: 'dns.answers' },
    aggs: {
      a: { filter: term('dns.answers.type', 'A'), aggs: { s: metric('stats', 'dns.answers.ttl') } },
      f: { filters: { filters: { short: range('dns.answers.ttl', { lt: 300 }), six: term('dns.answers.type', 'AAAA') } } },
      m: { missing: { field: 'dns.answers.ttl' } },
      r: { range: { field: 'dns.answers.ttl', ranges: [{ to: 300 }, { from: 300 }] } },
      h: { histogram: { field: 'dns.answers.ttl', interval: 600 } },
    },
  },
  'nested in buckets': {
    date_histogram: { field: '@timestamp', fixed_interval: '5d' },
    aggs: { n: { nested: { path: 'dns.answers' }, aggs: { t: size('dns.answers.type', 5, byKey) } } },
  },
  'nested, of others': { nested: { path: 'dns.answers' }, aggs: { t: size('agent.type', 5, byKey) } },
  'nested of nothing': { nested: { path: 'no.such' }, aggs: { t: size('no.such.type', 5), m: metric('max', 'no.such.n') } },
  'reverse nested': {
    nested: { path: 'dns.answers' },
    aggs: {
      t: { ...size('dns.answers.type', 5, byKey), aggs: { d: { reverse_nested: {}, aggs: { h: size('agent.type', 5, byKey), l: metric('max', '@timestamp') } } } },
    },
  },
  'composite': {
    composite: { size: 10, sources: [{ a: { terms: { field: 'agent.type' } } }, { k: { terms: { field: 'event.kind' } } }] },
  },
  'composite after': {
    composite: {
      size: 4,
      sources: [{ a: { terms: { field: 'agent.type' } } }, { d: { terms: { field: 'event.dataset' } } }],
      after: { a: 'auditbeat', d: 'process' },
    },
  },
  'composite descending': {
    composite: { size: 5, sources: [{ d: { terms: { field: 'event.dataset', order: 'desc' } } }] },
  },
  'composite dates': {
    composite: {
      size: 6,
      sources: [{ w: { date_histogram: { field: '@timestamp', calendar_interval: '1d' } } }, { a: { terms: { field: 'agent.type' } } }],
    },
    aggs: { b: metric('sum', 'network.bytes') },
  },
  'composite numbers': { composite: { size: 5, sources: [{ p: { histogram: { field: 'destination.port', interval: 100 } } }] } },
  'composite missing': {
    composite: { size: 6, sources: [{ e: { terms: { field: 'labels.env', missing_bucket: true } } }] },
  },
  'cardinality few': metric('cardinality', 'event.dataset'),
  'cardinality of numbers': metric('cardinality', 'destination.port'),
  'cardinality unknown': metric('cardinality', 'no.such'),
  'value count': metric('value_count', 'event.category'),
  'value count of numbers': metric('value_count', 'destination.port'),
  'min': metric('min', 'source.bytes'),
  'min date': metric('min', '@timestamp'),
  'min with format': metric('min', '@timestamp', { format: 'yyyy' }),
  'max': metric('max', 'nginx.access.request_time'),
  'avg': metric('avg', 'process.pid'),
  'avg missing': metric('avg', 'event.severity', { missing: 10 }),
  'sum': metric('sum', 'network.bytes'),
  'sum of nothing': metric('sum', 'no.such'),
  'avg of nothing': metric('avg', 'no.such'),
  'stats': metric('stats', 'destination.bytes'),
  'stats of nothing': metric('stats', 'no.such'),
  'stats of dates': metric('stats', 'file.mtime'),
  'extended stats': metric('extended_stats', 'event.severity'),
  'extended stats sigma': metric('extended_stats', 'destination.packets', { sigma: 3 }),
  'top hits': { top_hits: { size: 2, sort: SORT, _source: ['host.name', 'seq'] } },
  'top hits in terms': {
    terms: { field: 'agent.type', ...byKey },
    aggs: { newest: { top_hits: { size: 1, sort: SORT, _source: ['seq'] } } },
  },
  'meta': { ...metric('max', 'source.bytes'), meta: { label: 'x' } },
}; // biome-ignore format: a table

const estimates: Readonly<Record<string, readonly [Aggs, number]>> = {
  'percentiles': [metric('percentiles', 'source.bytes'), 0.03],
  'percentiles chosen': [metric('percentiles', 'destination.bytes', { percents: [50, 95, 99] }), 0.03],
  'percentiles list': [metric('percentiles', 'process.pid', { keyed: false, percents: [25, 75] }), 0.03],
  'percentile ranks': [metric('percentile_ranks', 'destination.bytes', { values: [10_000, 80_000] }), 0.03],
  'cardinality many': [metric('cardinality', 'process.entity_id'), 0.06],
  'cardinality precise': [metric('cardinality', 'url.path', { precision_threshold: 40_000 }), 0.02],
  'cardinality of addresses': [metric('cardinality', 'destination.ip'), 0.06],
}; // biome-ignore format: a table

/** Aggregations over everything, and again under a filter. */
const NARROW = must(
  range('@timestamp', { gte: '2026-11-08', lt: '2026-11-12' }),
  not(term('event.kind', 'alert')),
);

/** Headings in docs/specs/elasticsearch-api.md that say why answers differ, by the end of a case's name. */
const differences: Readonly<Record<string, string>> = {
  'query: regexp interval': 'Regular expressions',
  'query: regexp complement': 'Regular expressions',
  'query: regexp and': 'Regular expressions',
  'query: exists geo point': 'Fields kept in the document only',
  'query: nested field from outside': 'Nested fields from outside',
  'hits: source without': 'Parts of documents',
};

const all: readonly DifferentialCase[] = [
  ...Object.entries(queries).map(([name, query]) => ({
    name: `query: ${name}`,
    body: { query, sort: SORT, size: 20, track_total_hits: true },
  })),
  ...['auditbeat-*', 'winlogbeat-*,-*2026.11.0*', 'filebeat-7.7.1-2026.11.0*', '*'].map((index) => ({
    name: `indices: ${index}`,
    index,
    body: { sort: SORT, size: 10, track_total_hits: true },
  })),
  ...Object.entries(sorts).map(([name, body]) => ({
    name: `hits: ${name}`,
    body: { track_total_hits: true, ...body },
  })),
  ...Object.entries(aggregations).flatMap(([name, agg]) => [
    {
      name: `aggregation: ${name}`,
      body: { size: 0, track_total_hits: true, aggs: { agg } },
      // OpenSearch's count with `include` is too small for some data: only the buckets are compared.
      ...(name === 'terms include' && { within: 0 }),
    },
    { name: `aggregation, narrowed: ${name}`, body: { size: 0, query: NARROW, aggs: { agg } } },
  ]),
  ...Object.entries(estimates).map(([name, [agg, within]]) => ({
    name: `estimate: ${name}`,
    body: { size: 0, aggs: { agg } },
    within,
  })),
];

export const cases: readonly DifferentialCase[] = all.map((one) =>
  Object.hasOwn(differences, one.name) ? { ...one, differs: differences[one.name]! } : one,
);
