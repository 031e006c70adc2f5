/** Logs of Apache httpd, Squid and Rails. */
import type { StockTable } from '../stock.ts';

const ERROR_HEAD = '\\[%{HTTPDERROR_DATE:timestamp}\\] ';
const LEVEL = '%{LOGLEVEL:«loglevel‖[log][level]»}';
const CLIENT = '%{IPORHOST:«clientip‖[source][address]»}';
const REQUEST =
  '%{WORD:«verb‖[http][request][method]»} %{NOTSPACE:«request‖[url][original]»}' +
  '(?: HTTP/%{NUMBER:«httpversion‖[http][version]»})?';

export const httpd: StockTable = {
  HTTPDUSER: '%{EMAILADDRESS}|%{USER}',
  HTTPDERROR_DATE: '%{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{YEAR}',
  HTTPD_COMMONLOG:
    `${CLIENT} «%{HTTPDUSER:ident} %{HTTPDUSER:auth}‖` +
    '(?:-|%{HTTPDUSER:[apache][access][user][identity]}) (?:-|%{HTTPDUSER:[user][name]})» ' +
    `\\[%{HTTPDATE:timestamp}\\] "(?:${REQUEST}|%{«DATA:rawrequest‖DATA»})" ` +
    '(?:-|%{«NUMBER:response‖INT:[http][response][status_code]:int»}) ' +
    '(?:-|%{«NUMBER:bytes‖INT:[http][response][body][bytes]:int»})',
  HTTPD_COMBINEDLOG:
    '%{HTTPD_COMMONLOG} «%{QS:referrer} %{QS:agent}‖' +
    '"(?:-|%{DATA:[http][request][referrer]})" "(?:-|%{DATA:[user_agent][original]})"»',
  HTTPD20_ERRORLOG: `${ERROR_HEAD}\\[${LEVEL}\\] (?:\\[client ${CLIENT}\\] )?%{GREEDYDATA:message}`,
  HTTPD24_ERRORLOG:
    `${ERROR_HEAD}\\[(?:%{WORD:«module‖[apache][error][module]»})?:${LEVEL}\\] ` +
    '\\[pid %{POSINT:«pid‖[process][pid]:int»}(?::tid %{«NUMBER:tid‖INT:[process][thread][id]:int»})?\\]' +
    '(?: \\(%{POSINT:«proxy_errorcode‖[apache][error][proxy][error][code]»}\\)' +
    '%{DATA:«proxy_message‖[apache][error][proxy][error][message]»}:)?' +
    `(?: \\[client ${CLIENT}«:%{POSINT:clientport}‖(?::%{POSINT:[source][port]:int})?»\\])?` +
    '(?: %{DATA:«errorcode‖[error][code]»}:)? %{GREEDYDATA:message}',
  HTTPD_ERRORLOG: '%{HTTPD20_ERRORLOG}|%{HTTPD24_ERRORLOG}',
  COMMONAPACHELOG: '%{HTTPD_COMMONLOG}',
  COMBINEDAPACHELOG: '%{HTTPD_COMBINEDLOG}',

  'ecs:SQUID3_STATUS': '%{POSINT:[http][response][status_code]:int}|0|000',
  SQUID3:
    '%{NUMBER:timestamp}\\s+%{NUMBER:«duration‖[squid][request][duration]:int»}\\s' +
    '%{IP:«client_address‖[source][ip]»}\\s%{WORD:«cache_result‖[event][action]»}/' +
    '%{«NONNEGINT:status_code‖SQUID3_STATUS»}\\s' +
    '%{«NUMBER:bytes‖INT:[http][response][bytes]:int»}\\s' +
    '%{WORD:«request_method‖[http][request][method]»}\\s%{NOTSPACE:«url‖[url][original]»}\\s' +
    '(?:«%{NOTSPACE:user}|-‖-|%{NOTSPACE:[user][name]}»)\\s' +
    '%{WORD:«hierarchy_code‖[squid][hierarchy_code]»}/' +
    '(?:«%{IPORHOST:server}|-‖-|%{IPORHOST:[destination][address]}»)\\s' +
    '«%{NOTSPACE:content_type}‖(?:-|%{NOTSPACE:[http][response][mime_type]})»',

  RUUID: '\\h{32}',
  RCONTROLLER:
    '(?<«controller‖[rails][controller][class]»>[^#]+)#(?<«action‖[rails][controller][action]»>\\w+)',
  RAILS3HEAD:
    '(?m)Started %{WORD:«verb‖[http][request][method]»} "%{URIPATHPARAM:«request‖[url][original]»}" for ' +
    '%{IPORHOST:«clientip‖[source][address]»} at ' +
    '(?<timestamp>%{YEAR}-%{MONTHNUM}-%{MONTHDAY} %{HOUR}:%{MINUTE}:%{SECOND} %{ISO8601_TIMEZONE})',
  RPROCESSING:
    '\\W*Processing by %{RCONTROLLER} as (?<«format‖[rails][request][format]»>\\S+)' +
    '(?:\\W*Parameters: {%{DATA:«params‖[rails][request][params]»}}\\W*)?',
  RAILS3PROFILE:
    '(?:\\(Views: %{NUMBER:«viewms‖[rails][request][duration][view]:float»}ms \\| ' +
    'ActiveRecord: %{NUMBER:«activerecordms‖[rails][request][duration][active_record]:float»}ms|' +
    '\\(ActiveRecord: %{NUMBER:«activerecordms‖[rails][request][duration][active_record]:float»}ms)?',
  RAILS3FOOT:
    'Completed %{«NUMBER:response‖POSINT:[http][response][status_code]:int»}%{DATA} in ' +
    '%{NUMBER:«totalms‖[rails][request][duration][total]:float»}ms %{RAILS3PROFILE}%{GREEDYDATA}',
  RAILS3:
    '%{RAILS3HEAD}(?:%{RPROCESSING})?' +
    '(?<«context‖[rails][request][explain][original]»>(?:%{DATA}\\n)*)(?:%{RAILS3FOOT})?',
};
