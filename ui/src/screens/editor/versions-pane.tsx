/** Earlier texts of a file: who, when, why; what differs; the way back. */
import { Badge, Button, Group, SegmentedControl, Skeleton, Stack, Text, UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ConfigFile, ConfigVersion } from '../../../../src/server/contract.ts';
import { call } from '../../lib/api.ts';
import { Problem } from '../../lib/problem.tsx';
import { DiffView } from './diff-view.tsx';

const actions = { apply: 'Applied', 'roll back': 'Rolled back', found: 'Found', delete: 'Deleted' } as const;
const time = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export interface VersionsPaneProps {
  readonly file: ConfigFile;
  /** What the editor shows. */
  readonly text: string;
  readonly selected: number | undefined;
  readonly select: (number: number | undefined) => void;
  readonly split: boolean;
  readonly setSplit: (split: boolean) => void;
  /** Undefined: the caller may not. */
  readonly rollBack: ((number: number, text: string) => void) | undefined;
}

export function VersionsPane({ file, text, selected, select, split, setSplit, rollBack }: VersionsPaneProps) {
  const { data, error, refetch } = useQuery({
    queryKey: ['configs', 'versions', file.id],
    queryFn: ({ signal }) => call('GET /api/configs/files/:id/versions', { params: { id: file.id }, signal }),
  });
  if (error) return <Problem title="No versions" error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={160} role="status" aria-label="Loading" />;
  if (data.versions.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {file.secret
          ? 'Of files that hold a key no versions are kept.'
          : 'There are no versions yet. Each time an edit is applied here, the text before and the new one are kept.'}
      </Text>
    );
  return (
    <Stack gap="xs">
      <Stack gap={4} component="ol" m={0} p={0} style={{ listStyle: 'none' }} aria-label="Versions">
        {data.versions.map((version) => (
          <li key={version.number}>
            <UnstyledButton
              className="config-finding"
              aria-expanded={version.number === selected}
              onClick={() => select(version.number === selected ? undefined : version.number)}
            >
              <Entry version={version} />
            </UnstyledButton>
            {version.number === selected && (
              <Chosen
                file={file}
                version={version}
                text={text}
                split={split}
                setSplit={setSplit}
                rollBack={rollBack}
              />
            )}
          </li>
        ))}
      </Stack>
    </Stack>
  );
}

function Entry({
  version: { number, user, time: at, action, comment, outcome, current },
}: {
  readonly version: ConfigVersion;
}) {
  return (
    <>
      <Group gap={6} wrap="nowrap" justify="space-between">
        <Text size="sm" fw={600} className="numbers">
          Version {number}
        </Text>
        {current ? (
          <Badge size="sm" variant="outline" color="teal">
            in the file
          </Badge>
        ) : outcome === 'refused' ? (
          <Badge size="sm" variant="outline" color="red">
            did not start
          </Badge>
        ) : null}
      </Group>
      <Text size="xs" c="dimmed">
        {actions[action]} {time.format(at)}
        {user !== undefined && ` by ${user}`}
      </Text>
      {comment !== '' && (
        <Text size="xs" style={{ overflowWrap: 'anywhere' }}>
          {comment}
        </Text>
      )}
    </>
  );
}

function Chosen({
  file,
  version,
  text,
  split,
  setSplit,
  rollBack,
}: {
  readonly file: ConfigFile;
  readonly version: ConfigVersion;
} & Pick<VersionsPaneProps, 'text' | 'split' | 'setSplit' | 'rollBack'>) {
  const { number } = version;
  const { data, error } = useQuery({
    queryKey: ['configs', 'version', file.id, number],
    queryFn: ({ signal }) =>
      call('GET /api/configs/files/:id/versions/:number', {
        params: { id: file.id, number: String(number) },
        signal,
      }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (error) return <Problem title="This version can not be shown" error={error} />;
  if (!data) return <Skeleton height={120} mt="xs" role="status" aria-label="Loading" />;
  return (
    <Stack gap="xs" p="xs">
      {version.error !== undefined && (
        <Text
          size="sm"
          c="var(--mantine-color-error)"
          style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}
        >
          {version.error}
        </Text>
      )}
      <Group justify="space-between" gap="xs">
        <SegmentedControl
          size="xs"
          aria-label="Difference"
          value={split ? 'split' : 'unified'}
          onChange={(value) => setSplit(value === 'split')}
          data={[
            { value: 'unified', label: 'One column' },
            { value: 'split', label: 'Side by side' },
          ]}
        />
        {rollBack && !version.current && file.readOnly === undefined && (
          <Button size="compact-sm" variant="light" onClick={() => rollBack(number, data.text)}>
            Roll back to this…
          </Button>
        )}
      </Group>
      <Text size="xs" c="dimmed">
        From version {number} to what the editor shows:
      </Text>
      <DiffView before={data.text} after={text} split={split} label={`Difference from version ${number}`} />
    </Stack>
  );
}
