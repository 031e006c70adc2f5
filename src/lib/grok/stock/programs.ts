/** Programs with a pattern or two: BIND, Exim, HAProxy, Java, MongoDB, PostgreSQL, Redis, Ruby and others. */
import type { StockTable } from '../stock.ts';

const EXIM_FIELDS = [
  'REMOTE_HOST',
  'INTERFACE',
  'PROTOCOL',
  'MSG_SIZE',
  'HEADER_ID',
  'SUBJECT',
  'UNKNOWN_FIELD',
];

const bind: StockTable = {
  BIND9_TIMESTAMP: '%{MONTHDAY}-%{MONTH}-%{YEAR} %{TIME}',
  'ecs:BIND9_DNSTYPE':
    'A|AAAA|CAA|CDNSKEY|CDS|CERT|CNAME|CSYNC|DLV|DNAME|DNSKEY|DS|HINFO|LOC|MX|NAPTR|NS|NSEC|NSEC3|' +
    'OPENPGPKEY|PTR|RRSIG|RP|SIG|SMIMEA|SOA|SRV|TSIG|TXT|URI',
  'ecs:BIND9_CATEGORY': 'queries',
  'ecs:BIND9_QUERYLOGBASE':
    'client(?::? @0x\\h+)? %{IP:[client][ip]}#%{POSINT:[client][port]:int} ' +
    '\\(%{GREEDYDATA:[bind][log][question][name]}\\): query: %{GREEDYDATA:[dns][question][name]} ' +
    '(?<[dns][question][class]>IN) %{BIND9_DNSTYPE:[dns][question][type]}' +
    '(?::? %{DATA:[bind][log][question][flags]})? \\(%{IP:[server][ip]}\\)',
  // The field is called bing in Logstash's set.
  'ecs:BIND9_QUERYLOG':
    '%{BIND9_TIMESTAMP:timestamp} %{BIND9_CATEGORY:[bing][log][category]}: %{LOGLEVEL:[log][level]}: ' +
    '%{BIND9_QUERYLOGBASE}',
  BIND9:
    '«%{BIND9_TIMESTAMP:timestamp} queries: %{LOGLEVEL:loglevel}: client(?::? @0x\\h+)? ' +
    '%{IP:clientip}#%{POSINT:clientport} \\(%{GREEDYDATA:query}\\): query: %{GREEDYDATA:query} IN ' +
    '%{GREEDYDATA:querytype} \\(%{IP:dns}\\)‖%{BIND9_QUERYLOG}»',
};

const exim: StockTable = {
  EXIM_MSGID: '[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}',
  EXIM_FLAGS: '<=|[-=>*]>|[*]{2}|==«‖|<>»',
  EXIM_DATE:
    '«%{YEAR:exim_year}-%{MONTHNUM:exim_month}-%{MONTHDAY:exim_day} %{TIME:exim_time}‖' +
    ':?%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{TIME}»',
  EXIM_PID: '\\[%{POSINT:«pid‖[process][pid]:int»}\\]',
  EXIM_QT: [...'ywdhms'].map((unit) => `(?:\\d+${unit})?`).join(''),
  EXIM_EXCLUDE_TERMS: [
    'Message is frozen',
    '(?:Start|End) queue run',
    ' Warning: ',
    ' retry time not reached ',
    ' no (?:IP address|host name) found for (?:IP address|host) ',
    ' unexpected disconnection while reading SMTP command ',
    ' no immediate delivery: ',
    'another process is handling this message',
  ].join('|'),
  EXIM_REMOTE_HOST:
    'H=(?:%{NOTSPACE:«remote_hostname‖[source][address]»} )?' +
    '(?:\\(%{NOTSPACE:«remote_heloname‖[exim][log][remote_address]»}\\) )?' +
    '\\[%{IP:«remote_host‖[source][ip]»}\\](?::%{POSINT:«remote_port‖[source][port]:int»})?',
  EXIM_INTERFACE:
    'I=\\[%{IP:«exim_interface‖[destination][ip]»}\\]:%{NUMBER:«exim_interface_port‖[destination][port]:int»}',
  EXIM_PROTOCOL: 'P=%{NOTSPACE:«protocol‖[network][protocol]»}',
  EXIM_MSG_SIZE: 'S=%{NUMBER:«exim_msg_size‖[exim][log][message][size]:int»}',
  EXIM_HEADER_ID: 'id=%{NOTSPACE:«exim_header_id‖[exim][log][header_id]»}',
  'ecs:EXIM_QUOTED_CONTENT': '(?:\\\\.|[^\\\\"])*',
  EXIM_SUBJECT: '«T=%{QS:exim_subject}‖T="%{EXIM_QUOTED_CONTENT:[exim][log][message][subject]}"»',
  EXIM_UNKNOWN_FIELD: '[A-Za-z0-9]{1,4}=«%{NOTSPACE}‖(?:%{QUOTEDSTRING}|%{NOTSPACE})»',
  EXIM_NAMED_FIELDS: `(?: (?:${EXIM_FIELDS.map((name) => `%{EXIM_${name}}`).join('|')}))*`,
  EXIM_MESSAGE_ARRIVAL:
    '%{EXIM_DATE:timestamp} (?:%{EXIM_PID} )?%{EXIM_MSGID:«exim_msgid‖[exim][log][message][id]»} ' +
    '(?<«exim_flags‖[exim][log][flags]»><=) (?<«exim_status‖[exim][log][status]»>[a-z:] )?' +
    '%{EMAILADDRESS:«exim_sender_email‖[exim][log][sender][email]»}%{EXIM_NAMED_FIELDS}' +
    '(?:«‖(?: from <?%{DATA:[exim][log][sender][original]}>?)?» for ' +
    '%{EMAILADDRESS:«exim_recipient_email‖[exim][log][recipient][email]»})?',
  EXIM: '%{EXIM_MESSAGE_ARRIVAL}',
};

