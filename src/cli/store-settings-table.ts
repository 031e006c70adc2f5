/** Settings of the event store. */
import type { Setting } from './setting.ts';

export const storeSettings = {
  'store.enabled': {
    type: 'string',
    oneOf: ['auto', 'true', 'false'],
    default: 'auto',
    description:
      'Run the event store in this process. auto: with `millrace up` (npm start), and where a pipeline has a `store` input or output. (Not in Logstash.)',
  },
  'store.driver': {
    type: 'string',
    oneOf: ['embedded', 'opensearch'],
    default: 'embedded',
    description:
      'Where the event store keeps events: in a folder of this machine, or in an OpenSearch or Elasticsearch cluster (then the settings from store.hosts on count). (Not in Logstash.)',
  },
  'store.hosts': {
    type: 'string',
    default: '127.0.0.1:9200',
    description:
      'Nodes of the cluster, separated by commas: `https://host:9200`. For store.driver opensearch. (Not in Logstash.)',
  },
  'store.user': { type: 'string', description: 'User of the cluster. (Not in Logstash.)' },
  'store.password': { type: 'password', description: 'Its password. (Not in Logstash.)' },
  'store.api_key': {
    type: 'password',
    description:
      'API key for the cluster instead of user and password: `id:key`, or base64 of that. (Not in Logstash.)',
  },
  'store.template_patterns': {
    type: 'string',
    description:
      "Names of the cluster's indices, separated by commas, that begin with Millrace's mappings (strings as exact keywords) unless a template of the cluster fits them; those of Beats, Logstash and Millrace unless set; empty: none. (Not in Logstash.)",
  },
  'store.ssl.certificate_authorities': {
    type: 'path',
    description:
      "File with the authorities that the cluster's certificate must come from. (Not in Logstash.)",
  },
  'store.ssl.certificate': {
    type: 'path',
    description: 'Own certificate for the cluster. (Not in Logstash.)',
  },
  'store.ssl.key': { type: 'path', description: 'Private key of store.ssl.certificate. (Not in Logstash.)' },
  'store.ssl.verification_mode': {
    type: 'string',
    oneOf: ['full', 'none'],
    default: 'full',
    description: "Whether the cluster's certificate is checked. (Not in Logstash.)",
  },
  'store.ssl.ca_trusted_fingerprint': {
    type: 'string',
    description: "SHA-256 fingerprint of an authority in the cluster's chain to trust. (Not in Logstash.)",
  },
  'store.path': {
    type: 'path',
    description: 'Folder of the event store; path.data/store unless set. (Not in Logstash.)',
  },
  'store.memory_limit': {
    type: 'bytes',
    description:
      'Memory for searches of the event store; a quarter of the machine, 4 GB at most, unless set. (Not in Logstash.)',
  },
  'store.http.enabled': {
    type: 'boolean',
    default: true,
    description:
      "Serve the event store to Elasticsearch's clients, where there is a store. (Not in Logstash.)",
  },
  'store.http.host': {
    type: 'string',
    default: '127.0.0.1',
    description:
      'Address of the event store. Any other than loopback takes users (`millrace user add`) and TLS, for which certificates are made. (Not in Logstash.)',
  },
  'store.http.port': { type: 'number', default: 9200, description: 'Its port. (Not in Logstash.)' },
  'store.http.hosts': {
    type: 'string',
    description:
      "Further host names that requests may be addressed to, behind commas; addresses, localhost and this machine's name always may. (Not in Logstash.)",
  },
  'store.http.anonymous': {
    type: 'string',
    oneOf: ['none', 'write', 'all'],
    default: 'write',
    description:
      'What may be done from this machine without credentials once there are users. write: write documents and set up templates, but read none. (Not in Logstash.)',
  },
  'store.http.max_content_length': {
    type: 'bytes',
    default: 100 * 1024 * 1024,
    description: 'Largest body of a request, unpacked. (Not in Logstash.)',
  },
  'store.http.ssl.enabled': {
    type: 'boolean',
    description:
      'Event store over TLS; always on other addresses than loopback. Without a certificate one is made in path.data/certs. (Not in Logstash.)',
  },
  'store.http.ssl.certificate': { type: 'path', description: 'Certificate, PEM. (Not in Logstash.)' },
  'store.http.ssl.key': { type: 'path', description: 'Its private key, PEM. (Not in Logstash.)' },
  'store.http.ssl.keystore.path': {
    type: 'path',
    description: 'PKCS#12 file with both, instead. (Not in Logstash.)',
  },
  'store.http.ssl.keystore.password': { type: 'password', description: 'Its password. (Not in Logstash.)' },
  'store.http.ssl.supported_protocols': {
    type: 'string',
    description: 'TLS versions of the event store. (Not in Logstash.)',
  },
  'store.compat_version': {
    type: 'string',
    default: '8.19.0',
    description: 'Version of Elasticsearch that the event store says it is. (Not in Logstash.)',
  },
  'store.snapshot.path': {
    type: 'path',
    description:
      'Folder that repositories of snapshots lie in; path.data/snapshots unless set. (Not in Logstash.)',
  },
  'store.snapshot.schedule': {
    type: 'string',
    description:
      'When snapshots are made by themselves, UTC: 02:30 for every day, 6h for every six hours. Unless set, it is set on the Storage page or by `millrace store schedule`. (Not in Logstash.)',
  },
  'store.snapshot.target': {
    type: 'string',
    default: '',
    description:
      'Where store.snapshot.schedule has them made: s3://bucket/prefix, or the name of a repository of the cluster; empty: store.snapshot.path. (Not in Logstash.)',
  },
  'store.snapshot.keep': {
    type: 'number',
    default: 7,
    description:
      'How many of the snapshots of store.snapshot.schedule are kept; older ones are deleted. (Not in Logstash.)',
  },
  'store.archive.path': {
    type: 'path',
    description:
      'Folder on another, cheaper disk that indices move to when a rule of store.retention says so; they stay searchable. (Not in Logstash.)',
  },
  'store.retention': {
    type: 'string',
    description:
      'How long indices are kept: a list of rules with pattern, max_age, max_bytes, archive_after; the first pattern that fits an index decides. (Not in Logstash.)',
  },
  'store.s3.access_key': {
    type: 'password',
    description:
      'Access key for snapshots in S3; AWS_ACCESS_KEY_ID of the environment unless set. (Not in Logstash.)',
  },
  'store.s3.secret_key': {
    type: 'password',
    description: 'Its secret; AWS_SECRET_ACCESS_KEY unless set. (Not in Logstash.)',
  },
  'store.s3.session_token': {
    type: 'password',
    description: 'Of temporary credentials; AWS_SESSION_TOKEN unless set. (Not in Logstash.)',
  },
  'store.s3.endpoint': {
    type: 'string',
    description:
      "URL of a server that speaks S3, for what is not Amazon's: https://s3.example.org:9000. AWS_ENDPOINT_URL_S3 unless set. (Not in Logstash.)",
  },
  'store.s3.region': {
    type: 'string',
    description: 'Region of the buckets; AWS_REGION unless set, and then us-east-1. (Not in Logstash.)',
  },
  'store.s3.path_style_access': {
    type: 'boolean',
    description:
      'The bucket is in the path of the URL instead of the host name; with an endpoint true unless set. (Not in Logstash.)',
  },
  'store.s3.ssl.certificate_authorities': {
    type: 'path',
    description: 'Authority of the certificate of the endpoint, PEM. (Not in Logstash.)',
  },
} as const satisfies Record<string, Setting>;
