/** Searches that somebody gave a name. Everyone sees them; only their owner and administrators change them. */
import { randomUUID } from 'node:crypto';
import type { Store } from '../../../store/store.ts';
import type { SavedSearch } from '../../contract.ts';
import { type Caller, ConsoleError, type HandlersOf, notThere } from '../call.ts';

const PREFIX = 'search-';
const MAX_SAVED = 1000;

type SearchHandlers = HandlersOf<'GET /api/searches' | 'POST /api/searches' | 'DELETE /api/searches/:id'>;

export function savedSearchHandlers(store: Store): SearchHandlers {
  const all = async (caller: Caller | undefined): Promise<SavedSearch[]> =>
    (await store.objects('saved_object', `${PREFIX}*`)).flatMap(({ name, body }) => {
      const { title, owner, updated, state } = body;
      if (typeof title !== 'string' || typeof owner !== 'string' || typeof state !== 'string') return [];
      const mine = caller?.role === 'administrator' || caller?.name === owner;
      return [{ id: name.slice(PREFIX.length), title, owner, updated: Number(updated), state, mine }];
    });
  /** @throws ConsoleError when it is not there, or belongs to somebody else */
  const own = async (caller: Caller | undefined, id: string): Promise<SavedSearch> => {
    const known = (await all(caller)).find((search) => search.id === id);
    if (!known) throw notThere('this saved search');
    if (known.mine) return known;
    throw new ConsoleError(403, 'owner', `"${known.title}" belongs to ${known.owner}: save your own copy`);
  };
  return {
    'GET /api/searches': async ({ caller }) => ({
      searches: (await all(caller)).sort((a, b) => a.title.localeCompare(b.title, 'en')),
    }),
    'POST /api/searches': async ({ body: { id, title, state }, caller }) => {
      const known = id === undefined ? undefined : await own(caller, id);
      if (!known && (await all(caller)).length >= MAX_SAVED)
        throw new ConsoleError(400, 'too_many', `there are ${MAX_SAVED} saved searches: delete some first`);
      const name = known?.id ?? randomUUID();
      await store.putObject('saved_object', PREFIX + name, {
        title: title.trim(),
        owner: known?.owner ?? caller?.name ?? '',
        updated: Date.now(),
        state,
      });
      return { id: name };
    },
    'DELETE /api/searches/:id': async ({ params, caller }) => {
      const { id } = await own(caller, params['id'] ?? '');
      await store.deleteObject('saved_object', PREFIX + id);
      return {};
    },
  };
}
