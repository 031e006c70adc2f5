/** Document 002: what NXLog sends from Windows, JSON in CP1252 over TCP (section 6, item 5). */
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sorted } from '../support/exact-json.ts';
import { cleanUp, freePort, runConfig } from '../support/millrace.ts';
import { describePeer, peers, root, runProgram } from '../support/peers.ts';

afterAll(cleanUp);

describePeer('C07: NXLog-style JSON lines in CP1252', [peers.python3], () => {
  describe.each(['json', 'json_lines'])('tcp with codec %s', (codec) => {
    test.each([
      ['LF', '\\n'],
      ['CR LF', '\\r\\n'],
    ])('lines that end with %s: every byte from 0x80 to 0xFF comes out right', async (_name, end) => {
      const port = await freePort();
      const millrace = await runConfig(`
        input { tcp { host => "127.0.0.1" port => ${port} codec => ${codec} { charset => "CP1252" } } }
        output { stdout { codec => json_lines } }`);
      const run = await runProgram('python3', [join(root, 'test/peers/nxlog.py'), String(port), end], {
        env: { PYTHONIOENCODING: 'utf-8' },
      });
      expect(run).toMatchObject({ code: 0, stderr: '' });
      const expected = run.stdout.trim().split('\n');
      expect(expected).toHaveLength(129);
      await millrace.waitForEvents(expected.length);
      const lines = millrace.stdout.trim().split('\n');
      const added = ['@timestamp', '@version', 'host', 'port'];
      expect(lines.map((line) => sorted(line, added)).sort()).toEqual(
        expected.map((line) => sorted(line, [])).sort(),
      );
      expect(millrace.events().every((event) => event.tags === undefined)).toBe(true);
    });
  });
});
