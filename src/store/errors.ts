/** Errors of the store in Elasticsearch's words, so that clients recognise them. */
export class StoreError extends Error {
  readonly status: number;
  /** e.g. `index_not_found_exception` */
  readonly type: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, type: string, reason: string, details: Readonly<Record<string, unknown>> = {}) {
    super(reason);
    this.name = 'StoreError';
    this.status = status;
    this.type = type;
    this.details = details;
  }
}

export const indexNotFound = (index: string): StoreError =>
  new StoreError(404, 'index_not_found_exception', `no such index [${index}]`, {
    index,
    'resource.id': index,
    'resource.type': 'index_or_alias',
  });

/** A request that means nothing to us: names the feature. */
export const unsupported = (what: string): StoreError =>
  new StoreError(400, 'illegal_argument_exception', `${what} is not supported by Millrace's event store`);

export const parsingError = (reason: string): StoreError => new StoreError(400, 'parsing_exception', reason);
