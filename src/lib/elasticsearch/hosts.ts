/** Addresses and credentials of a cluster, from the options that say them in many ways. */
import type { Secret } from '../../kernel/options.ts';
import { basicAuthorization } from '../http/client.ts';

/** One node. */
export interface NodeAddress {
  /** `https://host:9200` */
  readonly origin: string;
  /** Under which it answers: empty, or `/path` without a slash at its end. */
  readonly base: string;
  /** `a=1&b=2`, of its address. */
  readonly query: string;
  /** `Basic …` of its address. */
  readonly authorization: string | undefined;
}

export interface ClusterAddress {
  readonly nodes: readonly NodeAddress[];
  readonly secure: boolean;
  /** For all nodes that have none of their own. */
  readonly authorization: string | undefined;
  /** Who we are, for messages: `user elastic`, `the API key`, `nobody`. */
  readonly identity: string;
}

export interface HostValues {
  readonly hosts: readonly string[];
  readonly ssl_enabled?: boolean | undefined;
  readonly path?: string | undefined;
  readonly cloud_id?: string | undefined;
  readonly cloud_auth?: Secret | undefined;
  readonly user?: string | undefined;
  readonly password?: Secret | undefined;
  readonly api_key?: Secret | undefined;
}

/** Something that the options can not mean; `option` names the one to look at. */
class HostsError extends Error {
  readonly option: string;
  constructor(option: string, message: string) {
    super(message);
    this.option = option;
  }
}

const DEFAULT_PORT = '9200';

/** @throws HostsError */
export function resolveHosts(values: HostValues): ClusterAddress {
  const hosts = values.hosts.length === 0 ? ['//localhost'] : values.hosts;
  const given = hosts.some((host) => host !== '//127.0.0.1');
  if (values.cloud_id !== undefined && given)
    throw new HostsError('cloud_id', 'give either `hosts` or `cloud_id`');
  const parts = (values.cloud_id === undefined ? hosts : [cloudHost(values.cloud_id)]).map(splitHost);
  const secure = values.ssl_enabled ?? parts.some(({ scheme }) => scheme === 'https');
  for (const { scheme, text } of parts) {
    if (scheme !== undefined && (scheme === 'https') !== secure)
      throw new HostsError(
        'hosts',
        values.ssl_enabled === undefined
          ? 'some begin with http and some with https'
          : `\`${text}\` does not go with \`ssl_enabled => ${secure}\``,
      );
  }
  const path = normalPath(values.path ?? '');
  return {
    nodes: parts.map((part) => {
      const own = normalPath(part.path);
      if (own !== '' && path !== '' && own !== path)
        throw new HostsError('path', `\`${part.text}\` has another path already`);
      return {
        origin: `${secure ? 'https' : 'http'}://${part.host}:${part.port}`,
        base: own === '' ? path : own,
        query: part.query,
        authorization: part.authorization,
      };
    }),
    secure,
    ...credentials(values),
  };
}

interface HostParts {
  readonly text: string;
  readonly scheme: 'http' | 'https' | undefined;
  readonly host: string;
  readonly port: string;
  readonly path: string;
  readonly query: string;
  readonly authorization: string | undefined;
}

const HOST =
  /^(?:(?:([a-z][a-z0-9+.-]*):)?\/\/)?(?:([^@/]*)@)?(\[[\da-f:.]+\]|[^:/?#[\]]+)(?::(\d+))?(\/[^?#]*)?(?:\?([^#]*))?$/i;

/** Not by `URL`: it does not tell the port 443 from none, and the default here is 9200. */
function splitHost(text: string): HostParts {
  const match = HOST.exec(text.trim());
  // Shown without credentials.
  const shown = text.replace(/\/\/[^@/]*@/, '//');
  if (match === null) throw new HostsError('hosts', `\`${shown}\` is no address`);
  const [, scheme, user, host = '', port = DEFAULT_PORT, path = '', query = ''] = match;
  const known = scheme?.toLowerCase();
  if (known !== undefined && known !== 'http' && known !== 'https')
    throw new HostsError('hosts', `\`${shown}\`: the scheme must be http or https`);
  if (Number(port) < 1 || Number(port) > 65_535)
    throw new HostsError('hosts', `\`${shown}\` has no possible port`);
  const [name = '', ...rest] = (user ?? '').split(':');
  return {
    text: shown,
    scheme: known,
    host,
    port,
    path,
    query,
    authorization:
      user === undefined ? undefined : basicAuthorization(decoded(name), decoded(rest.join(':'))),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `/a/b`, without double slashes and slash at the end; empty for the root. */
export function normalPath(path: string): string {
  const [only = ''] = path.split('?');
  return `/${only}`.replace(/\/{2,}/g, '/').replace(/\/$/, '');
}

/** Elastic Cloud: `label:base64("domain[:port]$elasticsearch[:port]$kibana")`. */
function cloudHost(id: string): string {
  const encoded = id.slice(id.lastIndexOf(':') + 1);
  const [domain = '', elasticsearch = ''] = Buffer.from(encoded, 'base64').toString('utf8').split('$');
  if (!/^[\w.-]+(?::\d+)?$/.test(domain) || !/^[\w-]+(?::\d+)?$/.test(elasticsearch))
    throw new HostsError('cloud_id', 'it is not what Elastic Cloud shows as Cloud ID (`name:base64`)');
  const [host, port = '443'] = domain.split(':');
  const [uuid, ownPort = port] = elasticsearch.split(':');
  return `https://${uuid}.${host}:${ownPort}`;
}

function credentials(values: HostValues): Pick<ClusterAddress, 'authorization' | 'identity'> {
  if (values.api_key !== undefined)
    return { authorization: `ApiKey ${apiKey(values.api_key.reveal())}`, identity: 'the API key' };
  if (values.cloud_auth !== undefined) {
    const [user = '', ...rest] = values.cloud_auth.reveal().split(':');
    if (user === '' || rest.length === 0) throw new HostsError('cloud_auth', 'it must be `user:password`');
    return { authorization: basicAuthorization(user, rest.join(':')), identity: `user \`${user}\`` };
  }
  if (values.user !== undefined)
    return {
      authorization: basicAuthorization(values.user, values.password?.reveal() ?? ''),
      identity: `user \`${values.user}\``,
    };
  return { authorization: undefined, identity: 'a client without credentials' };
}

/** Base64 and keys of Elastic Cloud go out as they are; `id:key` is encoded. */
function apiKey(key: string): string {
  if (/^essu_./.test(key)) return key;
  if (/^[^:]+:[^:]+$/.test(key)) return Buffer.from(key).toString('base64');
  const bytes = Buffer.from(key, 'base64');
  if (bytes.length > 0 && bytes.toString('base64') === key) return key;
  throw new HostsError(
    'api_key',
    'it must be `id:key`, base64 of that, or a key of Elastic Cloud (`essu_…`)',
  );
}
