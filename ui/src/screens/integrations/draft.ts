/** A form while it is filled in. */
import type {
  BodyOf,
  IntegrationCard,
  IntegrationDetail,
  IntegrationItem,
} from '../../../../src/server/contract.ts';

type Body = BodyOf<'POST /api/integrations'>;
export type Draft = { readonly [K in keyof Body]-?: Exclude<Body[K], undefined> };
export type Value = Draft['values'][string];

/** A form that nobody has touched. */
export function newDraft(card: IntegrationCard, items: readonly IntegrationItem[], store: boolean): Draft {
  const values: Record<string, Value> = {};
  for (const { name, preset } of card.fields) if (preset !== undefined) values[name] = preset;
  return {
    card: card.id,
    title: freeTitle(card, items),
    values,
    secrets: {},
    files: {},
    keep: store ? (card.keep ?? null) : null,
    // Everything that comes in goes there, unless somebody says otherwise.
    others:
      card.kind === 'destination'
        ? items
            .filter(({ kind, managed, edited }) => kind === 'source' && managed && !edited)
            .map(({ id }) => id)
        : [],
  };
}

function freeTitle(card: IntegrationCard, items: readonly IntegrationItem[]): string {
  const plain = card.title.replace(
    /^(Receive|Collect|Follow|Read from|Send to an?|Send to|Send|Write to) /,
    '',
  );
  const title = plain.charAt(0).toUpperCase() + plain.slice(1);
  const taken = new Set(items.filter(({ managed }) => managed).map((item) => item.title.toLowerCase()));
  if (!taken.has(title.toLowerCase())) return title;
  for (let n = 2; ; n++) if (!taken.has(`${title} ${n}`.toLowerCase())) return `${title} ${n}`;
}

/** The form of what is there; its secrets stay where they are. */
export function savedDraft(card: IntegrationCard, { item, form }: IntegrationDetail): Draft {
  const values: Record<string, Value> = {};
  for (const { name, preset } of card.fields) {
    const value = form?.values[name] ?? preset;
    if (value !== undefined) values[name] = value;
  }
  return {
    card: card.id,
    title: item.title,
    values,
    secrets: {},
    files: {},
    keep: form?.keep ?? null,
    others: form?.others ?? [],
  };
}
