/** Where queries are written. A plain field until the editor has come, of the same size. */
import { ActionIcon, Menu, Text, Tooltip } from '@mantine/core';
import { IconHistory, IconSearch } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import type { EventQuery } from '../../../../src/server/contract.ts';
import { visible } from '../../lib/visible.ts';
import classes from './discover.module.css';

const Editor = lazy(() => import('./kql-editor.tsx'));

export interface KqlInputProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly onSubmit: (value: string) => void;
  /** Where values for completion come from. */
  readonly scope: EventQuery;
  /** Offset of what is wrong. */
  readonly problem: number | undefined;
  readonly label: string;
  readonly placeholder: string;
  readonly focusOnMount: boolean;
}

const HISTORY = 'millrace.discover.history';
const MAX_HISTORY = 30;

function readHistory(): string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(HISTORY) ?? '[]');
    return Array.isArray(stored) ? stored.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

/** Remembers a query on this machine, the newest first. */
export function rememberQuery(query: string): void {
  if (query.trim() === '' || query.length > 2000) return;
  try {
    const others = readHistory().filter((one) => one !== query);
    localStorage.setItem(HISTORY, JSON.stringify([query, ...others].slice(0, MAX_HISTORY)));
  } catch {
    // Without storage there is no history.
  }
}

export interface KqlBarProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly onSubmit: (value: string) => void;
  readonly scope: EventQuery;
  readonly problem:
    | { readonly message: string; readonly position?: number | undefined; readonly hint?: string | undefined }
    | undefined;
}

export function KqlBar({ value, onChange, onSubmit, scope, problem }: KqlBarProps) {
  const props: KqlInputProps = {
    value,
    onChange,
    onSubmit,
    scope,
    problem: problem?.position,
    label: 'Query (KQL)',
    placeholder: 'Search: user.name: alice and not event.outcome: success',
    focusOnMount: false,
  };
  return (
    <div className={classes['kqlBox']}>
      <div className={classes['kql']} data-problem={problem !== undefined || undefined}>
        <IconSearch size={16} aria-hidden className={classes['kqlIcon']} />
        <Suspense fallback={<PlainInput {...props} />}>
          <Editor {...props} />
        </Suspense>
        <History onPick={(query) => onSubmit(query)} />
      </div>
      {problem && <KqlProblem query={value} {...problem} />}
    </div>
  );
}

function PlainInput({ value, onChange, onSubmit, label, placeholder }: KqlInputProps) {
  return (
    <input
      className={classes['kqlPlain']}
      value={value}
      placeholder={placeholder}
      aria-label={label}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
      onKeyDown={({ key, currentTarget }) => key === 'Enter' && onSubmit(currentTarget.value)}
    />
  );
}

function KqlProblem({
  query,
  message,
  position,
  hint,
}: {
  readonly query: string;
  readonly message: string;
  readonly position?: number | undefined;
  readonly hint?: string | undefined;
}) {
  return (
    <div role="alert" className={classes['kqlMessage']}>
      <Text size="sm" c="var(--problem)">
        {visible(message).replace(/\.$/, '')}
        {position !== undefined && ` (at character ${position + 1})`}
        {position !== undefined && position < query.length && (
          <>
            : <code>{visible(query.slice(position, position + 30), 30)}</code>
          </>
        )}
      </Text>
      {hint !== undefined && (
        <Text size="sm" c="dimmed">
          {visible(hint)}
        </Text>
      )}
    </div>
  );
}

function History({ onPick }: { readonly onPick: (query: string) => void }) {
  const [queries, setQueries] = useState<string[]>([]);
  return (
    <Menu position="bottom-end" width={420} onOpen={() => setQueries(readHistory())}>
      <Menu.Target>
        <Tooltip label="Recent queries">
          <ActionIcon variant="subtle" color="gray" size="sm" aria-label="Recent queries">
            <IconHistory size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown mah={360} style={{ overflowY: 'auto' }}>
        <Menu.Label>{queries.length > 0 ? 'Recent queries' : 'Queries you run appear here'}</Menu.Label>
        {queries.map((query) => (
          <Menu.Item key={query} onClick={() => onPick(query)}>
            <Text size="xs" className="mono" lineClamp={2}>
              {visible(query, 300)}
            </Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
