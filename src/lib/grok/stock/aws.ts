/** Access logs of Amazon's S3, classic load balancers and CloudFront. */
import type { StockTable } from '../stock.ts';

const REQUEST =
  '%{WORD:«verb‖[http][request][method]»} %{NOTSPACE:«request‖[url][original]»}' +
  '(?: HTTP/%{NUMBER:«httpversion‖[http][version]»})?';
/** A field that may be a dash. */
const orDash = (field: string): string => `(?:-|%{${field}})`;

const S3_TAIL = ['host_id', 'signature_version', '', 'authentication_type', 'host_header', 'tls_version']
  .map((name) => orDash(name === '' ? 'NOTSPACE:[tls][cipher]' : `NOTSPACE:[aws][s3access][${name}]`))
  .join(' ');

const CLOUDFRONT_DATE = '(?<timestamp>%{YEAR}-%{MONTHNUM}-%{MONTHDAY}\\t%{TIME})';
const CLOUDFRONT_LEGACY = [
  CLOUDFRONT_DATE,
  '%{WORD:x_edge_location}',
  orDash('NUMBER:sc_bytes:int'),
  '%{IPORHOST:clientip}',
  '%{WORD:cs_method}',
  '%{HOSTNAME:cs_host}',
  '%{NOTSPACE:cs_uri_stem}',
  '%{NUMBER:sc_status:int}',
  ...['referrer', 'agent', 'cs_uri_query', 'cookies'].map((name) => `%{GREEDYDATA:${name}}`),
  '%{WORD:x_edge_result_type}',
  '%{NOTSPACE:x_edge_request_id}',
  '%{HOSTNAME:x_host_header}',
  '%{URIPROTO:cs_protocol}',
  '%{INT:cs_bytes:int}',
  '%{GREEDYDATA:time_taken:float}',
  ...['x_forwarded_for', 'ssl_protocol', 'ssl_cipher', 'x_edge_response_result_type'].map(
    (name) => `%{GREEDYDATA:${name}}`,
  ),
];
const CLOUDFRONT_ECS = [
  CLOUDFRONT_DATE,
  '%{WORD:[aws][cloudfront][x_edge_location]}',
  orDash('INT:[destination][bytes]:int'),
  '%{IPORHOST:[source][ip]}',
  '%{WORD:[http][request][method]}',
  '%{HOSTNAME:[url][domain]}',
  '%{NOTSPACE:[url][path]}',
  '(?:000|%{INT:[http][response][status_code]:int})',
  orDash('DATA:[http][request][referrer]'),
  '%{DATA:[user_agent][original]}',
  orDash('DATA:[url][query]'),
  orDash('DATA:[aws][cloudfront][http][request][cookie]'),
  '%{WORD:[aws][cloudfront][x_edge_result_type]}',
  '%{NOTSPACE:[aws][cloudfront][x_edge_request_id]}',
  '%{HOSTNAME:[aws][cloudfront][http][request][host]}',
  '%{URIPROTO:[network][protocol]}',
  orDash('INT:[source][bytes]:int'),
  '%{NUMBER:[aws][cloudfront][time_taken]:float}',
  orDash('IP:[network][forwarded_ip]'),
  orDash('DATA:[aws][cloudfront][ssl_protocol]'),
  orDash('NOTSPACE:[tls][cipher]'),
  '%{WORD:[aws][cloudfront][x_edge_response_result_type]}',
];
/** Columns of newer files, all or none. */
const CLOUDFRONT_ECS_MORE = [
  '(?:-|HTTP/%{NUMBER:[http][version]})',
  orDash('DATA:[aws][cloudfront][fle_status]'),
  orDash('DATA:[aws][cloudfront][fle_encrypted_fields]'),
  '%{INT:[source][port]:int}',
  '%{NUMBER:[aws][cloudfront][time_to_first_byte]:float}',
  orDash('DATA:[aws][cloudfront][x_edge_detailed_result_type]'),
  orDash('NOTSPACE:[http][request][mime_type]'),
  orDash('INT:[aws][cloudfront][http][request][size]:int'),
  orDash('INT:[aws][cloudfront][http][request][range][start]:int'),
  orDash('INT:[aws][cloudfront][http][request][range][end]:int'),
];

