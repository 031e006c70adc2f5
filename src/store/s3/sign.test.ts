import { expect, test } from 'vitest';
import { encodeKey, encodeQuery, signV4 } from './sign.ts';

const credentials = {
  accessKey: 'AKIAIOSFODNN7EXAMPLE',
  secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const at = new Date('2013-05-24T00:00:00Z');

test('signs as the examples of the S3 documentation do', () => {
  const get = signV4(
    {
      method: 'GET',
      url: new URL('https://examplebucket.s3.amazonaws.com/test.txt'),
      headers: { range: 'bytes=0-9' },
    },
    credentials,
    'us-east-1',
    at,
  );
  expect(get['authorization']).toBe(
    'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  );
  const list = signV4(
    {
      method: 'GET',
      url: new URL(
        `https://examplebucket.s3.amazonaws.com/?${encodeQuery({ prefix: 'J', 'max-keys': '2' })}`,
      ),
      headers: {},
    },
    credentials,
    'us-east-1',
    at,
  );
  expect(list['authorization']).toMatch(/34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7$/);
  const put = signV4(
    {
      method: 'PUT',
      url: new URL(`https://examplebucket.s3.amazonaws.com/${encodeKey('test$file.text')}`),
      headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
      body: Buffer.from('Welcome to Amazon S3.'),
    },
    credentials,
    'us-east-1',
    at,
  );
  expect(put['authorization']).toMatch(/98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd$/);
});

test('a session token is sent and signed; keys are encoded once', () => {
  const signed = signV4(
    { method: 'GET', url: new URL('http://h:9000/b/k'), headers: {} },
    { ...credentials, sessionToken: 't' },
    'eu-west-1',
    at,
  );
  expect(signed['x-amz-security-token']).toBe('t');
  expect(signed['authorization']).toContain('x-amz-security-token,');
  expect(encodeKey("a b/ü(1)!*'+&.parquet")).toBe('a%20b/%C3%BC%281%29%21%2A%27%2B%26.parquet');
});
