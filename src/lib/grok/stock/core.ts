/** Building blocks: numbers, words, addresses, paths, dates, and the common part of syslog lines. */
import type { StockTable } from '../stock.ts';

const HEX4 = '[0-9A-Fa-f]{1,4}';
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const DOTTED = `${OCTET}(?:\\.${OCTET}){3}`;
/** An octet of IPV4, which may have leading zeros. */
const LOOSE_OCTET = '(?:[01]?[0-9]{1,2}|2[0-4][0-9]|25[0-5])';

/** Groups of an IPv6 address before the `::`, and what may follow so many. */
function ipv6(): string {
  const forms = [7, 6, 5, 4, 3, 2, 1, 0].map((groups) => {
    if (groups === 7) return `(?:${HEX4}:){7}(?:${HEX4}|:)`;
    if (groups === 6) return `(?:${HEX4}:){6}(?::${HEX4}|${DOTTED}|:)`;
    const tail = `(?:(?::${HEX4}){1,${7 - groups}}|(?::${HEX4}){0,${5 - groups}}:${DOTTED}|:)`;
    return groups === 0 ? `:${tail}` : `(?:${HEX4}:){${groups}}${tail}`;
  });
  return `(?:${forms.join('|')})(?:%.+)?`;
}

/** Quoted text: no quote of the kind inside, unless behind a backslash; no backslash before. */
const quoted = (quote: string): string => `${quote}(?>\\\\.|[^\\\\${quote}]+)+${quote}|${quote}${quote}`;

const level = (word: string, rest = ''): string => {
  const lower = `[${word[0]!.toUpperCase()}${word[0]}]${word.slice(1)}`;
  return `${lower}${rest}|${word.toUpperCase()}${rest.toUpperCase()}`;
};

const URI_CHARS = "A-Za-z0-9$.+!*'(){},~:;=@#%&_\\-";
const QUERY_CHARS = "A-Za-z0-9$.+!*'|(){},~@#%&/=:;_?\\-\\[\\]<>";
const LOCAL_CHARS = "[\\w!#$%&'*+\\-/=?^`{|}~]+";

