/** Aliases. */
import { parsingError, StoreError } from '../../errors.ts';
import { globMatch } from '../../glob-match.ts';
import type { AliasAction } from '../../store.ts';
import { denied, isGranted } from '../access.ts';
import { type Answer, acknowledged, type Call, type Json, json, names, type Route } from '../call.ts';

async function get(call: Call): Promise<Answer> {
  const found = await call.store.indices(await call.select(undefined, 'metadata'));
  const patterns = names(call.params['name']).filter((name) => name !== '_all');
  const tests = patterns.map(globMatch);
  const shown: Record<string, unknown> = {};
  const seen = new Set<string>();
  for (const { name, aliases } of found) {
    const own = Object.entries(aliases).filter(
      ([alias]) => tests.length === 0 || tests.some((test) => test(alias)),
    );
    for (const [alias] of own) seen.add(alias);
    if (own.length > 0 || (patterns.length === 0 && call.params['name'] === undefined))
      shown[name] = { aliases: Object.fromEntries(own) };
  }
  const missing = patterns.filter((pattern) => !pattern.includes('*') && !seen.has(pattern));
  if (missing.length === 0) return json(shown);
  const error =
    missing.length === 1 ? `alias [${missing[0]}] missing` : `aliases [${missing.join(',')}] missing`;
  return json({ error, status: 404, ...shown }, 404);
}

const list = (one: unknown, several: unknown): string[] =>
  [one, several]
    .flat()
    .filter((value) => value !== undefined && value !== null)
    .flatMap((value) => names(String(value)));

function actionsOf(body: Json): AliasAction[] {
  const { actions, ...unknown } = body;
  const [wrong] = Object.keys(unknown);
  if (wrong !== undefined || !Array.isArray(actions))
    throw parsingError(wrong === undefined ? 'No action specified' : `[aliases] unknown field [${wrong}]`);
  return actions.flatMap((one: unknown): AliasAction[] => {
    const [[action, given] = [], ...more] = Object.entries((one ?? {}) as Json);
    if (
      more.length > 0 ||
      (action !== 'add' && action !== 'remove' && action !== 'remove_index') ||
      typeof given !== 'object' ||
      given === null
    )
      throw parsingError(`[aliases] unknown action [${String(action)}]`);
    const { index, indices, alias, aliases, must_exist: _, ...options } = given as Json;
    const chosen = list(index, indices);
    const called = action === 'remove_index' ? [''] : list(alias, aliases);
    if (chosen.length === 0 || called.length === 0)
      throw new StoreError(
        400,
        'action_request_validation_exception',
        'Validation Failed: 1: [index] and [alias] are required;',
      );
    return chosen.flatMap((name) =>
      called.map((each) => ({ action, index: name, alias: each, body: action === 'add' ? options : {} })),
    );
  });
}

/** Filtered aliases are refused: everything would be seen through them. */
async function apply(call: Call, actions: readonly AliasAction[]): Promise<Answer> {
  const { identity } = call;
  const ready: AliasAction[] = [];
  for (const action of actions) {
    const { filter, routing: _, index_routing: __, search_routing: ___, ...known } = action.body;
    if (filter !== undefined)
      throw new StoreError(
        400,
        'illegal_argument_exception',
        "[filter] of an alias is not supported by Millrace's event store",
      );
    for (const key of Object.keys(known))
      if (!['is_write_index', 'is_hidden'].includes(key))
        throw parsingError(`[alias] unknown field [${key}]`);
    const { names: chosen } = await call.select(action.index, 'manage');
    if (identity.grants.length > 0 && action.alias !== '' && !isGranted(identity, 'manage', [action.alias]))
      throw denied(identity, 'manage', [action.alias]);
    for (const index of chosen) ready.push({ ...action, index, body: known });
  }
  await call.store.updateAliases(ready);
  return acknowledged({ errors: false });
}

const one = (call: Call, action: 'add' | 'remove'): Promise<Answer> =>
  apply(
    call,
    names(call.params['name']).map((alias) => ({
      action,
      index: call.params['index']!,
      alias,
      body: action === 'add' ? call.object() : {},
    })),
  );

const ofIndex = ['/{index}/_alias/{name}', '/{index}/_aliases/{name}'];

export const aliasRoutes: readonly Route[] = [
  { methods: ['GET'], paths: ['/_alias', '/_aliases', '/_alias/{name}', '/{index}/_alias', '/{index}/_alias/{name}'], needs: 'metadata', handle: get },
  { methods: ['POST'], paths: ['/_aliases'], needs: 'manage', handle: (call) => apply(call, actionsOf(call.object())) },
  { methods: ['PUT', 'POST'], paths: ofIndex, needs: 'manage', handle: (call) => one(call, 'add') },
  { methods: ['DELETE'], paths: ofIndex, needs: 'manage', handle: (call) => one(call, 'remove') },
]; // biome-ignore format: a table
