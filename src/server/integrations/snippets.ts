/** What is to be set at the other side, ready to be copied. */
import { type Endpoint, isLoopbackHost, publicAddress } from './endpoint.ts';

export interface Snippet {
  readonly title: string;
  /** Where it goes, or what to do with it. */
  readonly words: string;
  readonly text: string;
}

/** Where the CA certificate is said to lie on the other side. */
const CA = '/etc/millrace-ca.crt';
/** And what the other side shows, where it must. */
const CLIENT = { certificate: '/etc/millrace-client.crt', key: '/etc/millrace-client.key' } as const;

/** `own`: names and addresses of this computer, the best first. */
export function snippetsOf(endpoint: Endpoint, own: readonly string[]): Snippet[] {
  const host = publicAddress(endpoint, own);
  switch (endpoint.speaks) {
    case 'syslog':
      return syslog(endpoint, host);
    case 'lumberjack':
      return beats(endpoint, host);
    case 'http':
      return endpoint.card === 'wallarm'
        ? [wallarm(endpoint, host), curl(endpoint, host)]
        : [curl(endpoint, host), settings(endpoint, host)];
    case 'lines':
      return lines(endpoint, host);
    case 'datagrams':
      return endpoint.codec === 'netflow' ? netflow(endpoint, host) : datagrams(endpoint, host);
    case 'files':
      return files(endpoint);
  }
}

/** Host and port as one text; addresses of version 6 in brackets. */
const place = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;
const shell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const opensslOptions = (ownCertificate: boolean, clients: Endpoint['clients']): string =>
  `${ownCertificate ? ` -CAfile ${CA}` : ''}${clients ? ` -cert ${CLIENT.certificate} -key ${CLIENT.key}` : ''}`;

function syslog({ port, tls, ownCertificate, clients }: Endpoint, host: string): Snippet[] {
  const ca = ownCertificate ? CA : '/etc/ssl/certs/ca-certificates.crt';
  // Names of authorities that everybody trusts must be checked; ours signs for this Millrace only.
  const peer = ownCertificate
    ? 'StreamDriverAuthMode="x509/certvalid"'
    : `StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="${host}"`;
  const identity = clients
    ? `
       DefaultNetstreamDriverCertFile="${CLIENT.certificate}"
       DefaultNetstreamDriverKeyFile="${CLIENT.key}"`
    : '';
  const rsyslogTls = tls ? `\n       StreamDriver="ossl" StreamDriverMode="1" ${peer}` : '';
  return [
    {
      title: 'rsyslog',
      words: `Save as /etc/rsyslog.d/90-millrace.conf and run "systemctl restart rsyslog".${tls ? ' Needs the package rsyslog-openssl.' : ''}`,
      text: `${tls ? `global(DefaultNetstreamDriverCAFile="${ca}"${identity})\n` : ''}*.* action(type="omfwd" target="${host}" port="${port}" protocol="tcp"
       template="RSYSLOG_SyslogProtocol23Format" TCP_Framing="octet-counted"
       queue.type="LinkedList" queue.filename="millrace" queue.saveOnShutdown="on"
       action.resumeRetryCount="-1"${rsyslogTls})
`,
    },
    {
      title: 'syslog-ng',
      words:
        'Save as /etc/syslog-ng/conf.d/millrace.conf and run "systemctl restart syslog-ng". s_src is the name that Debian gives the local logs; Red Hat says s_sys.',
      text: `destination d_millrace {
  syslog("${host}" port(${port}) transport("${tls ? 'tls' : 'tcp'}")${tls ? `\n    tls(ca-file("${ca}") peer-verify(required-trusted)${clients ? ` cert-file("${CLIENT.certificate}") key-file("${CLIENT.key}")` : ''})` : ''});
};
log { source(s_src); destination(d_millrace); };
`,
    },
    {
      title: 'Firewall or device',
      words: 'In its settings for syslog, or "remote logging":',
      text: `Server:    ${host}\nPort:      ${port}\nTransport: ${tls ? 'TCP with TLS' : 'TCP, or UDP'}\nFormat:    RFC 5424, or RFC 3164 (BSD)\n${clients ? 'Certificate and key of the client: those that are issued for it\n' : ''}`,
    },
    tls
      ? {
          title: 'Try it',
          words: 'Sends one line from a shell; Ctrl-C ends it.',
          text: `printf '<13>1 - %s test - - - hello\\n' "$(hostname)" | openssl s_client -quiet -connect ${place(host, port)}${opensslOptions(ownCertificate, clients)}\n`,
        }
      : {
          title: 'Try it',
          words: 'Sends one line from a shell.',
          text: `logger --server ${host} --port ${port} --tcp --rfc5424 hello\n`,
        },
  ];
}