export const core: StockTable = {
  USERNAME: '[\\w.-]+',
  USER: '%{USERNAME}',
  // ECS v1 limits the parts to 64 characters and their number to 64; nothing longer is an address anyway.
  EMAILLOCALPART: `«[a-zA-Z][\\w+-=]+‖${LOCAL_CHARS}(?:\\.${LOCAL_CHARS})*»`,
  EMAILADDRESS: '%{EMAILLOCALPART}@%{HOSTNAME}',
  INT: '[+-]?[0-9]+',
  BASE10NUM: '(?<![0-9.+-])(?>[+-]?(?:[0-9]+(?:\\.[0-9]+)?|\\.[0-9]+))',
  NUMBER: '%{BASE10NUM}',
  BASE16NUM: '(?<!\\h)[+-]?(?:0x)?\\h+',
  BASE16FLOAT: '\\b(?<![\\h.])[+-]?(?:0x)?(?:\\h+(?:\\.\\h*)?|\\.\\h+)\\b',
  POSINT: '\\b[1-9][0-9]*\\b',
  NONNEGINT: '\\b[0-9]+\\b',
  WORD: '\\b\\w+\\b',
  NOTSPACE: '\\S+',
  SPACE: '\\s*',
  DATA: '.*?',
  GREEDYDATA: '.*',
  QUOTEDSTRING: `(?<!\\\\)(?>${quoted('"')}|${quoted("'")}|${quoted('`')})`,
  QS: '%{QUOTEDSTRING}',
  UUID: '\\h{8}-(?:\\h{4}-){3}\\h{12}',
  URN: "urn:[0-9A-Za-z][0-9A-Za-z-]{0,31}:(?:%\\h\\h|[0-9A-Za-z()+,.:=@;$_!*'/?#-])+",

  MAC: '%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC}',
  CISCOMAC: '(?:\\h{4}\\.){2}\\h{4}',
  WINDOWSMAC: '(?:\\h\\h-){5}\\h\\h',
  COMMONMAC: '(?:\\h\\h:){5}\\h\\h',
  IPV6: ipv6(),
  IPV4: `(?<![0-9])(?:${LOOSE_OCTET}\\.){3}${LOOSE_OCTET}(?![0-9])`,
  IP: '%{IPV6}|%{IPV4}',
  HOSTNAME: '\\b[0-9A-Za-z][0-9A-Za-z-]{0,62}(?:\\.[0-9A-Za-z][0-9A-Za-z-]{0,62})*(?:\\.?|\\b)',
  IPORHOST: '%{IP}|%{HOSTNAME}',
  HOSTPORT: '%{IPORHOST}:%{POSINT}',

  PATH: '%{UNIXPATH}|%{WINPATH}',
  UNIXPATH: '(?:/[[:alnum:]_%!$@:.,+~-]*)+',
  WINPATH: '(?>[A-Za-z]+:|\\\\)(?:\\\\[^\\\\?*]*)+',
  TTY: '/dev/(?:pts|tty(?:[pq])?)\\w*/?[0-9]+',
  URIPROTO: '[A-Za-z][A-Za-z0-9+\\-.]+',
  URIHOST: '%{IPORHOST}(?::%{«POSINT:port‖POSINT»})?',
  URIPATH: `(?:/[${URI_CHARS}]*)+`,
  'ecs:URIQUERY': `[${QUERY_CHARS}]*`,
  URIPARAM: `\\?«[${QUERY_CHARS}]*‖%{URIQUERY}»`,
  URIPATHPARAM: '%{URIPATH}(?:%{URIPARAM})?',
  URI: '%{URIPROTO}://(?:%{USER}(?::[^@]*)?@)?(?:%{URIHOST})?(?:%{URIPATHPARAM})?',

  MONTH:
    '\\b(?:[Jj]an(?:uary?)?|[Ff]eb(?:ruary?)?|[Mm][aä]?r(?:ch|z)?|[Aa]pr(?:il)?|[Mm]a[yi]?|[Jj]un[ei]?|[Jj]ul[yi]?|' +
    '[Aa]ug(?:ust)?|[Ss]ep(?:tember)?|[Oo][ck]?t(?:ober)?|[Nn]ov(?:ember)?|[Dd]e[cz](?:ember)?)\\b',
  MONTHNUM: '0?[1-9]|1[0-2]',
  MONTHNUM2: '0[1-9]|1[0-2]',
  MONTHDAY: '0[1-9]|[12][0-9]|3[01]|[1-9]',
  DAY: 'Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?',
  YEAR: '(?:[0-9]{2}){1,2}',
  HOUR: '2[0-3]|[01]?[0-9]',
  MINUTE: '[0-5][0-9]',
  // 60 is a leap second.
  SECOND: '(?:[0-5]?[0-9]|60)(?:[:.,][0-9]+)?',
  TIME: '%{HOUR}:%{MINUTE}:%{SECOND}(?![0-9])',
  DATE_US: '%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}',
  DATE_EU: '%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}',
  DATE: '%{DATE_US}|%{DATE_EU}',
  ISO8601_TIMEZONE: 'Z|[+-]%{HOUR}:?%{MINUTE}',
  ISO8601_SECOND: '%{SECOND}',
  TIMESTAMP_ISO8601:
    '%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?%{ISO8601_TIMEZONE}?',
  DATESTAMP: '%{DATE}[- ]%{TIME}',
  TZ: '[APMCE][SD]T|UTC',
  DATESTAMP_RFC822: '%{DAY} %{MONTH} %{MONTHDAY} %{YEAR} %{TIME} %{TZ}',
  DATESTAMP_RFC2822: '%{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} %{ISO8601_TIMEZONE}',
  DATESTAMP_OTHER: '%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{TZ} %{YEAR}',
  DATESTAMP_EVENTLOG: '%{YEAR}%{MONTHNUM2}%{MONTHDAY}%{HOUR}%{MINUTE}%{SECOND}',
  SYSLOGTIMESTAMP: '%{MONTH} +%{MONTHDAY} %{TIME}',
  HTTPDATE: '%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} %{INT}',

  // Printable ASCII without space, [ and ].
  PROG: '[!-Z\\\\^-~]+',
  SYSLOGPROG: '%{PROG:«program‖[process][name]»}(?:\\[%{POSINT:«pid‖[process][pid]:int»}\\])?',
  SYSLOGHOST: '%{IPORHOST}',
  SYSLOGFACILITY:
    '<%{NONNEGINT:«facility‖[log][syslog][facility][code]:int»}.%{NONNEGINT:«priority‖[log][syslog][priority]:int»}>',
  SYSLOGBASE:
    '%{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:«logsource‖[host][hostname]»} %{SYSLOGPROG}:',
  LOGLEVEL: [
    ...['alert', 'trace', 'debug', 'notice'].map((word) => level(word)),
    level('info', '?(?:rmation)?'),
    level('warn', '?(?:ing)?'),
    level('err', '?(?:or)?'),
    level('crit', '?(?:ical)?'),
    ...['fatal', 'severe'].map((word) => level(word)),
    'EMERG(?:ENCY)?|[Ee]merg(?:ency)?',
  ].join('|'),
};
