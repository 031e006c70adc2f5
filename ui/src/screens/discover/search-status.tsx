/** How many events there are, or how long it has taken to find out, with a way to stop. */
import { Button, Group, Text } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import classes from './discover.module.css';
import { useSearchProgress } from './use-search-progress.ts';
import { showCount } from './values.ts';

/** A search that is done within this many milliseconds shows no signs of waiting. */
const PATIENCE = 700;

export interface SearchStatusProps {
  readonly loading: boolean;
  readonly cancelled: boolean;
  readonly failed: boolean;
  /** Exactly. */
  readonly total: number | undefined;
  readonly atLeast: number | undefined;
  readonly took: number | undefined;
  /** Names of the searches that run. */
  readonly running: () => readonly string[];
  readonly onCancel: () => void;
  readonly children: ReactNode;
}

export function SearchStatus(props: SearchStatusProps) {
  const { loading, cancelled, failed, total, atLeast, took, running, onCancel, children } = props;
  const waited = useWaited(loading);
  const count = total ?? atLeast;
  const slow = waited >= PATIENCE;
  const share = useSearchProgress(slow, running);
  const percent = share === undefined ? undefined : Math.floor(share * 100);
  return (
    <Group gap={8} wrap="nowrap" miw={0}>
      <Text size="sm" fw={600} className={classes['tabular']} truncate role="status">
        {failed
          ? 'The search failed'
          : cancelled
            ? 'The search was cancelled'
            : count === undefined
              ? 'Searching…'
              : `${showCount(count)}${total === undefined ? '+' : ''} ${count === 1 ? 'event' : 'events'}`}
      </Text>
      {!loading && !failed && !cancelled && took !== undefined && (
        <Text size="xs" c="dimmed" className={classes['tabular']} visibleFrom="sm">
          {showCount(took)} ms
        </Text>
      )}
      {!loading && children}
      {slow && (
        <>
          <Text size="xs" c="dimmed" className={classes['tabular']}>
            {percent !== undefined && `${percent} % · `}
            {(waited / 1000).toFixed(0)} s
          </Text>
          <Button size="compact-xs" variant="default" style={{ flexShrink: 0 }} onClick={onCancel}>
            Cancel
          </Button>
        </>
      )}
      {slow &&
        (percent === undefined ? (
          <div className={classes['progress']} aria-hidden />
        ) : (
          <div
            className={classes['share']}
            role="progressbar"
            aria-label="Search"
            aria-valuenow={percent}
            aria-valuemin={0}
            aria-valuemax={100}
          >
            <div style={{ width: `${percent}%` }} />
          </div>
        ))}
    </Group>
  );
}

/** Milliseconds since something began to load; 0 when it does not. */
function useWaited(loading: boolean): number {
  const [waited, setWaited] = useState(0);
  useEffect(() => {
    setWaited(0);
    if (!loading) return undefined;
    const started = performance.now();
    const timer = setInterval(() => setWaited(performance.now() - started), 250);
    return () => clearInterval(timer);
  }, [loading]);
  return waited;
}
