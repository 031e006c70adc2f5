/** What is done with files as a whole. */
import { Button, Menu } from '@mantine/core';
import { IconDots, IconKey, IconPlus, IconTrash, IconUpload } from '@tabler/icons-react';
import type { ConfigList } from './editor.tsx';
import type { EditorSearch } from './search.ts';

export function More({
  list,
  mayApply,
  open,
  remove,
}: {
  readonly list: ConfigList;
  readonly mayApply: boolean;
  readonly open: (dialog: NonNullable<EditorSearch['dialog']>) => void;
  /** The file that is shown; undefined: it stays. */
  readonly remove: { readonly name: string; readonly ask: () => void } | undefined;
}) {
  if (!mayApply) return null;
  const takesNew =
    list.takesPipelines || list.pipelines.some(({ takesFiles, files }) => takesFiles || files.length > 0);
  return (
    <Menu position="bottom-end" width={260}>
      <Menu.Target>
        <Button size="compact-sm" variant="default" px={6} aria-label="More: new file, custom files, secrets">
          <IconDots size={16} aria-hidden />
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<IconPlus size={16} aria-hidden />}
          disabled={!takesNew}
          onClick={() => open('new')}
        >
          New pipeline or file…
        </Menu.Item>
        <Menu.Item leftSection={<IconUpload size={16} aria-hidden />} onClick={() => open('custom')}>
          Add custom files…
        </Menu.Item>
        <Menu.Item leftSection={<IconKey size={16} aria-hidden />} onClick={() => open('secrets')}>
          Secrets…
        </Menu.Item>
        {remove && (
          <>
            <Menu.Divider />
            <Menu.Item leftSection={<IconTrash size={16} aria-hidden />} onClick={remove.ask}>
              Delete {remove.name}…
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
