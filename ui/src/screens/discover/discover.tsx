/** Searching stored events, and watching new ones arrive. */
import { ActionIcon, Button, Drawer, Tooltip } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconLayoutSidebar, IconListSearch, IconPlayerPlay, IconRefresh } from '@tabler/icons-react';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { defaultParseSearch, defaultStringifySearch, getRouteApi, useRouter } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { EventHit, FilterPill } from '../../../../src/server/contract.ts';
import { ApiFailure, call } from '../../lib/api.ts';
import { Actions } from './actions.tsx';
import classes from './discover.module.css';
import { PAGE, useEventPages } from './event-pages.ts';
import { EventPanel } from './event-panel.tsx';
import type { Density } from './event-table.tsx';
import { FieldList } from './field-list.tsx';
import { FilterPills, withPill } from './filter-pills.tsx';
import { Histogram, TotalButton } from './histogram.tsx';
import { KqlBar, rememberQuery } from './kql-bar.tsx';
import { LiveView } from './live-view.tsx';
import { keepPinned, usePreference, withPinned } from './preferences.ts';
import { Results } from './results.tsx';
import {
  DEFAULT_FROM,
  DEFAULT_SORT,
  DEFAULT_TO,
  type DiscoverState,
  discoverSearch,
  eventKey,
  queryOf,
  sortOf,
} from './search-state.ts';
import { SearchStatus } from './search-status.tsx';
import { SourcePicker } from './source-picker.tsx';
import { TimePicker } from './time-picker.tsx';
import { newProgressId } from './use-search-progress.ts';

const route = getRouteApi('/discover');
const isDensity = (value: unknown): boolean => value === 'compact' || value === 'normal' || value === 'tall';
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
/** For those who want to wait, in milliseconds. */
const LONG_TIMEOUT = 600_000;

