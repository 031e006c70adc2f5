/** A registry of declarations for tests of the language: no plugin in it can run. */
import type { Options } from '../../src/kernel/options.ts';
import type { Plugin, PluginKind, Registry } from '../../src/kernel/plugin.ts';

const text = (description: string) => ({ type: 'string', description }) as const;

const charset: Options = {
  charset: {
    type: 'string',
    default: 'UTF-8',
    oneOf: ['UTF-8', 'CP1252'],
    description: 'Charset of the bytes.',
  },
};

const declarations = [
  { kind: 'input', name: 'stdin', streaming: true, options: {} },
  {
    kind: 'input',
    name: 'beats',
    ecs: true,
    options: { port: { type: 'number', required: true, description: 'Port.' } },
  },
  {
    kind: 'input',
    name: 'http',
    ecs: true,
    options: {
      host: { type: 'string', default: '0.0.0.0', description: 'Address to listen on.' },
      port: { type: 'number', default: 8080, min: 0, max: 65_535, description: 'Port to listen on.' },
      password: { type: 'password', description: 'Password of basic authentication.' },
      user: text('User of basic authentication.'),
      response_code: { type: 'number', oneOf: [200, 201], default: 200, description: 'Code of the answer.' },
      additional_codecs: { type: 'hash', default: {}, description: 'Codecs by content type.' },
      ssl_enabled: { type: 'boolean', default: false, description: 'Whether TLS is spoken.' },
      ssl: { type: 'boolean', renamedTo: 'ssl_enabled', description: 'Old name.' },
      verify_mode: {
        type: 'string',
        renamedTo: 'ssl_client_authentication',
        renamedValue: (value: unknown) => (value === 'force_peer' ? 'required' : 'none'),
        description: 'Old name.',
      },
      ssl_client_authentication: {
        type: 'string',
        oneOf: ['none', 'optional', 'required'],
        default: 'none',
        description: 'Client certificates.',
      },
      ssl_certificate_authorities: { type: 'path', list: true, description: 'Files of trusted authorities.' },
    },
    binds: (options: { host: string; port: number }) => [
      { protocol: 'tcp', host: options.host, port: options.port },
    ],
    validate: (options: Record<string, unknown>, report: (...args: unknown[]) => void) => {
      if (options['user'] && !options['password'])
        report('error', 'user', 'a user needs a password', 'give `password`');
    },
  },
  {
    kind: 'input',
    name: 'tcp',
    streaming: true,
    options: { port: { type: 'number', required: true, description: 'Port to listen on.' } },
    binds: (options: { port: number }) => [{ protocol: 'tcp', host: '0.0.0.0', port: options.port }],
  },
  {
    kind: 'input',
    name: 'pipeline',
    options: { address: { type: 'string', required: true, description: 'Address of this input.' } },
  },
  {
    kind: 'input',
    name: 'dead_letter_queue',
    options: { pipeline_id: { type: 'string', default: 'main', description: 'Whose dead letters.' } },
  },
  {
    kind: 'filter',
    name: 'mutate',
    options: {
      replace: { type: 'hash', description: 'Fields to replace.' },
      rename: { type: 'hash', description: 'Fields to rename.' },
      gsub: { type: 'array', description: 'Replacements.' },
    },
  },
  { kind: 'filter', name: 'drop', options: {} },
  {
    kind: 'filter',
    name: 'grok',
    options: {
      match: { type: 'hash', required: true, description: 'Field and patterns.' },
      overwrite: { type: 'array', default: [], description: 'Fields to overwrite.' },
      singles: { type: 'boolean', obsolete: 'it is always on', description: 'Gone.' },
    },
  },
  {
    kind: 'filter',
    name: 'ruby',
    options: { code: text('Code.'), path: { type: 'path', description: 'Script.' } },
  },
  {
    kind: 'filter',
    name: 'probe',
    options: {
      string: text('A string.'),
      number: { type: 'number', description: 'A number.' },
      port: { type: 'number', min: 1, max: 65_535, description: 'A number in a range.' },
      boolean: { type: 'boolean', description: 'True or false.' },
      array: { type: 'array', description: 'A list.' },
      hash: { type: 'hash', description: 'A hash.' },
      password: { type: 'password', description: 'A password.' },
      uri: { type: 'uri', description: 'A URI.' },
      uris: { type: 'uri', list: true, description: 'URIs.' },
      path: { type: 'path', description: 'A file.' },
      new_path: { type: 'path', mayBeAbsent: true, description: 'A file to be made.' },
      bytes: { type: 'bytes', description: 'A size.' },
      duration: { type: 'duration', description: 'A duration.' },
      days: { type: 'duration', unit: 'days', description: 'A duration in days.' },
      codec: { type: 'codec', description: 'A codec.' },
      field: { type: 'field_reference', description: 'A field.' },
      any: { type: 'any', description: 'Anything.' },
      level: { type: 'string', oneOf: ['low', 'high'], description: 'One of two.' },
      versions: { type: 'string', oneOf: ['1.2', '1.3'], list: true, description: 'Some of two.' },
      old: { type: 'string', deprecated: 'use `level`', description: 'Still works.' },
    },
  },
  {
    kind: 'output',
    name: 'elasticsearch',
    options: {
      hosts: { type: 'uri', list: true, default: ['//127.0.0.1'], description: 'Servers.' },
      index: text('Index.'),
      user: text('User.'),
      password: { type: 'password', description: 'Password.' },
      custom_headers: { type: 'hash', default: {}, description: 'Headers.' },
    },
  },
  { kind: 'output', name: 'stdout', defaultCodec: 'rubydebug', options: {} },
  {
    kind: 'output',
    name: 'pipeline',
    options: { send_to: { type: 'array', required: true, description: 'Addresses.' } },
  },
  ...['plain', 'line', 'json', 'json_lines'].map((name) => ({
    kind: 'codec',
    name,
    options: { ...charset, ...(name.startsWith('json') && { target: text('Where it goes.') }) },
  })),
  {
    kind: 'codec',
    name: 'rubydebug',
    options: { metadata: { type: 'boolean', default: false, description: 'Whether metadata is shown.' } },
  },
].map((each) => ({ summary: 'For tests.', ...each })) as unknown as readonly Plugin[];

export const langRegistry: Registry = {
  load: async (kind, name) => declarations.find((each) => each.kind === kind && each.name === name),
  names: (kind: PluginKind) => declarations.filter((each) => each.kind === kind).map(({ name }) => name),
};
