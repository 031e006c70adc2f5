/** Data streams: when the output writes to one, what it is called, and what events must say about it. */

import { isMap } from '../../event/event.ts';
import type { Event, Fields, FieldValue } from '../../kernel/event-types.ts';
import type { EcsMode } from '../../kernel/plugin.ts';

export interface DataStream {
  readonly type: string;
  readonly dataset: string;
  readonly namespace: string;
  /** The document's `data_stream` fields say where it went. */
  readonly syncFields: boolean;
  /** The event's `data_stream` fields say where it goes. */
  readonly autoRouting: boolean;
}

export interface DataStreamValues {
  readonly data_stream?: 'true' | 'false' | 'auto' | undefined;
  readonly data_stream_type?: string | undefined;
  readonly data_stream_dataset?: string | undefined;
  readonly data_stream_namespace?: string | undefined;
  readonly data_stream_sync_fields?: boolean | undefined;
  readonly data_stream_auto_routing?: boolean | undefined;
}

/**
 * The data stream to write to; undefined: an index. `auto` (the default) means a data stream when events follow the
 * ECS and no option is given that has no meaning for data streams (`incompatible`).
 */
export function resolveDataStream(
  values: DataStreamValues,
  ecs: EcsMode,
  incompatible: readonly string[],
): DataStream | undefined {
  const { data_stream: wanted = 'auto' } = values;
  if (wanted === 'false' || (wanted === 'auto' && (ecs === 'disabled' || incompatible.length > 0)))
    return undefined;
  return {
    type: values.data_stream_type ?? 'logs',
    dataset: values.data_stream_dataset ?? 'generic',
    namespace: values.data_stream_namespace ?? 'default',
    syncFields: values.data_stream_sync_fields ?? true,
    autoRouting: values.data_stream_auto_routing ?? true,
  };
}

/** Why a text can not be a dataset or namespace; undefined: it can. */
export function identifierProblem(text: string): string | undefined {
  if (text === '') return 'it is empty';
  if (Buffer.byteLength(text) > 100) return 'it has more than 100 bytes';
  const [bad] = /[\\/*?"<>| ,#:]/.exec(text) ?? [];
  return bad === undefined ? undefined : `\`${bad}\` is not allowed in it`;
}

const PARTS = ['type', 'dataset', 'namespace'] as const;

/** `logs-generic-default`, or what the event's `data_stream` fields say. */
export function dataStreamName(stream: DataStream): (event: Event) => string {
  const name = `${stream.type}-${stream.dataset}-${stream.namespace}`;
  if (!stream.autoRouting) return () => name;
  return ({ fields }) => {
    const own = fields['data_stream'];
    if (!isMap(own)) return name;
    return `${part(own, stream, 'type')}-${part(own, stream, 'dataset')}-${part(own, stream, 'namespace')}`;
  };
}

function part(own: Fields, stream: DataStream, name: (typeof PARTS)[number]): string {
  const value = own[name];
  return typeof value === 'string' && value !== '' ? value : stream[name];
}

/** JSON of the event with complete `data_stream` fields; the event stays as it is. */
export function documentOfDataStream(stream: DataStream): (event: Event) => string {
  const { type, dataset, namespace } = stream;
  const all = JSON.stringify({ type, dataset, namespace });
  return ({ fields }) => {
    const own = fields['data_stream'];
    if (own === undefined) {
      const text = JSON.stringify(fields);
      return text === '{}' ? `{"data_stream":${all}}` : `${text.slice(0, -1)},"data_stream":${all}}`;
    }
    return JSON.stringify({ ...fields, data_stream: synced(own, stream) });
  };
}

function synced(own: FieldValue, stream: DataStream): Fields {
  const map: Fields = isMap(own) ? { ...own } : {};
  for (const name of PARTS) map[name] = stream.autoRouting ? part(map, stream, name) : stream[name];
  return map;
}
