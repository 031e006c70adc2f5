/** HAProxy's `httplog` and `tcplog`. */
import type { StockTable } from '../stock.ts';

const HEAD =
  '(?:%{SYSLOGTIMESTAMP:«syslog_timestamp‖timestamp»}|%{TIMESTAMP_ISO8601:«timestamp8601‖timestamp»}) ' +
  '%{IPORHOST:«syslog_server‖[host][hostname]»} %{SYSLOGPROG}: ';
/** Client, time, and the three names. */
const PROXY =
  '%{IP:«client_ip‖[source][address]»}:%{INT:«client_port‖[source][port]:int»} ' +
  '\\[%{HAPROXYDATE:«accept_date‖[haproxy][request_date]»}\\] ' +
  '%{NOTSPACE:«frontend_name‖[haproxy][frontend_name]»} %{NOTSPACE:«backend_name‖[haproxy][backend_name]»}/' +
  '«%{NOTSPACE:server_name}‖(?:<NOSRV>|%{NOTSPACE:[haproxy][server_name]})»';
const TOTAL_TIME = '%{NOTSPACE:«time_duration‖[haproxy][total_time_ms]»}';
const BYTES = '%{«NOTSPACE:bytes_read‖INT:[source][bytes]:int»}';
const STATE = '%{NOTSPACE:«termination_state‖[haproxy][termination_state]»}';
/** Counts of connections and lengths of queues. */
const COUNTS =
  ['actconn‖active', 'feconn‖frontend', 'beconn‖backend', 'srvconn‖server']
    .map((names) => names.split('‖'))
    .map(([legacy, ecs]) => `%{INT:«${legacy}‖[haproxy][connections][${ecs}]:int»}`)
    .join('/') +
  '/%{«NOTSPACE:retries‖INT:[haproxy][connections][retries]:int»} ' +
  '%{INT:«srv_queue‖[haproxy][server_queue]:int»}/%{INT:«backend_queue‖[haproxy][backend_queue]:int»}';

/** A timer, which ECS v1 leaves out when it is -1. */
const timer = (legacy: string, ecs: string): string => `«%{INT:${legacy}}‖(?:-1|%{INT:[haproxy]${ecs}:int})»`;
const WAIT = timer('time_queue', '[total_waiting_time_ms]');
const CONNECT = timer('time_backend_connect', '[connection_wait_time_ms]');
const cookie = (of: string): string =>
  `«%{DATA:captured_${of}_cookie}‖(?:-|%{DATA:[haproxy][http][${of}][captured_cookie]})»`;

const REQUEST_LEGACY =
  '(?:<BADREQ>|%{WORD:http_verb} (?:%{URIPROTO:http_proto}://)?(?:%{USER:http_user}(?::[^@]*)?@)?' +
  '(?:%{URIHOST:http_host})?(?:%{URIPATHPARAM:http_request})?(?: HTTP/%{NUMBER:http_version})?)?';

export const haproxy: StockTable = {
  HAPROXYTIME:
    '«%{HOUR:haproxy_hour}:%{MINUTE:haproxy_minute}:%{SECOND:haproxy_second}‖%{HOUR}:%{MINUTE}:%{SECOND}»(?![0-9])',
  HAPROXYDATE:
    '«%{MONTHDAY:haproxy_monthday}/%{MONTH:haproxy_month}/%{YEAR:haproxy_year}:%{HAPROXYTIME:haproxy_time}.' +
    '%{INT:haproxy_milliseconds}‖%{MONTHDAY}/%{MONTH}/%{YEAR}:%{HAPROXYTIME}.%{INT}»',
  // To be replaced by what `capture request header` and `capture response header` are set to.
  HAPROXYCAPTUREDREQUESTHEADERS:
    '%{DATA:«captured_request_headers‖[haproxy][http][request][captured_headers]»}',
  HAPROXYCAPTUREDRESPONSEHEADERS:
    '%{DATA:«captured_response_headers‖[haproxy][http][response][captured_headers]»}',
  'ecs:HAPROXYURI':
    '(?:%{URIPROTO:[url][scheme]}://)?(?:%{USER:[url][username]}(?::[^@]*)?@)?' +
    '(?:%{IPORHOST:[url][domain]}(?::%{POSINT:[url][port]:int})?)?' +
    '(?:%{URIPATH:[url][path]}(?:\\?%{URIQUERY:[url][query]})?)?',
  'ecs:HAPROXYHTTPREQUESTLINE':
    '<BADREQ>|%{WORD:[http][request][method]} %{HAPROXYURI:[url][original]}(?: HTTP/%{NUMBER:[http][version]})?',
  HAPROXYHTTPBASE: [
    PROXY,
    [
      timer('time_request', '[http][request][time_wait_ms]'),
      WAIT,
      CONNECT,
      timer('time_backend_response', '[http][request][time_wait_without_data_ms]'),
      TOTAL_TIME,
    ].join('/'),
    `%{INT:«http_status_code‖[http][response][status_code]:int»} ${BYTES}`,
    `${cookie('request')} ${cookie('response')} ${STATE}`,
    `${COUNTS}«` +
      ' (?:\\{%{HAPROXYCAPTUREDREQUESTHEADERS}\\})? ?(?:\\{%{HAPROXYCAPTUREDRESPONSEHEADERS}\\})? ?' +
      `"${REQUEST_LEGACY}"?‖` +
      '(?: \\{%{HAPROXYCAPTUREDREQUESTHEADERS}\\}(?: \\{%{HAPROXYCAPTUREDRESPONSEHEADERS}\\})?)?' +
      '(?: "%{HAPROXYHTTPREQUESTLINE}"?)?»',
  ].join(' '),
  HAPROXYHTTP: `${HEAD}%{HAPROXYHTTPBASE}`,
  HAPROXYTCP: `${HEAD}${PROXY} ${WAIT}/${CONNECT}/${TOTAL_TIME} ${BYTES} ${STATE} ${COUNTS}`,
};
