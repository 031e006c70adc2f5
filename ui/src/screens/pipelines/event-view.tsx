/** An event, or what became of one, as a table of fields. */
import { Text } from '@mantine/core';
import { visible } from '../../lib/visible.ts';
import { diff, type FieldChange, fieldsOf } from './event-diff.ts';

const MAX_SHOWN = 2000;
const cut = (text: string): string =>
  text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)` : text;

const marks = { same: '', added: '+', removed: '−', changed: '~' } as const;
const words = { same: 'unchanged', added: 'added', removed: 'removed', changed: 'changed' } as const;

export function EventDiff({
  before,
  after,
  all,
  without,
}: {
  readonly before: string;
  readonly after: string;
  /** Unchanged fields too. */
  readonly all: boolean;
  /** Beginning of the names of fields that are not shown. */
  readonly without?: string;
}) {
  const changes = diff(before, after).filter(
    ({ name }) => without === undefined || !name.startsWith(without),
  );
  const shown = all ? changes : changes.filter(({ kind }) => kind !== 'same');
  if (shown.length === 0)
    return (
      <Text size="xs" c="dimmed">
        nothing changed ({changes.length} fields)
      </Text>
    );
  return <Fields changes={shown} />;
}

export function EventFields({
  text,
  kind = 'same',
}: {
  readonly text: string;
  readonly kind?: FieldChange['kind'];
}) {
  const changes = [...fieldsOf(text)].map(
    ([name, value]): FieldChange =>
      kind === 'removed' ? { name, kind, before: value } : { name, kind, after: value },
  );
  return <Fields changes={changes} />;
}

function Fields({ changes }: { readonly changes: readonly FieldChange[] }) {
  return (
    <table className="tap-fields mono">
      <colgroup>
        <col style={{ width: 22 }} />
        <col style={{ width: '36%' }} />
        <col />
      </colgroup>
      <tbody>
        {changes.map(({ name, kind, before, after }) => (
          <tr
            key={name}
            className={kind === 'added' ? 'tap-added' : kind === 'removed' ? 'tap-removed' : undefined}
          >
            <td>
              <span aria-hidden>{marks[kind]}</span>
              {kind !== 'same' && (
                <span
                  style={{
                    position: 'absolute',
                    width: 1,
                    height: 1,
                    overflow: 'hidden',
                    clipPath: 'inset(50%)',
                  }}
                >
                  {words[kind]}
                </span>
              )}
            </td>
            <th scope="row">{visible(name, 1000)}</th>
            <td>
              {kind === 'changed' ? (
                <>
                  <del className="tap-removed">{cut(before!)}</del>{' '}
                  <ins className="tap-added">{cut(after!)}</ins>
                </>
              ) : (
                cut((after ?? before)!)
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
