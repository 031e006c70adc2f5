import { silentLogger } from '../../src/kernel/logger.ts';
import { OpenSearchStore } from '../../src/store/opensearch/opensearch-store.ts';
import { openSearchMissing, startOpenSearch } from '../peers/opensearch.ts';
import { describePeer } from '../support/peers.ts';
import { driverSuite } from './driver-suite.ts';

describePeer('OpenSearch', [await openSearchMissing()], () => {
  driverSuite({
    name: 'cluster',
    async open() {
      const server = await startOpenSearch();
      const store = await OpenSearchStore.open({
        connection: { hosts: [server.url] },
        // A node alone has no place for copies.
        templatePatterns: ['*'],
        logger: silentLogger,
      });
      const close = async (): Promise<void> => {
        await store.close();
        await server.stop();
      };
      return { store, close };
    },
  });
});
