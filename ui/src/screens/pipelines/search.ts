/** What the URL of a pipeline says. */

export interface PipelineSearch {
  readonly node?: string | undefined;
  readonly view?: 'graph' | 'table' | undefined;
  readonly tab?: 'numbers' | 'tap' | 'config' | undefined;
  readonly window?: '5m' | '1h' | '24h' | undefined;
  readonly rate?: number | undefined;
}

const oneOf = <const T extends string>(value: unknown, all: readonly T[]): T | undefined =>
  all.find((each) => each === value);

export function pipelineSearch(search: Record<string, unknown>): PipelineSearch {
  const rate = Number(search['rate']);
  return {
    ...(typeof search['node'] === 'string' && { node: search['node'] }),
    ...defined('view', oneOf(search['view'], ['graph', 'table'])),
    ...defined('tab', oneOf(search['tab'], ['numbers', 'tap', 'config'])),
    ...defined('window', oneOf(search['window'], ['5m', '1h', '24h'])),
    ...([1, 10, 50, 100].includes(rate) && { rate }),
  };
}

const defined = <K extends string, T>(name: K, value: T | undefined): { [key in K]?: T } =>
  (value === undefined ? {} : { [name]: value }) as { [key in K]?: T };