const java: StockTable = {
  JAVACLASS: '(?:[a-zA-Z$_][a-zA-Z$_0-9]*\\.)*[a-zA-Z$_][a-zA-Z$_0-9]*',
  JAVAFILE: '[\\w$. -]+',
  JAVAMETHOD: '<(?:cl)?init>|[a-zA-Z$_][a-zA-Z$_0-9]*',
  JAVASTACKTRACEPART:
    '%{SPACE}at %{JAVACLASS:«class‖[java][log][origin][class][name]»}\\.' +
    '%{JAVAMETHOD:«method‖[log][origin][function]»}\\(%{JAVAFILE:«file‖[log][origin][file][name]»}' +
    '(?::%{«NUMBER:line‖INT:[log][origin][file][line]:int»})?\\)',
  JAVATHREAD: '[A-Z]{2}-Processor\\d+',
  JAVALOGMESSAGE: '.*',
  'ecs:CATALINA7_DATESTAMP': '%{MONTH} %{MONTHDAY}, %{YEAR} %{HOUR}:%{MINUTE}:%{SECOND} (?:AM|PM)',
  'ecs:CATALINA7_LOG':
    '%{CATALINA7_DATESTAMP:timestamp} %{JAVACLASS:[java][log][origin][class][name]}' +
    '(?: %{JAVAMETHOD:[log][origin][function]})?\\s*(?:%{LOGLEVEL:[log][level]}:)? %{JAVALOGMESSAGE:message}',
  'ecs:CATALINA8_DATESTAMP': '%{MONTHDAY}-%{MONTH}-%{YEAR} %{HOUR}:%{MINUTE}:%{SECOND}',
  'ecs:CATALINA8_LOG':
    '%{CATALINA8_DATESTAMP:timestamp} %{LOGLEVEL:[log][level]} \\[%{DATA:[java][log][origin][thread][name]}\\] ' +
    '%{JAVACLASS:[java][log][origin][class][name]}\\.(?:%{JAVAMETHOD:[log][origin][function]})? ' +
    '%{JAVALOGMESSAGE:message}',
  CATALINA_DATESTAMP:
    '«%{MONTH} %{MONTHDAY}, 20%{YEAR} %{HOUR}:?%{MINUTE}:?%{SECOND} (?:AM|PM)‖' +
    '%{CATALINA8_DATESTAMP}|%{CATALINA7_DATESTAMP}»',
  CATALINALOG:
    '«%{CATALINA_DATESTAMP:timestamp} %{JAVACLASS:class} %{JAVALOGMESSAGE:logmessage}‖' +
    '%{CATALINA8_LOG}|%{CATALINA7_LOG}»',
  'ecs:TOMCAT7_LOG': '%{CATALINA7_LOG}',
  'ecs:TOMCAT8_LOG': '%{CATALINA8_LOG}',
  'ecs:TOMCATLEGACY_DATESTAMP':
    '%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{HOUR}:%{MINUTE}:%{SECOND}(?: %{ISO8601_TIMEZONE})?',
  'ecs:TOMCATLEGACY_LOG':
    '%{TOMCATLEGACY_DATESTAMP:timestamp} \\| %{LOGLEVEL:[log][level]} \\| ' +
    '%{JAVACLASS:[java][log][origin][class][name]} - %{JAVALOGMESSAGE:message}',
  TOMCAT_DATESTAMP:
    '«20%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{HOUR}:?%{MINUTE}:?%{SECOND} %{ISO8601_TIMEZONE}‖' +
    '%{CATALINA8_DATESTAMP}|%{CATALINA7_DATESTAMP}|%{TOMCATLEGACY_DATESTAMP}»',
  TOMCATLOG:
    '«%{TOMCAT_DATESTAMP:timestamp} \\| %{LOGLEVEL:level} \\| %{JAVACLASS:class} - ' +
    '%{JAVALOGMESSAGE:logmessage}‖%{TOMCAT8_LOG}|%{TOMCAT7_LOG}|%{TOMCATLEGACY_LOG}»',
};

