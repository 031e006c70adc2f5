import { describe, expect, it } from 'vitest';
import { compileGrok, type GrokCaptures } from './compile.ts';
import { stockPatterns } from './stock.ts';

type Golden = readonly [pattern: string, line: string, captures: GrokCaptures];

const APACHE =
  '83.149.9.216 - bob.smith [24/Feb/2015:23:13:42 +0000] "GET /images/kibana-search.png?a=1 HTTP/1.1" 200 203023 ' +
  '"http://semicomplete.com/" "Mozilla/5.0 (X11; \\"quoted\\")"';

const legacy: readonly Golden[] = [
  [
    'COMBINEDAPACHELOG',
    APACHE,
    {
      clientip: '83.149.9.216',
      ident: '-',
      auth: 'bob.smith',
      timestamp: '24/Feb/2015:23:13:42 +0000',
      verb: 'GET',
      request: '/images/kibana-search.png?a=1',
      httpversion: '1.1',
      response: '200',
      bytes: '203023',
      referrer: '"http://semicomplete.com/"',
      agent: '"Mozilla/5.0 (X11; \\"quoted\\")"',
    },
  ],
  [
    'COMMONAPACHELOG',
    '2001:db8::8a2e:370:7334 - bob@example.com [24/Feb/2015:23:13:42 +0000] "-" 408 -',
    {
      clientip: '2001:db8::8a2e:370:7334',
      ident: '-',
      auth: 'bob@example.com',
      timestamp: '24/Feb/2015:23:13:42 +0000',
      rawrequest: '-',
      response: '408',
    },
  ],
  [
    'SYSLOGLINE',
    'Mar 16 00:01:25 evita postfix/smtpd[1713]: connect from camomile.cloud9.net[168.100.1.3]',
    {
      timestamp: 'Mar 16 00:01:25',
      logsource: 'evita',
      program: 'postfix/smtpd',
      pid: '1713',
      message: 'connect from camomile.cloud9.net[168.100.1.3]',
    },
  ],
  [
    'SYSLOGBASE',
    'Oct  3 07:09:00 <13.6> db-1.example.com CRON[42]:',
    {
      timestamp: 'Oct  3 07:09:00',
      facility: '13',
      priority: '6',
      logsource: 'db-1.example.com',
      program: 'CRON',
      pid: '42',
    },
  ],
  [
    'SYSLOG5424LINE',
    '<191>1 2009-06-30T18:30:00+02:00 paxton.local grokdebug 4123 - [id1 foo="bar"] Hello, syslog.',
    {
      syslog5424_pri: '191',
      syslog5424_ver: '1',
      syslog5424_ts: '2009-06-30T18:30:00+02:00',
      syslog5424_host: 'paxton.local',
      syslog5424_app: 'grokdebug',
      syslog5424_proc: '4123',
      syslog5424_sd: '[id1 foo="bar"]',
      syslog5424_msg: 'Hello, syslog.',
    },
  ],
  [
    'SYSLOGPAMSESSION',
    'Apr  3 12:00:01 host sshd[9]: pam_unix(sshd:session): session opened for user root by (uid=0)',
    {
      timestamp: 'Apr  3 12:00:01',
      logsource: 'host',
      program: 'sshd',
      pid: '9',
      message: 'pam_unix(sshd:session): session opened for user root by (uid=0)',
      pam_module: 'pam_unix',
      pam_caller: 'sshd:session',
      pam_session_state: 'opened',
      username: 'root',
      pam_by: '(uid=0)',
    },
  ],
  [
    'HTTPD_ERRORLOG',
    '[Mon Aug 31 16:27:04.163447 2015] [proxy_fcgi:error] [pid 28787:tid 140169587934976] (70008)Partial results: [client 58.13.45.166:59307] AH01075: Error dispatching request',
    {
      timestamp: 'Mon Aug 31 16:27:04.163447 2015',
      module: 'proxy_fcgi',
      loglevel: 'error',
      pid: '28787',
      tid: '140169587934976',
      proxy_errorcode: '70008',
      proxy_message: 'Partial results',
      clientip: '58.13.45.166',
      clientport: '59307',
      errorcode: 'AH01075',
      message: 'Error dispatching request',
    },
  ],
  [
    'CISCOFW106023',
    'Deny tcp src outside:192.168.1.1/53 dst inside:10.0.0.1/12345 by access-group "acl_in" [0x0, 0x1]',
    {
      action: 'Deny',
      protocol: 'tcp',
      src_interface: 'outside',
      src_ip: '192.168.1.1',
      src_port: '53',
      dst_interface: 'inside',
      dst_ip: '10.0.0.1',
      dst_port: '12345',
      policy_id: 'acl_in',
      hashcode1: '0x0',
      hashcode2: '0x1',
    },
  ],
  [
    'NAGIOSLOGLINE',
    '[1427925600] CURRENT SERVICE STATE: nagioshost;SSH;OK;HARD;1;SSH OK - OpenSSH_6.6',
    {
      nagios_epoch: '1427925600',
      nagios_type: 'CURRENT SERVICE STATE',
      nagios_hostname: 'nagioshost',
      nagios_service: 'SSH',
      nagios_state: 'OK',
      nagios_statetype: 'HARD',
      nagios_statecode: '1',
      nagios_message: 'SSH OK - OpenSSH_6.6',
    },
  ],
  [
    'S3_ACCESS_LOG',
    'owner mybucket [06/Feb/2014:00:00:38 +0000] 192.0.2.3 req 3E57427F3EXAMPLE REST.GET.VERSIONING - "GET /mybucket?versioning HTTP/1.1" 200 - 113 - 7 - "-" "S3Console/0.4" -',
    {
      owner: 'owner',
      bucket: 'mybucket',
      timestamp: '06/Feb/2014:00:00:38 +0000',
      clientip: '192.0.2.3',
      requester: 'req',
      request_id: '3E57427F3EXAMPLE',
      operation: 'REST.GET.VERSIONING',
      key: '-',
      verb: 'GET',
      request: '/mybucket?versioning',
      httpversion: '1.1',
      response: 200,
      bytes: 113,
      request_time_ms: 7,
      referrer: '"-"',
      agent: '"S3Console/0.4"',
    },
  ],
  [
    'EXIM',
    '2014-05-14 13:11:05 [3212] 1WkYbl-0000pP-5x <= bob@example.com H=mx.example.com (ws) [192.0.2.4]:5000 P=esmtpsa X=TLS1.0 S=2048 id=ab@c for eve@example.com',
    {
      timestamp: '2014-05-14 13:11:05',
      exim_year: '2014',
      exim_month: '05',
      exim_day: '14',
      exim_time: '13:11:05',
      pid: '3212',
      exim_msgid: '1WkYbl-0000pP-5x',
      exim_flags: '<=',
      exim_sender_email: 'bob@example.com',
      remote_hostname: 'mx.example.com',
      remote_heloname: 'ws',
      remote_host: '192.0.2.4',
      remote_port: '5000',
      protocol: 'esmtpsa',
      exim_msg_size: '2048',
      exim_header_id: 'ab@c',
      exim_recipient_email: 'eve@example.com',
    },
  ],
  [
    'MONGO_SLOWQUERY',
    'query db.coll query: { _id: "x" } ntoreturn:0 ntoskip:0 nscanned:5 keyUpdates:0 nreturned:1 reslen:20 142ms',
    {
      database: 'db',
      collection: 'coll',
      query: '{ _id: "x" }',
      ntoreturn: '0',
      ntoskip: '0',
      nscanned: '5',
      nreturned: '1',
      duration: '142',
    },
  ],
];