/** The log of a classic load balancer, in the words of one set. */
function elbLog(pick: (legacy: string, ecs: string) => string): string {
  const time = (name: string): string =>
    pick(`%{NUMBER:${name}:float}`, `(?:-1|%{NUMBER:[aws][elb][${name}][sec]:float})`);
  const backend = pick(
    '%{IP:backendip}:?:%{INT:backendport:int}',
    '%{IP:[aws][elb][backend][ip]}:%{INT:[aws][elb][backend][port]:int}',
  );
  return [
    '%{TIMESTAMP_ISO8601:timestamp}',
    `%{NOTSPACE:${pick('elb', '[aws][elb][name]')}}`,
    `%{IP:${pick('clientip', '[source][ip]')}}:%{INT:${pick('clientport', '[source][port]')}:int}`,
    `(?:-|${backend})`,
    time('request_processing_time'),
    time('backend_processing_time'),
    time('response_processing_time'),
    `%{INT:${pick('response', '[http][response][status_code]')}:int}`,
    orDash(`INT:${pick('backend_response', '[aws][elb][backend][http][response][status_code]')}:int`),
    `%{INT:${pick('received_bytes', '[http][request][body][bytes]')}:int}`,
    `%{INT:${pick('bytes', '[http][response][body][bytes]')}:int}`,
    '"%{ELB_REQUEST_LINE}"' +
      pick(
        '',
        '(?: "(?:-|%{DATA:[user_agent][original]})" (?:-|%{NOTSPACE:[tls][cipher]}) ' +
          '(?:-|%{NOTSPACE:[aws][elb][ssl_protocol]}))?',
      ),
  ].join(' ');
}

export const aws: StockTable = {
  S3_REQUEST_LINE: `(?:${REQUEST}«|%{DATA:rawrequest}‖»)`,
  S3_ACCESS_LOG: [
    '%{WORD:«owner‖[aws][s3access][bucket_owner]»}',
    '%{NOTSPACE:«bucket‖[aws][s3access][bucket]»}',
    '\\[%{HTTPDATE:timestamp}\\]',
    `«%{IP:clientip} %{NOTSPACE:requester}‖${orDash('IP:[client][ip]')} ${orDash('NOTSPACE:[client][user][id]')}»`,
    '%{NOTSPACE:«request_id‖[aws][s3access][request_id]»}',
    '%{NOTSPACE:«operation‖[aws][s3access][operation]»}',
    `«%{NOTSPACE:key}‖${orDash('NOTSPACE:[aws][s3access][key]')}»`,
    '(?:-|"%{«S3_REQUEST_LINE‖S3_REQUEST_LINE:[aws][s3access][request_uri]»}")',
    orDash('INT:«response‖[http][response][status_code]»:int'),
    orDash('NOTSPACE:«error_code‖[aws][s3access][error_code]»'),
    orDash('INT:«bytes‖[aws][s3access][bytes_sent]»:int'),
    orDash('INT:«object_size‖[aws][s3access][object_size]»:int'),
    orDash('INT:«request_time_ms‖[aws][s3access][total_time]»:int'),
    orDash('INT:«turnaround_time_ms‖[aws][s3access][turn_around_time]»:int'),
    '«(?:%{QS:referrer}|-) (?:"?%{QS:agent}"?|-)‖' +
      '"(?:-|%{DATA:[http][request][referrer]})" "(?:-|%{DATA:[user_agent][original]})"»',
    orDash('NOTSPACE:«version_id‖[aws][s3access][version_id]»') + `«‖(?: ${S3_TAIL})?»`,
  ].join(' '),

  'ecs:ELB_URIHOST': '%{IPORHOST:[url][domain]}(?::%{POSINT:[url][port]:int})?',
  'ecs:ELB_URIPATHQUERY': '%{URIPATH:[url][path]}(?:\\?%{URIQUERY:[url][query]})?',
  ELB_URIPATHPARAM: '«%{URIPATH:path}(?:%{URIPARAM:params})?‖%{ELB_URIPATHQUERY}»',
  ELB_URI:
    '%{URIPROTO:«proto‖[url][scheme]»}://(?:%{«USER‖USER:[url][username]»}(?::[^@]*)?@)?' +
    '(?:%{«URIHOST:urihost‖ELB_URIHOST»})?(?:%{ELB_URIPATHPARAM})?',
  ELB_REQUEST_LINE:
    '(?:%{WORD:«verb‖[http][request][method]»} %{ELB_URI:«request‖[url][original]»}' +
    '(?: HTTP/%{NUMBER:«httpversion‖[http][version]»})?«|%{DATA:rawrequest}‖»)',
  'ecs:ELB_V1_HTTP_LOG': elbLog((_legacy, ecs) => ecs),
  ELB_ACCESS_LOG: `«${elbLog((legacy) => legacy)}‖%{ELB_V1_HTTP_LOG}»`,
  CLOUDFRONT_ACCESS_LOG:
    `«${CLOUDFRONT_LEGACY.join('\\t')}‖` +
    `${CLOUDFRONT_ECS.join('\\t')}(?:\\t${CLOUDFRONT_ECS_MORE.join('\\t')})?»`,
};