const mongodb: StockTable = {
  MONGO_LOG:
    '%{SYSLOGTIMESTAMP:timestamp} \\[%{WORD:«component‖[mongodb][component]»}\\] %{GREEDYDATA:message}',
  // The query is followed by the field ntoreturn.
  MONGO_QUERY: '\\{ (?<={ ).*(?= } ntoreturn:) \\}',
  MONGO_WORDDASH: '\\b[\\w-]+\\b',
  MONGO_SLOWQUERY:
    '%{«WORD‖WORD:[mongodb][profile][op]»} %{MONGO_WORDDASH:«database‖[mongodb][database]»}\\.' +
    '%{MONGO_WORDDASH:«collection‖[mongodb][collection]»} %{WORD}: ' +
    '%{MONGO_QUERY:«query‖[mongodb][query][original]»} ' +
    '«%{WORD}:%{NONNEGINT:ntoreturn} %{WORD}:%{NONNEGINT:ntoskip} %{WORD}:%{NONNEGINT:nscanned}' +
    '.*nreturned:%{NONNEGINT:nreturned}..+ (?<duration>[0-9]+)ms‖' +
    'ntoreturn:%{NONNEGINT:[mongodb][profile][ntoreturn]:int} ' +
    'ntoskip:%{NONNEGINT:[mongodb][profile][ntoskip]:int} ' +
    'nscanned:%{NONNEGINT:[mongodb][profile][nscanned]:int}.*? ' +
    'nreturned:%{NONNEGINT:[mongodb][profile][nreturned]:int}.*? %{INT:[mongodb][profile][duration]:int}ms»',
  MONGO3_SEVERITY: '\\w',
  MONGO3_COMPONENT: '%{WORD}«|-‖»',
  MONGO3_LOG:
    '%{TIMESTAMP_ISO8601:timestamp} %{MONGO3_SEVERITY:«severity‖[log][level]»} ' +
    '(?:«%{MONGO3_COMPONENT:component}‖-|%{MONGO3_COMPONENT:[mongodb][component]}»)%{SPACE}' +
    '(?:\\[%{DATA:«context‖[mongodb][context]»}\\])? %{GREEDYDATA:message}',
};

export const programs: StockTable = {
  ...bind,
  ...exim,
  ...java,
  ...mongodb,
  MAVEN_VERSION: '(?:\\d+\\.)?(?:\\d+\\.)?(?:\\*|\\d+)(?:[.-](?:RELEASE|SNAPSHOT))?',
  MCOLLECTIVE:
    '., \\[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:«pid‖[process][pid]:int»}\\]%{SPACE}' +
    '%{LOGLEVEL:«event_level‖[log][level]»}',
  MCOLLECTIVEAUDIT: '%{TIMESTAMP_ISO8601:timestamp}:',
  POSTGRESQL:
    '%{DATESTAMP:timestamp} %{«TZ‖TZ:[event][timezone]»} %{DATA:«user_id‖[user][name]»} ' +
    '%{GREEDYDATA:«connection_id‖[postgresql][log][connection_id]»} %{POSINT:«pid‖[process][pid]:int»}',
  REDISTIMESTAMP: '%{MONTHDAY} %{MONTH} %{TIME}',
  REDISLOG: '\\[%{POSINT:«pid‖[process][pid]:int»}\\] %{REDISTIMESTAMP:timestamp} \\*« ‖»',
  REDISMONLOG:
    '%{NUMBER:timestamp} \\[%{INT:«database‖[redis][database][id]»} %{IP:«client‖[client][ip]»}:' +
    '%{«NUMBER:port‖POSINT:[client][port]:int»}\\] "%{WORD:«command‖[redis][command][name]»}"\\s?' +
    '%{GREEDYDATA:«params‖[redis][command][args]»}',
  RUBY_LOGLEVEL: 'DEBUG|FATAL|ERROR|WARN|INFO',
  RUBY_LOGGER:
    '[DFEWI], \\[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:«pid‖[process][pid]:int»}\\] *' +
    '%{RUBY_LOGLEVEL:«loglevel‖[log][level]»} -- +%{DATA:«progname‖[process][name]»}: %{GREEDYDATA:message}',
};