export function Discover() {
  const state = route.useSearch();
  const navigate = route.useNavigate();
  const router = useRouter();
  const client = useQueryClient();
  const change = useCallback(
    (patch: { [K in keyof DiscoverState]?: DiscoverState[K] | undefined }, replace = false): void =>
      void navigate({ search: (before) => discoverSearch({ ...before, ...patch }), replace }),
    [navigate],
  );
  const query = useMemo(() => queryOf(state), [state]);
  const sort = useMemo(() => sortOf(state), [state]);
  const columns = useMemo(() => state.cols ?? [], [state.cols]);
  const live = state.live === true;
  const chart = state.chart !== false;

  const [draft, setDraft] = useState(state.q ?? '');
  useEffect(() => setDraft(state.q ?? ''), [state.q]);
  const [tick, setTick] = useState(0);
  const [patient, setPatient] = useState(false);
  const [density, setDensity] = usePreference<Density>('density', 'normal', isDensity);
  const [widths, setWidths] = usePreference<Readonly<Record<string, number>>>('widths', {}, isObject);
  const [withFields, setWithFields] = usePreference('fields', true, (value) => typeof value === 'boolean');
  const [drawer, setDrawer] = useState(false);
  const narrow = useMediaQuery('(max-width: 62em)') ?? false;

  const {
    pages,
    shown,
    state: search,
  } = useEventPages(
    useMemo(() => ({ ...query, sort }), [query, sort]),
    tick,
    !live,
    !chart,
    patient ? LONG_TIMEOUT : undefined,
  );
  const loading = search.loading && !live;
  const histogramId = useRef<string>(undefined);
  const histogram = useQuery({
    queryKey: ['events', 'histogram', query, state.interval, narrow, tick],
    queryFn: ({ signal }) => {
      histogramId.current = newProgressId();
      return call('POST /api/events/histogram', {
        body: {
          ...query,
          progressId: histogramId.current,
          buckets: narrow ? 30 : 80,
          ...(state.interval !== undefined && { interval: state.interval }),
          ...(patient && { timeout: LONG_TIMEOUT }),
        },
        signal,
      });
    },
    enabled: !live && chart,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const fields = useQuery({
    queryKey: ['events', 'fields', query.indices],
    queryFn: ({ signal }) => call('POST /api/events/fields', { body: { indices: query.indices }, signal }),
    staleTime: 30_000,
    refetchInterval: 60_000,
    placeholderData: keepPreviousData,
  });
  /** Live mode has no search that would say what is wrong. */
  const check = useQuery({
    queryKey: ['events', 'check', query.query],
    queryFn: ({ signal }) => call('POST /api/events/complete', { body: { ...query, cursor: 0 }, signal }),
    enabled: live,
  });

  const run = useCallback(
    (text: string): void => {
      rememberQuery(text);
      setPatient(false);
      setTick((before) => before + 1);
      if (text !== (state.q ?? '')) change({ q: text });
      else setDraft(text);
    },
    [change, state.q],
  );
  const refresh = state.refresh ?? 0;
  useEffect(() => {
    if (refresh === 0 || live) return undefined;
    const timer = setInterval(() => {
      // A search that takes longer than the interval is not begun anew.
      if (!document.hidden && !pages.state.loading) setTick((before) => before + 1);
    }, refresh * 1000);
    return () => clearInterval(timer);
  }, [refresh, live, pages]);

  const filters = query.filters;
  // biome-ignore lint/correctness/useExhaustiveDependencies: pinned filters come along once
  useEffect(() => {
    const all = withPinned(filters);
    if (all.length !== filters.length) change({ filters: all }, true);
  }, []);
  const setFilters = useCallback(
    (pills: FilterPill[]): void => {
      keepPinned(pills);
      change({ filters: pills });
    },
    [change],
  );
  const addFilter = useCallback(
    (pill: FilterPill) => setFilters(withPill(filters, pill)),
    [filters, setFilters],
  );
  const setColumn = useCallback(
    (field: string, show: boolean) =>
      change({
        cols: show
          ? [...columns.filter((one) => one !== field), field]
          : columns.filter((one) => one !== field),
      }),
    [change, columns],
  );
  const [openedHit, setOpenedHit] = useState<EventHit>();
  const openEvent = useCallback(
    (hit: EventHit): void => {
      setOpenedHit(hit);
      change({ event: eventKey(hit.index, hit.id) }, true);
    },
    [change],
  );
  const closeEvent = useCallback(() => {
    change({ event: undefined }, true);
    document.querySelector<HTMLElement>('[role=grid]')?.focus();
  }, [change]);
  const setRange = useCallback(
    (from: string, to: string) => {
      setPatient(false);
      setTick((before) => before + 1);
      change({ from, to, live: undefined });
    },
    [change],
  );
  const zoom = useCallback(
    (from: number, to: number) => setRange(new Date(from).toISOString(), new Date(to).toISOString()),
    [setRange],
  );

  const first = search.first ?? shown.state.first;
  const failure =
    search.error instanceof ApiFailure && search.error.position !== undefined ? search.error : undefined;
  const problem = live
    ? check.data?.problem
    : failure?.position !== undefined
      ? {
          message: failure.message.split('\n')[0]!,
          position: failure.position,
          ...(failure.hint !== undefined && { hint: failure.hint }),
        }
      : undefined;
  const exact =
    first?.total?.relation === 'eq'
      ? first.total.value
      : histogram.data && !histogram.isPlaceholderData && !histogram.data.timedOut && !live
        ? histogram.data.total
        : first && !first.total && !first.timedOut && first.hits.length < PAGE
          ? first.hits.length
          : undefined;
  const [counting, setCounting] = useState<string>();
  const countKey = JSON.stringify([query, tick]);
  const counted = useQuery({
    queryKey: ['events', 'count', query, tick],
    queryFn: ({ signal }) =>
      call('POST /api/events/search', {
        body: { ...query, size: 0, exactTotal: true, timeout: LONG_TIMEOUT },
        signal,
      }),
    enabled: counting === countKey && exact === undefined,
  });
  const total = exact ?? counted.data?.total?.value;
  const cancel = useCallback(() => {
    pages.cancel();
    void client.cancelQueries({ queryKey: ['events', 'histogram'] });
  }, [pages, client]);
  const savable = defaultStringifySearch({ ...state, event: undefined, live: undefined }).replace(/^\?/, '');
  const range = first?.range;
  const link = (patch: DiscoverState): string =>
    location.origin +
    router.buildLocation({ to: '/discover', search: discoverSearch({ ...state, ...patch }) }).href;

  const fieldList = (
    <FieldList
      fields={fields.data?.fields}
      failed={fields.error?.message}
      columns={columns}
      query={query}
      onColumn={setColumn}
      onFilter={addFilter}
    />
  );
  const table = {
    columns,
    fields: fields.data?.fields ?? none,
    density,
    opened: state.event,
    widths,
    onWidths: setWidths,
    onColumns: (next: readonly string[]) => change({ cols: next }),
    onOpen: openEvent,
    onFilter: addFilter,
  };
  return (
    <div className={classes['screen']}>
      <h1 className={classes['unseen']}>Discover</h1>
      <search className={classes['bar1']}>
        <SourcePicker chosen={query.indices} onChange={(sources) => change({ sources })} />
        <KqlBar value={draft} onChange={setDraft} onSubmit={run} scope={query} problem={problem} />
        <div className={classes['times']}>
          <TimePicker
            from={state.from ?? DEFAULT_FROM}
            to={state.to ?? DEFAULT_TO}
            refresh={refresh}
            disabled={live}
            resolved={range}
            onRange={setRange}
            onRefresh={(seconds) => change({ refresh: seconds === 0 ? undefined : seconds })}
          />
          <Button
            variant={live ? 'filled' : 'default'}
            h={34}
            px="sm"
            aria-pressed={live}
            leftSection={<IconPlayerPlay size={15} aria-hidden />}
            onClick={() => change({ live: live ? undefined : true })}
          >
            Live
          </Button>
          <Tooltip label="Search again">
            <ActionIcon size={34} aria-label="Search" disabled={live} onClick={() => run(draft)}>
              <IconRefresh size={17} aria-hidden />
            </ActionIcon>
          </Tooltip>
        </div>
      </search>
      <div className={classes['bar2']}>
        <Tooltip label={withFields ? 'Hide fields' : 'Show fields'}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label="Fields"
            aria-expanded={narrow ? drawer : withFields}
            onClick={() => (narrow ? setDrawer(true) : setWithFields(!withFields))}
          >
            {narrow ? <IconListSearch size={18} aria-hidden /> : <IconLayoutSidebar size={18} aria-hidden />}
          </ActionIcon>
        </Tooltip>
        <FilterPills pills={filters} fields={fields.data?.fields ?? none} onChange={setFilters} />
      </div>
      <div className={classes['body']}>
        {!narrow && withFields && <aside className={classes['side']}>{fieldList}</aside>}
        <Drawer opened={narrow && drawer} onClose={() => setDrawer(false)} title="Fields" size="85%">
          <div style={{ height: 'calc(100dvh - 80px)' }}>{narrow && drawer && fieldList}</div>
        </Drawer>
        <div className={classes['main']}>
          {live ? (
            <LiveView query={query} chart={chart} {...table} />
          ) : (
            <>
              <Histogram
                answer={histogram.data}
                loading={histogram.isPlaceholderData || histogram.isFetching}
                failed={
                  histogram.data && !histogram.error
                    ? undefined
                    : histogram.error && failure
                      ? 'the query has an error'
                      : histogram.error?.message
                }
                interval={state.interval ?? ''}
                open={chart}
                status={
                  <SearchStatus
                    loading={loading || histogram.isFetching}
                    cancelled={search.cancelled}
                    failed={search.error !== undefined}
                    total={total}
                    atLeast={first && (first.total?.value ?? first.hits.length)}
                    running={() => [
                      ...pages.running,
                      ...(histogram.isFetching ? [histogramId.current!] : []),
                    ]}
                    took={first?.took}
                    onCancel={cancel}
                  >
                    {total === undefined &&
                      first &&
                      first.total?.relation !== 'eq' &&
                      !histogram.isFetching && <TotalButton onClick={() => setCounting(countKey)} />}
                  </SearchStatus>
                }
                actions={
                  <Actions
                    query={query}
                    columns={columns}
                    state={savable}
                    onState={(text) => {
                      const saved = discoverSearch(defaultParseSearch(`?${text}`));
                      setTick((before) => before + 1);
                      void navigate({ search: { ...saved, filters: withPinned(saved.filters ?? []) } });
                    }}
                    inspect={first?.inspect}
                    took={first?.took}
                    total={total}
                    range={range}
                    density={density}
                    onDensity={setDensity}
                    fixedLink={
                      range &&
                      link({ from: new Date(range.from).toISOString(), to: new Date(range.to).toISOString() })
                    }
                  />
                }
                onInterval={(interval) => change({ interval: interval === '' ? undefined : interval })}
                onOpen={(open) => change({ chart: open ? undefined : false }, true)}
                onZoom={zoom}
              />
              <Results
                {...table}
                search={search}
                shown={shown}
                sort={sort}
                onSort={({ field, order }) =>
                  change({ sort: `${field}:${order}` === DEFAULT_SORT ? undefined : `${field}:${order}` })
                }
                stored={fields.data === undefined || fields.data.fields.length > 0}
                filtered={query.query !== '' || filters.some(({ disabled }) => disabled !== true)}
                onRetry={() => run(draft)}
                onPatient={() => setPatient(true)}
                onRange={setRange}
                onUnfilter={() =>
                  change({ q: undefined, filters: filters.map((pill) => ({ ...pill, disabled: true })) })
                }
              />
            </>
          )}
        </div>
        {state.event !== undefined && (
          <EventPanel
            event={state.event}
            hit={openedHit && eventKey(openedHit.index, openedHit.id) === state.event ? openedHit : undefined}
            fields={fields.data?.fields ?? none}
            columns={columns}
            sources={query.indices}
            link={link({ event: state.event })}
            onColumn={setColumn}
            onFilter={addFilter}
            onOpen={openEvent}
            onClose={closeEvent}
          />
        )}
      </div>
    </div>
  );
}

const none: never[] = [];
