/** The call of a route, made of a request. */
import { depthOf, MAX_DEPTH, parseJson } from '../../event/json.ts';
import { StoreError } from '../errors.ts';
import { resolveDateMath } from '../index-selection.ts';
import { denied, isGranted, narrow, type Privilege } from './access.ts';
import { type Call, type Json, names } from './call.ts';

/** Bodies that are parsed on the thread that serves: larger ones (bulk, documents) go to the store unread. */
const MAX_PARSED = 16 << 20;

export function makeCall(
  parts: Omit<Call, 'json' | 'object' | 'select' | 'allow'> & {
    /** HEAD: whether something is there. */
    readonly isQuestion: boolean;
  },
): Call {
  const { isQuestion, ...given } = parts;
  const { body, query, identity, store } = given;
  const params: Record<string, string> = { ...given.params };
  const { index } = params;
  if (index?.includes('<') === true)
    params['index'] = names(index)
      .map((name) => resolveDateMath(name, Date.now()))
      .join(',');
  let parsed: { value: unknown } | undefined;
  const json = (): unknown => (parsed ??= { value: parse(body, query['source']) }).value;
  return {
    ...given,
    params,
    json,
    object: () => {
      const value = json() ?? {};
      if (typeof value !== 'object' || Array.isArray(value) || JSON.isRawJSON(value))
        throw new StoreError(400, 'parsing_exception', 'Expected [START_OBJECT] but found something else');
      return value as Json;
    },
    select: async (text = params['index'], privilege: Privilege = 'read') => {
      const selection = {
        names: names(text),
        ...(query['ignore_unavailable'] !== undefined && {
          ignoreUnavailable: query['ignore_unavailable'] !== 'false',
        }),
        ...(query['allow_no_indices'] !== undefined && {
          allowNoIndices: query['allow_no_indices'] !== 'false',
        }),
      };
      if (isQuestion) return selection;
      return narrow(store, identity, privilege, selection);
    },
    allow: async (privilege, name) => {
      if (!identity.privileges.has(privilege) || (privilege === 'read' && identity.partial === true))
        throw denied(identity, privilege, [name]);
      if (identity.grants.length === 0 || isGranted(identity, privilege, [name])) return;
      // Perhaps under another of its names.
      const found = await store.indices({ names: [name], ignoreUnavailable: true });
      const granted =
        found.length > 0 &&
        found.every((info) =>
          isGranted(identity, privilege, [
            info.name,
            ...Object.keys(info.aliases),
            ...(info.dataStream === undefined ? [] : [info.dataStream]),
          ]),
        );
      if (!granted) throw denied(identity, privilege, [name]);
    },
  };
}

function parse(body: Uint8Array, source: string | undefined): unknown {
  if (body.length > MAX_PARSED)
    throw new StoreError(
      413,
      'content_too_long_exception',
      `a body of this kind may have ${MAX_PARSED} bytes, and has ${body.length}`,
    );
  const text =
    body.length > 0 ? Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8') : source;
  if (text === undefined || text.trim() === '') return undefined;
  let value: ReturnType<typeof parseJson>;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new StoreError(400, 'x_content_parse_exception', (error as Error).message.slice(0, 500));
  }
  if (depthOf(value, MAX_DEPTH) > MAX_DEPTH)
    throw new StoreError(
      400,
      'x_content_parse_exception',
      `the body is nested deeper than ${MAX_DEPTH} levels`,
    );
  return value;
}