const ecs: readonly Golden[] = [
  [
    'COMBINEDAPACHELOG',
    APACHE,
    {
      '[source][address]': '83.149.9.216',
      '[user][name]': 'bob.smith',
      timestamp: '24/Feb/2015:23:13:42 +0000',
      '[http][request][method]': 'GET',
      '[url][original]': '/images/kibana-search.png?a=1',
      '[http][version]': '1.1',
      '[http][response][status_code]': 200,
      '[http][response][body][bytes]': 203023,
      '[http][request][referrer]': 'http://semicomplete.com/',
      '[user_agent][original]': 'Mozilla/5.0 (X11; \\"quoted\\")',
    },
  ],
  [
    'SYSLOGLINE',
    '2020-01-02T03:04:05.678Z web sshd[77]: Accepted publickey',
    {
      timestamp: '2020-01-02T03:04:05.678Z',
      '[host][hostname]': 'web',
      '[process][name]': 'sshd',
      '[process][pid]': 77,
      message: 'Accepted publickey',
    },
  ],
  [
    'ELB_ACCESS_LOG',
    '2014-02-15T23:39:43.945958Z my-elb 192.0.2.1:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/p?q=1 HTTP/1.1"',
    {
      timestamp: '2014-02-15T23:39:43.945958Z',
      '[aws][elb][name]': 'my-elb',
      '[source][ip]': '192.0.2.1',
      '[source][port]': 2817,
      '[aws][elb][backend][ip]': '10.0.0.1',
      '[aws][elb][backend][port]': 80,
      '[aws][elb][request_processing_time][sec]': 0.000073,
      '[aws][elb][backend_processing_time][sec]': 0.001048,
      '[aws][elb][response_processing_time][sec]': 0.000057,
      '[http][response][status_code]': 200,
      '[aws][elb][backend][http][response][status_code]': 200,
      '[http][request][body][bytes]': 0,
      '[http][response][body][bytes]': 29,
      '[http][request][method]': 'GET',
      '[url][original]': 'http://www.example.com:80/p?q=1',
      '[url][scheme]': 'http',
      '[url][domain]': 'www.example.com',
      '[url][port]': 80,
      '[url][path]': '/p',
      '[url][query]': 'q=1',
      '[http][version]': '1.1',
    },
  ],
  [
    'RT_FLOW2',
    'RT_FLOW_SESSION_CREATE: session created 10.0.0.1/1000->8.8.8.8/53 junos-dns 1.1.1.1/2000->8.8.8.8/53 src-rule None 17 allow trust untrust 1234 N/A',
    {
      '[juniper][srx][tag]': 'RT_FLOW_SESSION_CREATE',
      '[source][ip]': '10.0.0.1',
      '[source][port]': 1000,
      '[destination][ip]': '8.8.8.8',
      '[destination][port]': 53,
      '[juniper][srx][service_name]': 'junos-dns',
      '[source][nat][ip]': '1.1.1.1',
      '[source][nat][port]': 2000,
      '[destination][nat][ip]': '8.8.8.8',
      '[destination][nat][port]': 53,
      '[juniper][srx][src_nat_rule_name]': 'src-rule',
      '[network][iana_number]': '17',
      '[rule][name]': 'allow',
      '[observer][ingress][zone]': 'trust',
      '[observer][egress][zone]': 'untrust',
      '[juniper][srx][session_id]': '1234',
    },
  ],
  [
    'ZEEK_CONN',
    '1551399000.57855\tCCfH\t192.0.2.7\t52345\t10.0.0.9\t445\ttcp\t-\t0.01\t24\t-\tS1\tT\tF\t0\tShA\t4\t100\t3\t80\t-',
    {
      timestamp: '1551399000.57855',
      '[zeek][session_id]': 'CCfH',
      '[source][ip]': '192.0.2.7',
      '[source][port]': 52345,
      '[destination][ip]': '10.0.0.9',
      '[destination][port]': 445,
      '[network][transport]': 'tcp',
      '[zeek][connection][duration]': 0.01,
      '[zeek][connection][orig_bytes]': 24,
      '[zeek][connection][state]': 'S1',
      '[zeek][connection][local_orig]': 'T',
      '[zeek][connection][local_resp]': 'F',
      '[zeek][connection][missed_bytes]': 0,
      '[zeek][connection][history]': 'ShA',
      '[source][packets]': 4,
      '[source][bytes]': 100,
      '[destination][packets]': 3,
      '[destination][bytes]': 80,
    },
  ],
];

