/** Searches with a name: opened, saved, changed, deleted. */
import { ActionIcon, Button, Group, Menu, Modal, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconBookmark, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { SavedSearch } from '../../../../src/server/contract.ts';
import { useMay } from '../../app/session.tsx';
import { call } from '../../lib/api.ts';
import { visible } from '../../lib/visible.ts';
import classes from './discover.module.css';

const KEY = ['searches'];

export interface SavedSearchesProps {
  /** What stands behind the `?` of the URL. */
  readonly state: string;
  readonly onOpen: (state: string) => void;
}

export function SavedSearches({ state, onOpen }: SavedSearchesProps) {
  const client = useQueryClient();
  const may = useMay('analyst');
  const [saving, setSaving] = useState(false);
  const [deleting, setDeleting] = useState<SavedSearch>();
  const [search, setSearch] = useState('');
  const { data, error } = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => call('GET /api/searches', { signal }),
  });
  const remove = useMutation({
    mutationFn: (id: string) => call('DELETE /api/searches/:id', { params: { id } }),
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
    onError: (problem) =>
      notifications.show({ color: 'red', title: 'Not deleted', message: problem.message }),
    onSettled: () => setDeleting(undefined),
  });
  const all = data?.searches ?? [];
  const shown = all.filter(({ title }) => title.toLowerCase().includes(search.trim().toLowerCase()));
  return (
    <>
      <Menu position="bottom-end" width={320} withinPortal onClose={() => setSearch('')}>
        <Menu.Target>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            aria-label="Saved searches"
            leftSection={<IconBookmark size={16} aria-hidden />}
          >
            <span className={classes['actionText']}>Saved</span>
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {may && <Menu.Item onClick={() => setSaving(true)}>Save this search…</Menu.Item>}
          {may && <Menu.Divider />}
          {all.length > 8 && (
            <TextInput
              size="xs"
              m={4}
              placeholder="Search"
              aria-label="Search saved searches"
              value={search}
              onChange={({ currentTarget }) => setSearch(currentTarget.value)}
            />
          )}
          {error && <Menu.Label>{error.message}</Menu.Label>}
          {data && all.length === 0 && <Menu.Label>No saved searches yet</Menu.Label>}
          <div style={{ maxHeight: 320, overflowY: 'auto' }}>
            {shown.map((saved) => (
              <Group key={saved.id} gap={2} wrap="nowrap">
                <Menu.Item flex={1} onClick={() => onOpen(saved.state)}>
                  <Text size="sm" lineClamp={2}>
                    {visible(saved.title, 200)}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {visible(saved.owner, 60)}
                  </Text>
                </Menu.Item>
                {may && saved.mine && (
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`Delete ${saved.title}`}
                    onClick={() => setDeleting(saved)}
                  >
                    <IconTrash size={15} aria-hidden />
                  </ActionIcon>
                )}
              </Group>
            ))}
          </div>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={saving} onClose={() => setSaving(false)} title="Save this search" size="sm">
        {saving && (
          <SaveForm state={state} own={all.filter(({ mine }) => mine)} onDone={() => setSaving(false)} />
        )}
      </Modal>
      <Modal
        opened={deleting !== undefined}
        onClose={() => setDeleting(undefined)}
        title="Delete this saved search?"
        size="sm"
      >
        <Text size="sm">
          “{visible(deleting?.title ?? '', 200)}” is deleted for everyone. The events stay.
        </Text>
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={() => setDeleting(undefined)}>
            Keep it
          </Button>
          <Button
            color="red"
            loading={remove.isPending}
            onClick={() => deleting && remove.mutate(deleting.id)}
          >
            Delete
          </Button>
        </Group>
      </Modal>
    </>
  );
}

function SaveForm({
  state,
  own,
  onDone,
}: {
  readonly state: string;
  readonly own: readonly SavedSearch[];
  readonly onDone: () => void;
}) {
  const client = useQueryClient();
  const [title, setTitle] = useState('');
  const known = own.find((saved) => saved.title === title.trim());
  const save = useMutation({
    mutationFn: () =>
      call('POST /api/searches', { body: { title: title.trim(), state, ...(known && { id: known.id }) } }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: KEY });
      notifications.show({ color: 'teal', message: `Saved as “${title.trim()}”` });
      onDone();
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (title.trim() !== '') save.mutate();
      }}
    >
      <Stack gap="sm">
        <TextInput
          label="Name"
          data-autofocus
          maxLength={200}
          value={title}
          onChange={({ currentTarget }) => setTitle(currentTarget.value)}
          description="Query, filters, sources, time range and columns are saved."
          error={save.error?.message}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={save.isPending} disabled={title.trim() === ''}>
            {known ? 'Replace' : 'Save'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
