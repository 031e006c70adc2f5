/** The documents' configs, samples and helper commands, for tests of what they promise. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runToEnd } from './millrace.ts';
import { root } from './peers.ts';

/**
 * A file of `test/fixtures/documents` as it was printed, with every `changes` key replaced by its value. A key that
 * does not stand there is an error: the test would no longer test what the document says.
 */
export function printed(name: string, changes: Readonly<Record<string, string>> = {}): string {
  let text = readFileSync(join(root, 'test/fixtures/documents', name), 'utf8');
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`${name} has no ${from}`);
    text = text.replaceAll(from, () => to);
  }
  return text;
}

export interface Certificates {
  readonly ca: string;
  /** Files of a name given to `millraceCerts`. */
  of(name: string): { readonly cert: string; readonly key: string; readonly pk8: string };
  remove(): void;
}

/** Certificates from `millrace certs`, as its user calls it: for localhost, and a client `logstash-client`. */
export async function millraceCerts(...flags: string[]): Promise<Certificates> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-certs-'));
  const names = ['localhost,127.0.0.1:server', 'logstash-client:client'];
  const { code, stderr } = await runToEnd({ args: ['certs', ...names, '--out', folder, ...flags] });
  if (code !== 0) throw new Error(`millrace certs: ${stderr}`);
  return {
    ca: join(folder, 'ca.crt'),
    of: (name) => ({
      cert: join(folder, `${name}.crt`),
      key: join(folder, `${name}.key`),
      pk8: join(folder, `${name}_pk8.key`),
    }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
