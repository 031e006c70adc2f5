/** The http output over TLS and through proxies. */
import { readFileSync } from 'node:fs';
import nodeHttp from 'node:http';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  makeCertificates as makeTestCertificates,
  type TestCertificates,
} from '../../../test/support/certs.ts';
import { answering, cleanups, create, numbered, serve, signal } from '../../../test/support/http-output.ts';
import type { TestServer } from '../../../test/support/http-server.ts';
import { makeCertificates } from '../../lib/tls/certificates.ts';

let certificates: TestCertificates;
beforeAll(() => {
  certificates = makeTestCertificates();
});
afterAll(() => certificates.remove());

describe('proxies of the http output', () => {
  /** Forwards plain requests and tunnels, if the credentials are right. */
  async function proxy(
    credentials?: string,
  ): Promise<{ url: string; host: string; port: number; asked: string[] }> {
    const asked: string[] = [];
    const allowed = (headers: nodeHttp.IncomingHttpHeaders): boolean =>
      credentials === undefined ||
      headers['proxy-authorization'] === `Basic ${Buffer.from(credentials).toString('base64')}`;
    const server = nodeHttp.createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      if (!allowed(request.headers)) {
        response.writeHead(407).end();
        return;
      }
      const forward = nodeHttp.request(
        request.url!,
        { method: request.method!, headers: request.headers },
        (answer) => {
          response.writeHead(answer.statusCode!);
          answer.pipe(response);
        },
      );
      request.pipe(forward);
    });
    server.on('connect', (request, socket: net.Socket) => {
      asked.push(`CONNECT ${request.url}`);
      if (!allowed(request.headers)) {
        socket.end('HTTP/1.1 407 No\r\n\r\n');
        return;
      }
      const [host, port] = request.url!.split(':');
      const target = net.connect(Number(port), host!, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
      target.on('error', () => socket.destroy());
      socket.on('error', () => target.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => {
      server.close();
      server.closeAllConnections();
    });
    const { port } = server.address() as net.AddressInfo;
    return { url: `http://127.0.0.1:${port}`, host: '127.0.0.1', port, asked };
  }

  it('forwards plain requests, with credentials', async () => {
    const server = await serve(answering({}));
    const through = await proxy('joe:secret');
    const output = await create({
      url: `${server.url}/x`,
      proxy: { host: through.host, port: String(through.port), user: 'joe', password: 'secret' },
    });
    expect(await output.write(numbered(1), signal)).toEqual([]);
    expect(server.requests[0]).toMatchObject({ url: '/x', body: '{"n":1}' });
    expect(through.asked).toEqual([`POST ${server.url}/x`]);
    const refused = await create({ url: server.url, proxy: through.url });
    expect(await refused.write(numbered(1), signal)).toMatchObject([
      { index: 0, reason: expect.stringContaining('407') },
    ]);
  });

  it('tunnels TLS', async () => {
    const server = await serve(answering({}), {
      cert: readFileSync(certificates.server.cert),
      key: readFileSync(certificates.server.key),
    });
    const through = await proxy();
    const output = await create({
      url: server.url,
      proxy: through.url,
      ssl_certificate_authorities: [certificates.ca],
    });
    expect(await output.write(numbered(2), signal)).toEqual([]);
    expect(server.requests).toHaveLength(2);
    expect(through.asked[0]).toBe(`CONNECT 127.0.0.1:${server.port}`);
  });
});

describe('TLS of the http output', () => {
  const mutual = (): Promise<TestServer> =>
    serve(answering({}), {
      cert: readFileSync(certificates.server.cert),
      key: readFileSync(certificates.server.key),
      ca: readFileSync(certificates.ca),
      requestCert: true,
      rejectUnauthorized: true,
    });
  const trusting = () => ({ ssl_certificate_authorities: [certificates.ca] });

  it('mutual TLS with an EC certificate', async () => {
    const server = await mutual();
    const { cert, key } = certificates.client;
    const output = await create({ url: server.url, ...trusting(), ssl_certificate: cert, ssl_key: key });
    expect(await output.write(numbered(2), signal)).toEqual([]);
    expect(server.requests).toHaveLength(2);
  });

  it.each(['rsa', 'ec'] as const)('mutual TLS with certificates of millrace certs: %s', async (keyType) => {
    const directory = `${certificates.directory}/${keyType}`;
    await makeCertificates({
      directory,
      keyType,
      hosts: [
        { name: 'localhost', usage: 'server', sans: ['127.0.0.1'] },
        { name: 'client', usage: 'client' },
      ],
    });
    const server = await serve(answering({}), {
      cert: readFileSync(`${directory}/localhost.crt`),
      key: readFileSync(`${directory}/localhost.key`),
      ca: readFileSync(`${directory}/ca.crt`),
      requestCert: true,
    });
    const output = await create({
      url: server.url,
      format: 'json_batch',
      ssl_certificate_authorities: [`${directory}/ca.crt`],
      ssl_certificate: `${directory}/client.crt`,
      ssl_key: `${directory}/client_pk8.key`,
    });
    expect(await output.write(numbered(2), signal)).toEqual([]);
    expect(server.requests[0]!.body).toBe('[{"n":1},{"n":2}]');
  });

  it('mutual TLS with a PKCS#12 keystore', async () => {
    const server = await mutual();
    const { cert, key } = certificates.client;
    certificates.openssl(
      'pkcs12',
      '-export',
      '-in',
      cert,
      '-inkey',
      key,
      '-out',
      'client.p12',
      '-passout',
      'pass:geheim',
    );
    const output = await create({
      url: server.url,
      ...trusting(),
      ssl_keystore_path: `${certificates.directory}/client.p12`,
      ssl_keystore_password: 'geheim',
    });
    expect(await output.write(numbered(1), signal)).toEqual([]);
  });

  it('says in words what is wrong with certificates', async () => {
    const server = await mutual();
    const reason = async (options: Record<string, unknown>): Promise<string> => {
      const output = await create({ url: server.url, ...options });
      const [failure] = (await output.write(numbered(1), signal))!;
      expect(failure!.kind).toBe('retry');
      return failure!.reason.replace(server.url, 'S');
    };
    expect(await reason(trusting())).toMatch(/client certificate/);
    expect(await reason({})).toBe(
      'S can not be reached over TLS: the certificate of the other side comes from an unknown authority (CA)',
    );
    expect(await reason({ ssl_verification_mode: 'none' })).toMatch(/client certificate/);
    const named = await create({ url: server.url.replace('127.0.0.1', 'localhost'), ...trusting() });
    expect(await named.write(numbered(1), signal)).toMatchObject([{ kind: 'retry' }]);
  });

  it('never goes on in plain HTTP after TLS', async () => {
    const plainServer = await serve(answering({}));
    const server = await serve(answering({ status: 307, headers: { location: plainServer.url } }), {
      cert: readFileSync(certificates.server.cert),
      key: readFileSync(certificates.server.key),
    });
    const output = await create({ url: server.url, ...trusting() });
    expect(await output.write(numbered(1), signal)).toMatchObject([
      { kind: 'retry', reason: expect.stringContaining('without TLS: refused') },
    ]);
    expect(plainServer.requests).toHaveLength(0);
  });
});