/** Whole texts that building blocks take and refuse. */
const blocks: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
  ['IPV4', ['0.0.0.0', '255.255.255.255', '010.1.1.1'], ['256.1.1.1', '1.1.1', '1.2.3.4.']],
  [
    'IPV6',
    ['::', '::1', 'fe80::1%eth0', '1:2:3:4:5:6:7:8', '::ffff:192.0.2.128', '1:2:3:4:5:6:7::'],
    ['1:2:3', ':::', '12345::', '1.2.3.4'],
  ],
  ['IP', ['127.0.0.1', '::1'], ['localhost']],
  ['HOSTNAME', ['a', 'www.example-1.com', 'a.'], ['-a', 'a_b', `${'x'.repeat(64)}`]],
  ['NUMBER', ['1', '-1.5', '+.5', '12.'.slice(0, 2)], ['1.', 'x', '1e5']],
  ['BASE16NUM', ['0xFF', '-1f'], ['0x', 'g']],
  ['POSINT', ['1', '90'], ['0', '01', '-1']],
  ['QUOTEDSTRING', ['"a\\"b"', "''", '`x y`', '""'], ['"a', 'a']],
  ['UUID', ['550e8400-e29b-41d4-a716-446655440000'], ['550e8400']],
  ['MAC', ['00:11:22:33:44:55', '00-11-22-33-44-55', '0011.2233.4455'], ['00:11']],
  ['UNIXPATH', ['/', '/var/log/a-b.log', '/größe'], ['var']],
  ['WINPATH', ['C:\\Windows\\x', '\\\\host\\share'], ['C:']],
  ['URI', ['http://u:p@h:80/p/a?q=1', 'https://h'], ['http:/x']],
  ['EMAILADDRESS', ['a.b@example.com'], ['@x']],
  ['MONTH', ['January', 'mar', 'Mär', 'Okt', 'Dez'], ['Foo', 'Janu']],
  ['TIME', ['23:59:60', '1:02:03.456', '01:02:03,4'], ['24:00:00', '1:60:00']],
  [
    'TIMESTAMP_ISO8601',
    ['2020-01-02T03:04:05.678+01:00', '20-1-2 3:04', '2020-01-02T03:04Z'],
    ['2020-13-01T00:00'],
  ],
  ['HTTPDATE', ['10/Oct/2000:13:55:36 -0700'], ['10/10/2000:13:55:36 -0700']],
  ['LOGLEVEL', ['INFO', 'warning', 'Error', 'SEVERE', 'emerg', 'crit'], ['inf0']],
  ['DATESTAMP_RFC2822', ['Mon, 02 Jan 2006 15:04:05 +0100'], []],
  ['URN', ['urn:isbn:0451450523'], ['urn:']],
  ['JAVACLASS', ['org.example.Foo$Bar_1'], ['1a']],
  ['CISCO_REASON', ['Duplicate TCP SYN', 'some other words'], []],
  ['MAVEN_VERSION', ['1.2.3-SNAPSHOT', '1.*', '4'], ['x']],
];

