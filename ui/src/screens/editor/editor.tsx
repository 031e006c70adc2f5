/** Configs: text with what is wrong, what it would do, its application, and the way back. */
import {
  Button,
  Card,
  Group,
  SegmentedControl,
  Select,
  Skeleton,
  Tabs,
  Text,
  Title,
  Tooltip,
} from '@mantine/core';
import { useDebouncedValue, useMediaQuery } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useBlocker, useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react';
import type { AnswerOf, ConfigFile, Finding, Sample } from '../../../../src/server/contract.ts';
import { useMay } from '../../app/session.tsx';
import { call } from '../../lib/api.ts';
import { Problem } from '../../lib/problem.tsx';
import '../pipelines/pipelines.css';
import { ApplyDialog } from './apply-dialog.tsx';
import { CustomDialog } from './custom-dialog.tsx';
import { DeleteDialog } from './delete-dialog.tsx';
import { asFile, useDrafts } from './drafts.ts';
import './editor.css';
import { FileTree, groupsOf } from './file-tree.tsx';
import { FormPane } from './form-pane.tsx';
import type { LanguageName } from './languages.ts';
import { More } from './more-menu.tsx';
import { NewDialog } from './new-dialog.tsx';
import { Notice } from './notice.tsx';
import { PreviewPane } from './preview-pane.tsx';
import { ProblemsPane } from './problems-pane.tsx';
import type { EditorSearch, Pane } from './search.ts';
import { SecretsDialog } from './secrets-dialog.tsx';
import { TestsPane } from './tests-pane.tsx';
import { VersionsPane } from './versions-pane.tsx';

const CodeEditor = lazy(() => import('./code-editor.tsx'));

export type ConfigList = AnswerOf<'GET /api/configs'>;

const NO_SAMPLE: Sample = { kind: 'lines', text: '' };
const NONE: readonly never[] = [];

const languageOf = ({ kind, name }: ConfigFile): LanguageName =>
  kind === 'pipeline' ? 'logstash' : /\.(?:ya?ml|json)$/.test(name) ? 'yaml' : 'plain';

export function Editor() {
  const { data, error, refetch } = useQuery({
    queryKey: ['configs'],
    queryFn: ({ signal }) => call('GET /api/configs', { signal }),
  });
  if (error) return <Problem title="Configs can not be shown" error={error} retry={() => void refetch()} />;
  if (!data)
    return (
      <Group p="md" gap="md" align="stretch" aria-label="Loading">
        <Skeleton width={200} height={320} visibleFrom="md" />
        <Skeleton height={320} style={{ flex: 1 }} />
      </Group>
    );
  return <Workshop list={data} />;
}

