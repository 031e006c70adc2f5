/** `s3://bucket/prefix?endpoint=…&region=…&path_style_access=true`: where a snapshot lies, and who may go there. */
import { StoreError } from '../errors.ts';
import type { S3Credentials } from './sign.ts';

/** What settings say of all buckets; the AWS environment variables stand in for what is left out. */
export interface S3Settings {
  readonly accessKey?: string;
  readonly secretKey?: string;
  readonly sessionToken?: string;
  readonly endpoint?: string;
  readonly region?: string;
  readonly pathStyle?: boolean;
  /** PEM, of servers with certificates of their own. */
  readonly ca?: string;
}

export interface S3Target {
  readonly bucket: string;
  /** Of the snapshot, without slashes around it. */
  readonly prefix: string;
  /** Data of all snapshots side by side: the prefix above. */
  readonly repository: string;
  /** Requests go to this URL and a key. */
  readonly base: URL;
  readonly region: string;
  readonly credentials: S3Credentials;
  readonly ca: string | undefined;
}

export const isS3 = (target: string): boolean => /^s3:\/\//i.test(target);

const wrong = (reason: string): StoreError => new StoreError(400, 'repository_exception', reason);

/** @throws StoreError with what is missing */
export function s3Target(
  text: string,
  settings: S3Settings,
  env: Readonly<Record<string, string | undefined>> = process.env,
): S3Target {
  const match = /^s3:\/\/([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/i.exec(text);
  const [, bucket = '', path = '', query = ''] = match ?? [];
  if (!/^[a-z0-9][a-z0-9.-]+$/.test(bucket))
    throw wrong(`[${text.split('?')[0]}] is no place in S3: it looks like s3://bucket/prefix`);
  const given = new URLSearchParams(query);
  for (const key of given.keys())
    if (!['endpoint', 'region', 'path_style_access'].includes(key))
      throw wrong(`[${key}] is no parameter of an S3 address: endpoint, region and path_style_access are`);
  const prefix = path.replace(/^\/+|\/+$/g, '');
  const parts = prefix.split('/');
  if (prefix === '' || parts.some((part) => part === '' || part === '.' || part === '..'))
    throw wrong(`[s3://${bucket}/${path}] names no snapshot: it looks like s3://${bucket}/backup/monday`);
  if (parts.at(-1) === 'segments')
    throw wrong('a snapshot in S3 can not be called [segments]: the data of all snapshots is there');
  const accessKey = settings.accessKey ?? env['AWS_ACCESS_KEY_ID'];
  const secretKey = settings.accessKey === undefined ? env['AWS_SECRET_ACCESS_KEY'] : settings.secretKey;
  const token = settings.accessKey === undefined ? env['AWS_SESSION_TOKEN'] : settings.sessionToken;
  if (!accessKey || !secretKey)
    throw wrong(
      'there are no credentials for S3: set store.s3.access_key and store.s3.secret_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment',
    );
  const region =
    given.get('region') ?? settings.region ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1';
  const endpoint =
    given.get('endpoint') ?? settings.endpoint ?? env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'];
  const style = given.get('path_style_access') ?? settings.pathStyle;
  // Wildcard certificates do not fit names with dots; what is no AWS seldom has a name for each bucket.
  const isPathStyle =
    style === undefined ? endpoint !== undefined || bucket.includes('.') : String(style) === 'true';
  return {
    bucket,
    prefix,
    repository: parts.slice(0, -1).join('/'),
    base: baseOf(endpoint ?? `https://s3.${region}.amazonaws.com`, bucket, isPathStyle),
    region,
    credentials: { accessKey, secretKey, ...(token !== undefined && { sessionToken: token }) },
    ca: settings.ca,
  };
}

function baseOf(endpoint: string, bucket: string, isPathStyle: boolean): URL {
  let url: URL;
  try {
    url = new URL(endpoint.includes('://') ? endpoint : `https://${endpoint}`);
  } catch {
    throw wrong(`[${endpoint}] is no endpoint of S3: it looks like https://s3.example.org:9000`);
  }
  if (!['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '')
    throw wrong(`[${endpoint}] is no endpoint of S3: it looks like https://s3.example.org:9000`);
  const path = url.pathname.replace(/\/+$/, '');
  if (isPathStyle) url.pathname = `${path}/${bucket}/`;
  else {
    url.hostname = `${bucket}.${url.hostname}`;
    url.pathname = `${path}/`;
  }
  return url;
}
