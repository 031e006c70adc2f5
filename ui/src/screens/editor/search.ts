/** What the URL of the editor says. */

const panes = ['preview', 'problems', 'form', 'tests', 'versions'] as const;
export type Pane = (typeof panes)[number];

export interface EditorSearch {
  /** Id of a file. */
  readonly file?: string | undefined;
  /** Its path, in links of other screens. */
  readonly path?: string | undefined;
  readonly line?: number | undefined;
  readonly pane?: Pane | undefined;
  /** Whose filters a sample goes through. */
  readonly pipeline?: string | undefined;
  readonly version?: number | undefined;
  readonly diff?: 'unified' | 'split' | undefined;
  readonly dialog?: 'secrets' | 'custom' | 'new' | undefined;
}

export function editorSearch(search: Record<string, unknown>): EditorSearch {
  const text = (name: 'file' | 'path' | 'pipeline'): { [K in typeof name]?: string } => {
    const value = search[name];
    return typeof value === 'string' && value !== '' ? { [name]: value } : {};
  };
  const number = (name: 'line' | 'version'): { [K in typeof name]?: number } => {
    const value = Number(search[name]);
    return Number.isSafeInteger(value) && value > 0 ? { [name]: value } : {};
  };
  const pane = panes.find((each) => each === search['pane']);
  const diff = (['unified', 'split'] as const).find((each) => each === search['diff']);
  const dialog = (['secrets', 'custom', 'new'] as const).find((each) => each === search['dialog']);
  return {
    ...text('file'),
    ...text('path'),
    ...text('pipeline'),
    ...number('line'),
    ...number('version'),
    ...(pane && { pane }),
    ...(diff && { diff }),
    ...(dialog && { dialog }),
  };
}
