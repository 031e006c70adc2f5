/** Real rsyslog (omelasticsearch) and syslog-ng (elasticsearch-http) write to the event store's API as to Elasticsearch. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cleanUp, temporaryFolder, until } from '../support/millrace.ts';
import {
  describePeer,
  type Peer,
  peers,
  root,
  runProgram,
  startRsyslog,
  startSyslogNg,
} from '../support/peers.ts';
import { startStoreApi, type TestApi } from '../support/store-api.ts';

let api: TestApi;
let port: string;
beforeAll(async () => {
  api = await startStoreApi();
  ({ port } = new URL(api.url));
});
afterAll(async () => {
  await cleanUp();
  await api.close();
});

/** Sends lines to the relay's socket, and gives what the store has of them. */
async function throughRelay(start: (folder: string, socket: string) => Peer, index: string): Promise<any[]> {
  const folder = temporaryFolder();
  const socket = join(folder, 'log');
  const relay = start(folder, socket);
  try {
    const log = (text: string): ReturnType<typeof runProgram> =>
      runProgram('logger', ['-u', socket, '--socket-errors=on', '-p', 'local4.warning', '-t', 'login', text]);
    await until(async () => (await log('first')).code === 0, `the relay; it says ${relay.output}`, 15);
    for (let n = 1; n <= 40; n++) await log(`session ${n} opened for "jürgen" \\ root`);
    let documents: any[] = [];
    await until(
      async () => {
        const { status, json } = await api.ask('POST', `/${index}/_search`, {
          size: 100,
          query: { query_string: { query: 'session opened' } },
        });
        documents = status === 200 ? json.hits.hits : [];
        return documents.length >= 40;
      },
      `40 events; the relay says ${relay.output}`,
      20,
    );
    return documents;
  } finally {
    await relay.stop();
  }
}

describePeer('rsyslog to the event store', [peers.rsyslogElasticsearch, peers.logger], () => {
  test.each([
    ['with a document type, as it does by itself', ''],
    ['without one, with ids', 'searchType="" bulkid="id" dynBulkId="on" writeoperation="create"'],
  ])('bulks %s', async (name, more) => {
    const index = `rsyslog-${name.length}`;
    const documents = await throughRelay((folder, socket) => {
      const configFile = join(folder, 'rsyslog.conf');
      writeFileSync(
        configFile,
        `global(workDirectory="${folder}")
module(load="omelasticsearch")
module(load="imuxsock" sysSock.use="off")
input(type="imuxsock" Socket="${socket}")
template(name="id" type="string" string="%$!number%-%timereported:::date-unixtimestamp%-%timegenerated:::date-subseconds%")
template(name="json" type="list" option.jsonf="on") {
  property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="program" name="programname" format="jsonf")
  property(outname="severity" name="syslogseverity-text" format="jsonf")
  property(outname="message" name="msg" format="jsonf")
}
action(type="omelasticsearch" server="127.0.0.1" serverport="${port}" template="json" searchIndex="${index}"
  bulkmode="on" errorfile="${folder}/errors" ${more})
`,
      );
      return startRsyslog(folder, configFile);
    }, index);
    expect(documents[0]._source).toMatchObject({ program: 'login', severity: 'warning' });
    const texts = new Set(documents.map(({ _source }) => _source.message.trim()));
    for (let n = 1; n <= 40; n++) expect(texts).toContain(`session ${n} opened for "jürgen" \\ root`);
  });
});

describePeer('syslog-ng to the event store', [peers.syslogNgHttp, peers.logger], () => {
  test('elasticsearch-http', async () => {
    const documents = await throughRelay((folder, socket) => {
      const configFile = join(folder, 'syslog-ng.conf');
      const driver = join(
        root,
        'build/peers/usr/share/syslog-ng/include/scl/elasticsearch/elastic-http.conf',
      );
      writeFileSync(
        configFile,
        `@version: 3.38
@include "${driver}"
options { stats-freq(0); keep-hostname(yes); use-dns(no); dns-cache(no); };
source s { unix-dgram("${socket}"); };
destination d { elasticsearch-http(url("http://127.0.0.1:${port}/_bulk") index("syslog-ng-test") type("")); };
log { source(s); destination(d); flags(flow-control); };
`,
      );
      return startSyslogNg(folder, configFile);
    }, 'syslog-ng-test');
    expect(documents[0]._source).toMatchObject({ PROGRAM: 'login', PRIORITY: 'warning' });
    expect(documents).toHaveLength(40);
  });
});