describe('stock patterns', () => {
  it('are those of Logstash, all of which compile', () => {
    for (const [ecsMode, count] of [
      ['disabled', 317],
      ['v8', 361],
    ] as const) {
      const names = Object.keys(stockPatterns(ecsMode));
      expect(names).toHaveLength(count);
      const guarded = names.filter((name) => !compileGrok(`%{${name}}`, { ecs: ecsMode }).linear);
      // What is used most can not hang, and needs no guard.
      expect(guarded.length).toBeLessThan(25);
      for (const name of [
        'COMBINEDAPACHELOG',
        'IP',
        'NUMBER',
        'TIMESTAMP_ISO8601',
        'QS',
        'HOSTNAME',
        'WORD',
        'SYSLOGLINE',
      ]) {
        expect(guarded).not.toContain(name);
      }
    }
  });

  it.each(legacy)('legacy %s', (pattern, line, captures) => {
    expect({ ...compileGrok(`^%{${pattern}}$`).match(line) }).toEqual(captures);
  });

  it.each(ecs)('ECS %s', (pattern, line, captures) => {
    expect({ ...compileGrok(`^%{${pattern}}$`, { ecs: 'v8' }).match(line) }).toEqual(captures);
  });

  it.each(blocks)('%s', (pattern, yes, no) => {
    const matcher = compileGrok(`^%{${pattern}}$`);
    expect(yes.filter((text) => matcher.exec(text) === null)).toEqual([]);
    expect(no.filter((text) => matcher.exec(text) !== null)).toEqual([]);
  });
});