function beats({ port, tls, ownCertificate, clients }: Endpoint, host: string): Snippet[] {
  const ssl = tls
    ? `\n  ssl.enabled: true${ownCertificate ? `\n  ssl.certificate_authorities: ["${CA}"]` : ''}${clients ? `\n  ssl.certificate: "${CLIENT.certificate}"\n  ssl.key: "${CLIENT.key}"` : ''}`
    : '';
  return [
    {
      title: 'filebeat.yml',
      words:
        'In /etc/filebeat/filebeat.yml in the place of output.elasticsearch; then "systemctl restart filebeat". The same lines go into winlogbeat.yml, auditbeat.yml and the others.',
      text: `filebeat.inputs:
  - type: filestream
    id: logs
    paths: ["/var/log/*.log"]

output.logstash:
  hosts: ["${place(host, port)}"]${ssl}
`,
    },
    {
      title: 'Elastic Agent',
      words: 'In Fleet: Settings, Outputs, Add output, type Logstash.',
      text: `Hosts: ${place(host, port)}\n${tls && ownCertificate ? 'Server SSL certificate authorities: the CA certificate\n' : ''}${clients ? 'Client SSL certificate and key: those that are issued for it\n' : ''}`,
    },
    {
      title: 'Try it',
      words: 'Filebeat checks address, certificate and handshake.',
      text: 'filebeat test output\n',
    },
  ];
}

const base = ({ port, tls }: Endpoint, host: string): string =>
  `${tls ? 'https' : 'http'}://${place(host, port)}/`;
/** The password itself is never shown again. */
const PASSWORD = 'PASSWORD';

function curl(endpoint: Endpoint, host: string): Snippet {
  const { user, tls, ownCertificate, clients } = endpoint;
  const options = [
    ...(tls && ownCertificate ? [`--cacert ${CA}`] : []),
    ...(clients ? [`--cert ${CLIENT.certificate} --key ${CLIENT.key}`] : []),
    ...(user === undefined ? [] : [`--user ${shell(`${user}:${PASSWORD}`)}`]),
  ];
  return {
    title: 'curl',
    words: `One event, or a JSON array of many.${user === undefined ? '' : ` ${PASSWORD} stands for the password that you gave.`}`,
    text: `curl ${options.map((each) => `${each} `).join('')}-H 'Content-Type: application/json' \\
  -d '{"message": "hello", "level": "info"}' ${shell(base(endpoint, host))}
`,
  };
}

function settings(endpoint: Endpoint, host: string): Snippet {
  const { user, tls, ownCertificate, clients } = endpoint;
  return {
    title: 'Another service',
    words: 'In its settings for webhooks:',
    text: `URL:          ${base(endpoint, host)}
Method:       POST or PUT
Content type: application/json${user === undefined ? '' : `\nUser:         ${user}, with the password that you gave (basic authentication)`}${tls && ownCertificate ? '\nCertificate:  the CA certificate of Millrace, if the service asks for one' : ''}${clients ? '\nClient certificate and key: those that are issued for the service' : ''}
`,
  };
}

function wallarm(endpoint: Endpoint, host: string): Snippet {
  const { user, ownCertificate } = endpoint;
  return {
    title: 'Wallarm',
    words: `In Wallarm Console: Integrations, Webhooks, Add integration. Then press "Test integration" there.${isLoopbackHost(endpoint.host) || /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(host) ? ' The address must be one that Wallarm reaches from the internet: put the name of your proxy or firewall in its place.' : ''}`,
    text: `Integration name:       Millrace
Webhook URL:            ${base(endpoint, host)}
Request method:         POST${user === undefined ? '' : `\nRequest header:         Authorization: Basic BASE64\n                        (BASE64: printf %s '${user}:${PASSWORD}' | base64)`}
CA certificate:         ${ownCertificate ? 'paste the CA certificate of Millrace' : 'leave empty'}
Verify TLS certificate: on
Request timeout:        15
Connection timeout:     20
Events:                 choose what you want; with none chosen nothing is sent
`,
  };
}

function lines({ port, tls, codec, ownCertificate, clients }: Endpoint, host: string): Snippet[] {
  const text = codec === 'json_lines' ? '{"message": "hello"}' : 'hello';
  const pipe = tls
    ? `openssl s_client -quiet -connect ${place(host, port)}${opensslOptions(ownCertificate, clients)}`
    : `nc -w 1 ${host} ${port}`;
  return [
    { title: 'Try it', words: 'Sends one line from a shell.', text: `echo ${shell(text)} | ${pipe}\n` },
  ];
}

function datagrams({ port, codec }: Endpoint, host: string): Snippet[] {
  const text = codec === 'json' ? '{"message": "hello"}' : 'hello';
  return [
    {
      title: 'Try it',
      words: 'Sends one datagram from a shell.',
      text: `echo ${shell(text)} | nc -u -w 1 ${host} ${port}\n`,
    },
  ];
}

function netflow({ port }: Endpoint, host: string): Snippet[] {
  return [
    {
      title: 'Cisco IOS',
      words: 'In the configuration mode of the router:',
      text: `ip flow-export version 9\nip flow-export destination ${host} ${port}\n`,
    },
    {
      title: 'softflowd',
      words: 'On a Linux computer:',
      text: `softflowd -i any -v 9 -n ${place(host, port)}\n`,
    },
  ];
}

function files({ paths }: Endpoint): Snippet[] {
  const path = paths.find((each) => !/[*?[{]/.test(each)) ?? paths[0] ?? '';
  return [
    {
      title: 'Try it',
      words: `Adds a line to a file. Millrace must be allowed to read ${paths.length === 1 ? 'it' : 'them'}.`,
      text: `echo hello >> ${/[*?[{]/.test(path) ? path : shell(path)}\n`,
    },
  ];
}
