/** What the URLs of sources and destinations say. */

export interface IntegrationsSearch {
  readonly show?: 'disabled';
  readonly text?: string;
}

export function integrationsSearch(search: Record<string, unknown>): IntegrationsSearch {
  return {
    ...(search['show'] === 'disabled' && { show: 'disabled' as const }),
    ...(typeof search['text'] === 'string' && search['text'] !== '' && { text: search['text'] }),
  };
}

const detailTabs = ['connect', 'settings', 'config'] as const;
export type DetailTab = (typeof detailTabs)[number];

export interface IntegrationSearch {
  readonly tab?: DetailTab;
}

export function integrationSearch(search: Record<string, unknown>): IntegrationSearch {
  const tab = detailTabs.find((each) => each === search['tab']);
  return tab === undefined ? {} : { tab };
}

export interface NewIntegrationSearch {
  readonly kind?: 'source' | 'destination';
}

export function newIntegrationSearch({ kind }: Record<string, unknown>): NewIntegrationSearch {
  return kind === 'source' || kind === 'destination' ? { kind } : {};
}
