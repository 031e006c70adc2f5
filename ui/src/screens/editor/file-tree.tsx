/** The files, by the pipelines that read them. */
import { Anchor, Code, Group, Popover, Stack, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { IconFile, IconFileCheck, IconLink, IconList, IconLock, IconTerminal2 } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ConfigFile } from '../../../../src/server/contract.ts';
import { visible } from '../../lib/visible.ts';
import type { ConfigList } from './editor.tsx';

export interface FileTreeProps {
  readonly list: ConfigList;
  readonly current: string | undefined;
  readonly isDirty: (id: string) => boolean;
  /** Errors of a file. */
  readonly errors: (id: string) => number;
  readonly open: (id: string) => void;
}

export interface FileGroup {
  readonly title: string;
  readonly files: readonly ConfigFile[];
  /** Where there is no file. */
  readonly empty?: boolean;
}

export function groupsOf({ files, pipelines }: ConfigList): FileGroup[] {
  const ofKind = (kind: ConfigFile['kind']): ConfigFile[] => files.filter((file) => file.kind === kind);
  const groups: FileGroup[] = pipelines.map(({ id, files: ids }) => ({
    title: id,
    files: files.filter((file) => ids.includes(file.id)),
    empty: true,
  }));
  for (const [kind, title] of [
    ['pipelines', 'Pipelines file'],
    ['test', 'Tests'],
    ['custom', 'Custom files'],
  ] as const)
    if (ofKind(kind).length > 0) groups.push({ title, files: ofKind(kind) });
  return groups;
}

export function FileTree({ list, current, isDirty, errors, open }: FileTreeProps) {
  return (
    <nav aria-label="Files" className="config-tree">
      {groupsOf(list).map(({ title, files, empty }) => (
        <section key={title} aria-label={title}>
          <Text size="xs" c="dimmed" fw={600} className="config-tree-title" title={title}>
            {title}
          </Text>
          {files.length === 0 && empty && <NoFile pipeline={title} />}
          {files.map((file) => {
            const wrong = errors(file.id);
            return (
              <Tooltip key={file.id} label={file.path} openDelay={600} position="right" multiline maw={480}>
                <UnstyledButton
                  className="config-tree-file"
                  aria-current={file.id === current ? 'true' : undefined}
                  onClick={() => open(file.id)}
                >
                  <Icon file={file} />
                  <span className="config-tree-name">{file.name}</span>
                  {isDirty(file.id) && (
                    <span className="config-tree-dirty">
                      <span aria-hidden>●</span>
                      <span className="only-heard">not applied</span>
                    </span>
                  )}
                  {wrong > 0 && (
                    <span className="config-tree-wrong">
                      {wrong}
                      <span className="only-heard"> errors</span>
                    </span>
                  )}
                </UnstyledButton>
              </Tooltip>
            );
          })}
        </section>
      ))}
    </nav>
  );
}

/** A pipeline that the command line made: why it can not be edited here, and what to do about that. */
function NoFile({ pipeline }: { readonly pipeline: string }) {
  return (
    <Popover width={340} position="right-start" trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton className="config-tree-file">
          <IconTerminal2 size={15} stroke={1.6} aria-hidden style={{ flex: 'none' }} />
          <span className="config-tree-name">
            <span className="only-heard">{pipeline}: </span>from the command line
          </span>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={`How to edit ${pipeline}`}>
        <Stack gap="xs">
          <Text size="sm">{visible(pipeline, 100)} has no file that could be changed here.</Text>
          <Text size="sm">
            Given with <Code>-e</Code>: put the text into a file, and start Millrace with{' '}
            <Code>--path.settings DIR</Code> and an entry for it in <Code>DIR/pipelines.yml</Code>.
          </Text>
          <Text size="sm">
            Built into <Code>millrace up</Code>: add a source of your own, with its own port and file, and
            turn this one off (<Code>millrace up --help</Code>).
          </Text>
          <Group gap="md">
            <Anchor component={Link} to="/integrations/new" size="sm">
              Add a source
            </Anchor>
            <Anchor component={Link} to={`/pipelines/${encodeURIComponent(pipeline)}` as never} size="sm">
              Look into the pipeline
            </Anchor>
          </Group>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function Icon({ file: { kind, secret, readOnly } }: { readonly file: ConfigFile }) {
  const props = { size: 15, stroke: 1.6, 'aria-hidden': true, style: { flex: 'none' } } as const;
  if (secret) return <IconLock {...props} />;
  if (readOnly !== undefined) return <IconLink {...props} />;
  if (kind === 'test') return <IconFileCheck {...props} />;
  if (kind === 'pipelines') return <IconList {...props} />;
  return <IconFile {...props} />;
}