function Workshop({ list }: { readonly list: ConfigList }) {
  const search = useSearch({ strict: false }) as EditorSearch;
  const navigate = useNavigate();
  const client = useQueryClient();
  const [mayTry, mayApply] = [useMay('analyst'), useMay('operator')];
  const narrow = useMediaQuery('(max-width: 62em)', undefined, { getInitialValueInEffect: false }) ?? false;
  const drafts = useDrafts();
  const [cursor, setCursor] = useState(0);
  const [sample, setSample] = useState<Sample>(NO_SAMPLE);
  const [fields, setFields] = useState<readonly string[]>(NONE);
  const [jump, setJump] = useState<{ readonly line: number; readonly column: number }>();
  const [applying, setApplying] = useState<{ readonly rollback?: number; readonly text?: string }>();
  const [deleting, setDeleting] = useState(false);
  const [showsText, setShowsText] = useState(true);

  const set = useCallback(
    (change: { readonly [K in keyof EditorSearch]?: EditorSearch[K] | undefined }): void =>
      void navigate({
        to: '/editor',
        search: (before: EditorSearch) => ({ ...before, ...change }) as EditorSearch,
        replace: true,
      }),
    [navigate],
  );

  const file = fileOf(list, search);
  const id = file?.id;
  const held = useQuery({
    queryKey: ['configs', 'file', id],
    queryFn: ({ signal }) => call('GET /api/configs/files/:id', { params: { id: id! }, signal }),
    enabled: id !== undefined,
  });
  const { open } = drafts;
  useEffect(() => {
    if (held.data && !held.data.secret) open(held.data.id, held.data.text, held.data.hash);
  }, [held.data, open]);
  // A link to a line.
  useEffect(() => {
    if (search.line !== undefined && held.data) setJump({ line: search.line, column: 1 });
  }, [search.line, held.data]);

  const draft = id === undefined ? undefined : drafts.get(id);
  const dirty = id !== undefined && drafts.isDirty(id);
  useBlocker({
    shouldBlockFn: ({ next }) =>
      drafts.edits.length > 0 &&
      next.pathname !== '/editor' &&
      !window.confirm('There are edits that are not applied. Leave, and lose them?'),
    enableBeforeUnload: () => drafts.edits.length > 0,
  });

  const [edits] = useDebouncedValue(drafts.edits, 250);
  const check = useQuery({
    queryKey: ['configs', 'check', edits, list],
    queryFn: ({ signal }) => call('POST /api/configs/check', { body: { edits: [...edits] }, signal }),
    enabled: mayTry,
    placeholderData: (before) => before,
    retry: false,
    gcTime: 10_000,
  });
  const plugins = useQuery({
    queryKey: ['configs', 'plugins'],
    queryFn: ({ signal }) => call('GET /api/configs/plugins', { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const findings = check.data?.findings;
  const own = useMemo(() => findings?.filter((finding) => finding.file === id) ?? NONE, [findings, id]);
  const known = useMemo(
    () => ({
      plugins: plugins.data?.plugins ?? NONE,
      fields: fields.length > 0 ? fields : referencesIn(draft?.text ?? ''),
    }),
    [plugins.data, fields, draft?.text],
  );

  const openFile = (next: string): void => {
    setCursor(0);
    setJump(undefined);
    setShowsText(true);
    set({ file: next, path: undefined, line: undefined, version: undefined });
  };
  const go = (next: string | undefined, line: number, column = 1): void => {
    if (next === undefined) return;
    setShowsText(true);
    if (next !== id) openFile(next);
    // Behind the change of the file.
    setTimeout(() => setJump({ line, column }), next === id ? 0 : 300);
  };

  if (!file || id === undefined)
    return (
      <Nothing
        list={list}
        newPipeline={() => set({ dialog: 'new' })}
        search={search}
        close={() => set({ dialog: undefined })}
        opened={openFile}
      />
    );

  const pipeline = search.pipeline ?? file.pipelines[0] ?? list.pipelines[0]?.id ?? '';
  const about = list.pipelines.find((each) => each.id === pipeline);
  const readOnly = !mayTry || file.readOnly !== undefined || (!mayApply && file.kind !== 'pipeline');
  const errors = findings?.filter(({ severity }) => severity === 'error').length ?? 0;
  const offered: readonly Pane[] = [
    ...(mayTry ? (['preview', 'problems'] as const) : []),
    ...(file.kind === 'pipeline' ? (['form'] as const) : []),
    ...(mayTry ? (['tests'] as const) : []),
    'versions',
  ];
  const pane = offered.find((each) => each === search.pane) ?? offered[0]!;
  const apply = (): void => {
    if (mayApply && dirty && file.readOnly === undefined) setApplying({});
  };
  const remove =
    file.kind !== 'pipelines' && file.readOnly === undefined
      ? { name: file.name, ask: () => setDeleting(true) }
      : undefined;
  const titles = {
    preview: 'Preview',
    problems: findings && findings.length > 0 ? `Problems (${findings.length})` : 'Problems',
    form: 'Form',
    tests: 'Tests',
    versions: 'Versions',
  } as const;

  const text = (
    <div className="config-text">
      {held.error ? (
        <Problem
          title={`${file.name} can not be shown`}
          error={held.error}
          retry={() => void held.refetch()}
        />
      ) : held.data?.secret ? (
        <Card m="md" withBorder>
          <Title order={2} size="h5">
            What {file.name} holds is never shown
          </Title>
          <Text size="sm" mt={4}>
            It is a private key or no text. Configs name it as {file.path}. Upload a file of the same name to
            replace it.
          </Text>
        </Card>
      ) : !draft ? (
        <Skeleton height="100%" role="status" aria-label="Loading" />
      ) : (
        <Suspense fallback={<Skeleton height="100%" role="status" aria-label="Loading" />}>
          <CodeEditor
            key={id}
            value={draft.text}
            onChange={(next) => drafts.change(id, next)}
            language={languageOf(file)}
            label={file.name}
            readOnly={readOnly}
            findings={own}
            known={known}
            jump={jump}
            onCursor={setCursor}
            onApply={apply}
          />
        </Suspense>
      )}
    </div>
  );

  const side = (
    <div className="config-pane">
      <Tabs
        value={pane}
        onChange={(value) => set({ pane: (value ?? undefined) as Pane | undefined })}
        className="config-tabs"
        styles={{ list: { flexWrap: 'nowrap', overflowX: 'auto', overflowY: 'hidden' } }}
      >
        <Tabs.List>
          {offered.map((each) => (
            <Tabs.Tab
              key={each}
              value={each}
              {...(each === 'problems' && errors > 0 && { c: 'var(--mantine-color-error)' })}
            >
              {titles[each]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel key={pane} value={pane} className="config-pane-body">
          {pane === 'preview' && (
            <>
              {list.pipelines.length > 1 && (
                <Select
                  size="xs"
                  label="Pipeline"
                  mb="xs"
                  data={list.pipelines.map((each) => each.id)}
                  value={pipeline}
                  onChange={(value) => set({ pipeline: value ?? undefined })}
                  allowDeselect={false}
                />
              )}
              <PreviewPane
                pipeline={pipeline}
                inputs={about?.inputs ?? NONE}
                codecs={known.plugins.filter(({ kind }) => kind === 'codec').map(({ name }) => name)}
                edits={drafts.edits}
                sample={sample}
                changeSample={setSample}
                seen={setFields}
                go={go}
                openTests={() => set({ pane: 'tests' })}
              />
            </>
          )}
          {pane === 'problems' && (
            <ProblemsPane
              findings={findings}
              millis={check.data?.millis}
              go={(finding: Finding) => go(finding.file, finding.line, finding.column)}
            />
          )}
          {pane === 'form' && (
            <FormPane
              text={draft?.text ?? ''}
              cursor={cursor}
              known={known}
              readOnly={readOnly}
              change={(next) => drafts.change(id, next)}
              moveTo={(offset, line, column) => {
                setCursor(offset);
                setJump({ line, column });
              }}
            />
          )}
          {pane === 'tests' && (
            <TestsPane
              tests={list.files.filter(({ kind }) => kind === 'test')}
              edits={drafts.edits}
              go={go}
            />
          )}
          {pane === 'versions' && (
            <VersionsPane
              file={file}
              text={draft?.text ?? ''}
              selected={search.version}
              select={(version) => set({ version })}
              split={search.diff === 'split'}
              setSplit={(split) => set({ diff: split ? 'split' : undefined })}
              rollBack={mayApply ? (rollback, old) => setApplying({ rollback, text: old }) : undefined}
            />
          )}
        </Tabs.Panel>
      </Tabs>
    </div>
  );

  return (
    <div className="config-screen">
      {!narrow && (
        <div className="config-side">
          <Group justify="space-between" px={12} py={8} wrap="nowrap">
            <Title order={1} size="h5">
              Configs
            </Title>
            <More list={list} mayApply={mayApply} open={(dialog) => set({ dialog })} remove={remove} />
          </Group>
          <FileTree
            list={list}
            current={id}
            isDirty={drafts.isDirty}
            errors={(of) =>
              findings?.filter((each) => each.file === of && each.severity === 'error').length ?? 0
            }
            open={openFile}
          />
        </div>
      )}
      <div className="config-main">
        <div className="config-head">
          {narrow && (
            <Group gap="xs" wrap="nowrap" mb={8}>
              <Select
                size="sm"
                aria-label="File"
                style={{ flex: 1 }}
                value={id}
                onChange={(value) => value && openFile(value)}
                allowDeselect={false}
                data={groupsOf(list)
                  .filter(({ files }) => files.length > 0)
                  .map(({ title, files }, at, all) => ({
                    group: title,
                    items: files
                      .filter((each) => !all.slice(0, at).some((before) => before.files.includes(each)))
                      .map((each) => ({ value: each.id, label: each.name })),
                  }))}
              />
              <More list={list} mayApply={mayApply} open={(dialog) => set({ dialog })} remove={remove} />
            </Group>
          )}
          <Group justify="space-between" gap="xs" wrap={narrow ? 'wrap' : 'nowrap'}>
            <div style={{ minWidth: 0 }}>
              <Group gap={8} wrap="nowrap">
                <Title
                  order={2}
                  size="h5"
                  style={{ overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }}
                >
                  {file.name}
                </Title>
                {dirty && (
                  <Text size="xs" c="var(--millrace-warn)" style={{ whiteSpace: 'nowrap' }}>
                    not applied
                  </Text>
                )}
              </Group>
              <Text size="xs" c="dimmed" truncate title={file.path}>
                {file.path}
              </Text>
            </div>
            <Group gap="xs" wrap="nowrap">
              {narrow && (
                <SegmentedControl
                  size="xs"
                  aria-label="What is shown"
                  value={showsText ? 'text' : 'pane'}
                  onChange={(value) => setShowsText(value === 'text')}
                  data={[
                    { value: 'text', label: 'Text' },
                    { value: 'pane', label: titles[pane] },
                  ]}
                />
              )}
              {dirty && (
                <Button size="compact-sm" variant="default" onClick={() => drafts.discard(id)}>
                  Discard
                </Button>
              )}
              {mayApply && (
                <Tooltip label={dirty ? 'Ctrl+S' : 'Nothing was changed'}>
                  <Button size="compact-sm" onClick={apply} disabled={!dirty || file.readOnly !== undefined}>
                    Apply…
                  </Button>
                </Tooltip>
              )}
            </Group>
          </Group>
          <Notice
            file={file}
            masked={held.data?.masked === true}
            mayTry={mayTry}
            mayApply={mayApply}
            problem={list.problem}
            usedBy={file.usedBy}
            go={go}
          />
        </div>
        {(!narrow || showsText) && text}
        {narrow && !showsText && side}
      </div>
      {!narrow && side}
      {applying && draft && (
        <ApplyDialog
          file={file}
          before={draft.original}
          after={(applying.text ?? draft.text).replace(/\r\n?/g, '\n')}
          text={applying.text ?? asFile(draft)}
          base={draft.base}
          {...(applying.rollback !== undefined && { rollback: applying.rollback })}
          close={() => setApplying(undefined)}
          applied={(answer, applied) => {
            drafts.applied(id, answer.hash, applied);
            void client.invalidateQueries({ queryKey: ['configs'] });
            void client.invalidateQueries({ queryKey: ['pipelines'] });
          }}
        />
      )}
      {deleting && (
        <DeleteDialog
          file={file}
          close={() => setDeleting(false)}
          deleted={() => {
            setDeleting(false);
            set({ file: undefined, version: undefined });
            void client.invalidateQueries({ queryKey: ['configs'] });
          }}
        />
      )}
      <Dialogs list={list} search={search} close={() => set({ dialog: undefined })} opened={openFile} />
    </div>
  );
}

function Dialogs({
  list,
  search,
  close,
  opened,
}: {
  readonly list: ConfigList;
  readonly search: EditorSearch;
  readonly close: () => void;
  readonly opened: (id: string) => void;
}) {
  const mayApply = useMay('operator');
  if (!mayApply) return null;
  return (
    <>
      {search.dialog === 'new' && <NewDialog list={list} close={close} opened={opened} />}
      {search.dialog === 'custom' && <CustomDialog list={list} close={close} opened={opened} />}
      {search.dialog === 'secrets' && <SecretsDialog close={close} />}
    </>
  );
}

function Nothing({
  list,
  newPipeline,
  search,
  close,
  opened,
}: {
  readonly list: ConfigList;
  readonly newPipeline: () => void;
  readonly search: EditorSearch;
  readonly close: () => void;
  readonly opened: (id: string) => void;
}) {
  const mayApply = useMay('operator');
  return (
    <>
      <Card withBorder m="md" p="xl" maw={640}>
        <Title order={1} size="h4">
          There are no config files
        </Title>
        <Text mt="xs">
          {list.problem ??
            'The pipelines of this Millrace come from its command line. Start it with --path.settings DIR and a pipelines.yml, or add a source under Sources and destinations, to edit configs here.'}
        </Text>
        {mayApply && (
          <Group mt="md" gap="xs">
            {list.takesPipelines && <Button onClick={newPipeline}>New pipeline…</Button>}
          </Group>
        )}
      </Card>
      <Dialogs list={list} search={search} close={close} opened={opened} />
    </>
  );
}

/** The file that a URL means: by id, by path, by the pipeline, or the first one. */
function fileOf(
  { files, pipelines }: ConfigList,
  { file, path, pipeline }: EditorSearch,
): ConfigFile | undefined {
  const byPath =
    path === undefined
      ? undefined
      : files.find((each) => each.path === path || each.path.endsWith(`/${path}`));
  const inPipeline = pipelines.find(({ id }) => id === pipeline)?.files[0];
  return (
    files.find(({ id }) => id === file) ?? byPath ?? files.find(({ id }) => id === inPipeline) ?? files[0]
  );
}

const MAX_REFERENCES = 200;

/** Field references that a config names already, as long as no events were seen. */
function referencesIn(text: string): string[] {
  const found = new Set<string>();
  for (const [reference] of text.matchAll(/(?:\[[\w@.-]+\])+/g)) {
    found.add(reference);
    if (found.size >= MAX_REFERENCES) break;
  }
  return [...found];
}
