/** What answers at an address: Elasticsearch, OpenSearch, in which version, or something else. */
import { MillraceError } from '../../kernel/errors.ts';
import type { HttpResponse } from '../http/client.ts';
import { describeStatus, excerpt } from '../http/errors.ts';

export interface Product {
  readonly name: 'Elasticsearch' | 'OpenSearch';
  readonly version: string;
  readonly major: number;
  readonly minor: number;
  /** Elasticsearch as a service without nodes, shards and lifecycle management. */
  readonly serverless: boolean;
  /** Has index lifecycle management (`_ilm`). */
  readonly lifecycles: boolean;
}

/**
 * Reads the answer to `GET /`. Elasticsearch since 7.14 tells itself by a header, before by its tagline; OpenSearch
 * by `version.distribution`.
 * @param who we are, for the message
 * @throws MillraceError ERR_CONFIG if we may not read it, or if it is neither; Error if it may get better
 */
export function identify(response: HttpResponse, origin: string, who: string): Product {
  const { status, body } = response;
  if (status === 401)
    throw new MillraceError('ERR_CONFIG', `${origin} does not let ${who} in (401): check the credentials`);
  if (status === 403)
    throw new MillraceError(
      'ERR_CONFIG',
      `${origin} does not allow ${who} to read its start page (403): check the privileges (cluster: monitor)`,
    );
  if (status < 200 || status > 299) throw new Error(`${origin} answered ${describeStatus(status)}`);
  const info = parse(body);
  const number = info?.version?.number;
  if (typeof number !== 'string' || !/^\d+\.\d+/.test(number)) {
    const said = excerpt(body, 80);
    throw new MillraceError(
      'ERR_CONFIG',
      `what answers at ${origin} is neither Elasticsearch nor OpenSearch${said === '' ? '' : `: ${said}`}`,
    );
  }
  const [major = 0, minor = 0] = number.split('.').map(Number);
  const { distribution, build_flavor: flavor } = info!.version!;
  const tagline = String(info!.tagline ?? '');
  if (distribution === 'opensearch' || tagline.startsWith('The OpenSearch Project'))
    return { name: 'OpenSearch', version: number, major, minor, serverless: false, lifecycles: false };
  const old = major < 7 || (major === 7 && minor < 14);
  const genuine = old
    ? tagline === 'You Know, for Search'
    : response.headers['x-elastic-product'] === 'Elasticsearch';
  if (!genuine)
    throw new MillraceError(
      'ERR_CONFIG',
      `what answers at ${origin} says it is version ${number}, but not that it is Elasticsearch or OpenSearch`,
    );
  if (major < 7)
    throw new MillraceError(
      'ERR_CONFIG',
      `Elasticsearch ${number} at ${origin} is too old: 7.0 or newer is needed`,
    );
  const serverless = flavor === 'serverless';
  return {
    name: 'Elasticsearch',
    version: number,
    major,
    minor,
    serverless,
    lifecycles: !serverless && flavor !== 'oss',
  };
}

interface StartPage {
  readonly version?: {
    readonly number?: unknown;
    readonly distribution?: unknown;
    readonly build_flavor?: unknown;
  };
  readonly tagline?: unknown;
}

function parse(body: Buffer): StartPage | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
