/** Every document of a data stream has a time: what becomes of those that come without one. */
import { StoreError } from '../errors.ts';
import { LOGS_PIPELINE } from '../mapping/built-in-templates.ts';
import type { Index } from './catalogue.ts';

/**
 * The document with the time of its arrival, for streams whose index names the built-in pipeline for that.
 * @throws StoreError in Elasticsearch's words: there is no `@timestamp`, or what is there is no time
 */
export function withTimestamp(index: Index, id: string, document: Buffer): Buffer {
  const text = document.toString();
  const fields = JSON.parse(text) as Record<string, unknown>;
  if (Object.hasOwn(fields, '@timestamp') && fields['@timestamp'] !== null) {
    throw new StoreError(
      400,
      'document_parsing_exception',
      `failed to parse field [@timestamp] of type [date] in document with id '${id}'. Preview of field's value: '${previewOf(fields['@timestamp'])}'`,
    );
  }
  if (Object.hasOwn(fields, '@timestamp') || pipelineOf(index) !== LOGS_PIPELINE)
    throw new StoreError(
      400,
      'document_parsing_exception',
      'data stream timestamp field [@timestamp] is missing',
    );
  const rest = text.trimStart().slice(1);
  const comma = Object.keys(fields).length === 0 ? '' : ',';
  return Buffer.from(`{"@timestamp":"${new Date().toISOString()}"${comma}${rest}`);
}

function pipelineOf({ settings }: Index): unknown {
  return (settings['index'] as { readonly default_pipeline?: unknown } | undefined)?.default_pipeline;
}

const previewOf = (value: unknown): string =>
  (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 100);
