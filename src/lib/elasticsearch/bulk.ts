/**
 * Events as lines of a bulk request: what to do, and for everything but a delete the document. Compiled once; the
 * usual case (one action, an index of the day) costs one `JSON.stringify` an event and no object.
 */
import { cloneEvent, isMap } from '../../event/event.ts';
import { getter, parseFieldReference, setField } from '../../event/field-reference.ts';
import { compileTemplate, sprintf, textOf } from '../../event/sprintf.ts';
import type { Event, Fields, FieldValue } from '../../kernel/event-types.ts';
import { type DataStream, dataStreamName, documentOfDataStream } from './data-stream.ts';

export interface BulkOptions {
  /** As plugins get it in their context. */
  readonly toJson: (value: object) => string;
  readonly action: string;
  readonly index: string;
  /** `[@metadata][_ingest_document][index]` may take its place. */
  readonly indexIsDefault: boolean;
  readonly documentId: string | undefined;
  readonly documentType: string | undefined;
  readonly routing: string | undefined;
  readonly pipeline: string | undefined;
  readonly version: string | undefined;
  readonly versionType: string | undefined;
  readonly parent: string | undefined;
  readonly joinField: string | undefined;
  readonly update: UpdateOptions;
  /** Events whose index still holds `%{…}` are refused. */
  readonly refuseUnresolvedIndex: boolean;
  readonly dataStream: DataStream | undefined;
}

interface UpdateOptions {
  /** JSON of the document to make when there is none; a template. Empty: none. */
  readonly upsert: string;
  readonly docAsUpsert: boolean;
  /** Source or (indexed) id of the script; a template. Empty: none. */
  readonly script: string;
  readonly scriptType: 'inline' | 'indexed';
  readonly scriptLang: string;
  readonly scriptVarName: string;
  readonly scriptedUpsert: boolean;
  readonly retryOnConflict: number;
}

/** Why an event can not become a bulk action. */
export interface Refusal {
  readonly refused: string;
}

const ACTIONS = new Set(['index', 'create', 'update', 'delete']);

type Format = (event: Event) => string;

/** Returns the function that makes the lines of an event (each with its newline). It never throws on any event. */
export function compileBulkEncoder(options: BulkOptions): (event: Event) => string | Refusal {
  const { dataStream } = options;
  const actionOf = template(dataStream === undefined ? options.action : 'create');
  const indexOf = dataStream === undefined ? template(options.index) : dataStreamName(dataStream);
  const head = headWriter(options);
  const update = compileUpdate(options.update);
  const document = dataStream?.syncFields
    ? documentOfDataStream(dataStream)
    : (event: Event): string => options.toJson(event.fields);
  const joined = joiner(options);
  return (event) => {
    const action = actionOf(event);
    if (!ACTIONS.has(action)) return { refused: `Elasticsearch has no action \`${action.slice(0, 100)}\`` };
    const index = indexOf(event);
    if (options.refuseUnresolvedIndex && index.includes('%{') && /%\{.*?\}/.test(index))
      return {
        refused: `Badly formatted index: after filling in fields it still holds a placeholder: [${index}]`,
      };
    const first = head(event, action, index);
    if (action === 'delete') return first;
    const source = joined === undefined ? event : joined(event);
    if (action !== 'update') return `${first}${document(source)}\n`;
    const body = update(source);
    return typeof body === 'string' ? `${first}${body}\n` : body;
  };
}

function template(text: string): Format {
  const compiled = compileTemplate(text);
  return (event) => compiled.format(event);
}

const optional = (text: string | undefined): Format | undefined =>
  text === undefined || text === '' ? undefined : template(text);

