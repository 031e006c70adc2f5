/** What whoever looks at a file must know of it. */
import { Alert, Text } from '@mantine/core';
import type { ConfigFile } from '../../../../src/server/contract.ts';

export function Notice({
  file,
  masked,
  mayTry,
  mayApply,
  problem,
  usedBy,
  go,
}: {
  readonly file: ConfigFile;
  readonly masked: boolean;
  readonly mayTry: boolean;
  readonly mayApply: boolean;
  readonly problem: string | undefined;
  readonly usedBy: ConfigFile['usedBy'];
  readonly go: (file: string | undefined, line: number) => void;
}) {
  const words = [
    ...(file.readOnly === undefined ? [] : [`It can not be changed here: ${file.readOnly}.`]),
    ...(mayApply
      ? []
      : mayTry
        ? ['You can edit and try out; applying needs the role operator.']
        : ['You can look; editing needs the role analyst, applying the role operator.']),
    ...(masked ? ['Secrets are shown as asterisks.'] : []),
  ];
  return (
    <>
      {problem !== undefined && (
        <Alert color="red" p="xs" mt={6} title="The config can not be used">
          <Text size="sm">{problem}</Text>
        </Alert>
      )}
      {words.length > 0 && (
        <Text size="xs" c="dimmed" mt={2}>
          {words.join(' ')}
        </Text>
      )}
      {file.kind === 'custom' && (
        <Text size="xs" c="dimmed" mt={2}>
          {usedBy && usedBy.length > 0 ? (
            <>
              Used by{' '}
              {usedBy.map((each, at) => (
                <span key={`${each.file} ${each.line}`}>
                  {at > 0 && ', '}
                  <button
                    type="button"
                    className="config-plain config-link"
                    onClick={() => go(each.file, each.line)}
                  >
                    {each.name}:{each.line}
                  </button>
                </span>
              ))}
            </>
          ) : (
            'No config names this file: options name it by its path above.'
          )}
        </Text>
      )}
    </>
  );
}
