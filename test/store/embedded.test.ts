import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedStore } from '../../src/store/embedded/embedded-store.ts';
import { embeddedSearcher } from '../../src/store/embedded/search/searcher.ts';
import { driverSuite, fixedRules } from './driver-suite.ts';

driverSuite({
  name: 'embedded',
  async open() {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-driver-'));
    const store = await EmbeddedStore.open({
      folder,
      searcher: embeddedSearcher,
      memoryLimit: 2 ** 29,
      reserve: 0,
      retention: fixedRules,
      maintenance: { sealAfter: 500 },
    });
    const close = async (): Promise<void> => {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    };
    return { store, close };
  },
});