/** `{"index":{"_index":"…","_id":"…"}}` and a newline. */
function headWriter(options: BulkOptions): (event: Event, action: string, index: string) => string {
  const id = optional(options.documentId);
  // A child lives with its parent.
  const routing = optional(options.parent) ?? optional(options.routing);
  const pipeline = optional(options.pipeline);
  const version = options.dataStream === undefined ? optional(options.version) : undefined;
  const versionType = options.dataStream === undefined ? optional(options.versionType) : undefined;
  const versioned = options.dataStream === undefined;
  const type = optional(options.documentType);
  const { retryOnConflict } = options.update;
  const constant =
    id === undefined &&
    routing === undefined &&
    pipeline === undefined &&
    version === undefined &&
    versionType === undefined &&
    type === undefined;
  let lastAction = '';
  let lastIndex = '';
  let lastHead = '';
  return (event, action, index) => {
    const control = event.metadata === undefined ? undefined : controlOf(event.metadata);
    if (constant && control === undefined && action !== 'update') {
      if (index !== lastIndex || action !== lastAction) {
        lastAction = action;
        lastIndex = index;
        lastHead = `{"${action}":{"_index":${JSON.stringify(index)}}}\n`;
      }
      return lastHead;
    }
    const target = options.indexIsDefault && isGiven(control?.['index']) ? textOf(control!['index']) : index;
    let text = `{"${action}":{"_index":${JSON.stringify(target)}`;
    text += pair('_id', id === undefined ? control?.['id'] : id(event));
    if (type !== undefined) text += pair('_type', type(event));
    text += pair('routing', routing === undefined ? control?.['routing'] : routing(event));
    text += pair('pipeline', pipeline === undefined ? pipelineOf(event, control) : pipeline(event));
    if (versioned) {
      text += numberPair('version', version === undefined ? control?.['version'] : version(event));
      text += pair(
        'version_type',
        versionType === undefined ? control?.['version_type'] : versionType(event),
      );
    }
    if (action === 'update') text += `,"retry_on_conflict":${retryOnConflict}`;
    return `${text}}}\n`;
  };
}

const NO_CONTROL: Fields = {};

/** What earlier plugins say about the document: `[@metadata][_ingest_document]` and `[target_ingest_pipeline]`. */
function controlOf(metadata: Fields): Fields | undefined {
  const control = Object.hasOwn(metadata, '_ingest_document') ? metadata['_ingest_document'] : undefined;
  if (isMap(control)) return control;
  return isGiven(metadata['target_ingest_pipeline']) ? NO_CONTROL : undefined;
}

const isGiven = (value: FieldValue): boolean => value !== undefined && value !== null;

function pipelineOf(event: Event, control: Fields | undefined): FieldValue {
  if (isGiven(control?.['pipeline'])) return control!['pipeline'];
  const target = event.metadata?.['target_ingest_pipeline'];
  return isGiven(target) ? sprintf(event, textOf(target)) : undefined;
}

function pair(name: string, value: FieldValue): string {
  if (value === undefined || value === null) return '';
  const text = textOf(value);
  // An empty pipeline or routing is none; an empty id would be an error of the whole request.
  return text === '' ? '' : `,"${name}":${JSON.stringify(text)}`;
}

function numberPair(name: string, value: FieldValue): string {
  if (value === undefined || value === null) return '';
  const text = textOf(value);
  return /^-?\d{1,19}$/.test(text) ? `,"${name}":${BigInt(text)}` : pair(name, text);
}

/** With `join_field` the document says whose child it is. The event itself stays as it is. */
function joiner({ parent, joinField }: BulkOptions): ((event: Event) => Event) | undefined {
  if (parent === undefined || parent === '' || joinField === undefined || joinField === '') return undefined;
  const reference = parseFieldReference(joinField);
  const read = getter(reference);
  const parentOf = template(parent);
  return (event) => {
    const copy = cloneEvent(event);
    try {
      setField(copy, joinField, { name: read(event) ?? null, parent: parentOf(event) });
    } catch {
      return event;
    }
    return copy;
  };
}

function compileUpdate(options: UpdateOptions): (event: Event) => string | Refusal {
  const script = optional(options.script);
  const upsert = optional(options.upsert);
  const { scriptType, scriptLang, scriptVarName } = options;
  const key = scriptType === 'indexed' ? 'id' : 'source';
  // A stored script has its language already.
  const lang = scriptType === 'indexed' || scriptLang === '' ? '' : `,"lang":${JSON.stringify(scriptLang)}`;
  return (event) => {
    const source = JSON.stringify(event.fields);
    let made = '';
    if (upsert !== undefined && !options.scriptedUpsert && !options.docAsUpsert) {
      const text = upsert(event);
      if (!isJsonObject(text)) return { refused: `\`upsert\` gives no JSON object: ${text.slice(0, 100)}` };
      made = `,"upsert":${text.replaceAll('\n', ' ')}`;
    }
    if (script === undefined) {
      return `{"doc":${source}${options.docAsUpsert ? ',"doc_as_upsert":true' : made}}`;
    }
    if (options.scriptedUpsert) made = ',"scripted_upsert":true,"upsert":{}';
    else if (options.docAsUpsert) made = `,"upsert":${source}`;
    const params = `{${JSON.stringify(scriptVarName)}:${source}}`;
    return `{"script":{"${key}":${JSON.stringify(script(event))}${lang},"params":${params}}${made}}`;
  };
}

function isJsonObject(text: string): boolean {
  try {
    return isMap(JSON.parse(text));
  } catch {
    return false;
  }
}
