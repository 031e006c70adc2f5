/** Test, disable, enable, delete: what somebody with the right can do to a source or destination. */
import { ActionIcon, Alert, Button, Group, Menu, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDots, IconPlayerPause, IconPlayerPlay, IconSend, IconTrash } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { IntegrationItem } from '../../../../src/server/contract.ts';
import { useMay } from '../../app/session.tsx';
import { call } from '../../lib/api.ts';
import { Dialogue } from '../settings/dialogue.tsx';
import { TestDialogue } from './test-dialogue.tsx';

export interface ActionsProps {
  readonly item: IntegrationItem;
  /** There is a test for it. */
  readonly tests: boolean;
  /** Everything there is, to say who else is meant. */
  readonly items: readonly IntegrationItem[];
  readonly onDeleted?: () => void;
}

export function Actions({ item, tests, items, onDeleted }: ActionsProps) {
  const mayChange = useMay('operator');
  const client = useQueryClient();
  const [asking, setAsking] = useState<'test' | 'disable' | 'delete'>();
  const { id, title, managed, state } = item;
  const isDisabled = state === 'disabled';
  if (!mayChange || (!tests && !managed)) return null;
  const close = (): void => setAsking(undefined);
  const refresh = (): Promise<void> => client.invalidateQueries({ queryKey: ['integrations'] });
  const setEnabled = async (enabled: boolean): Promise<void> => {
    await call('POST /api/integrations/:id/enabled', { params: { id }, body: { enabled } });
    notifications.show({ message: `${title} is ${enabled ? 'enabled' : 'disabled'}.` });
    await refresh();
  };
  return (
    <Group gap={6} wrap="nowrap">
      {tests && (
        <Button
          size="compact-sm"
          variant="default"
          disabled={isDisabled && item.kind === 'source'}
          leftSection={<IconSend size={14} aria-hidden />}
          onClick={() => setAsking('test')}
          aria-label={`Test ${title}`}
        >
          Test
        </Button>
      )}
      {managed && isDisabled && (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconPlayerPlay size={14} aria-hidden />}
          onClick={() =>
            void setEnabled(true).catch((error: Error) =>
              notifications.show({ color: 'red', title: `${title} was not enabled`, message: error.message }),
            )
          }
          aria-label={`Enable ${title}`}
        >
          Enable
        </Button>
      )}
      {managed && (
        <Menu position="bottom-end" width={180}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={`More for ${title}`}>
              <IconDots size={18} aria-hidden />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {!isDisabled && (
              <Menu.Item
                leftSection={<IconPlayerPause size={16} aria-hidden />}
                onClick={() => setAsking('disable')}
              >
                Disable…
              </Menu.Item>
            )}
            <Menu.Item
              leftSection={<IconTrash size={16} aria-hidden />}
              color="var(--mantine-color-error)"
              onClick={() => setAsking('delete')}
            >
              Delete…
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      {asking === 'test' && (
        <TestDialogue
          title={title}
          run={() => call('POST /api/integrations/:id/test', { params: { id } })}
          onClose={close}
        />
      )}
      {asking === 'disable' && (
        <Dialogue
          title={`Disable ${title}`}
          submit="Disable"
          onClose={close}
          onSubmit={() => setEnabled(false)}
        >
          <Consequences item={item} items={items} />
        </Dialogue>
      )}
      {asking === 'delete' && (
        <Delete
          item={item}
          items={items}
          onClose={close}
          onDone={async () => {
            await call('DELETE /api/integrations/:id', { params: { id } });
            notifications.show({ message: `${title} is deleted.` });
            await refresh();
            onDeleted?.();
          }}
        />
      )}
    </Group>
  );
}

/** What stops, in words. */
function Consequences({
  item,
  items,
}: {
  readonly item: IntegrationItem;
  readonly items: readonly IntegrationItem[];
}) {
  if (item.kind === 'source')
    return (
      <Text size="sm">
        Senders can not connect any more. Those that keep what they could not send, such as Beats, bring it
        when it is there again; what others send meanwhile is lost.
      </Text>
    );
  const stranded = items.filter(
    ({ id, kind, keep, others }) =>
      kind === 'source' &&
      keep === undefined &&
      others.length === 1 &&
      item.others.some((each) => each.id === id),
  );
  return (
    <>
      <Text size="sm">
        Its sources go on. What they receive meanwhile is not sent here, also not later.
        {(item.queued ?? 0) > 0 &&
          ` ${item.queued} events wait for it on the disk; they stay there while it is disabled.`}
      </Text>
      {stranded.length > 0 && (
        <Alert color="yellow" title="Events will be lost">
          {stranded.map(({ title }) => title).join(', ')} {stranded.length === 1 ? 'sends' : 'send'} nowhere
          else.
        </Alert>
      )}
    </>
  );
}

function Delete({
  item,
  items,
  onClose,
  onDone,
}: {
  readonly item: IntegrationItem;
  readonly items: readonly IntegrationItem[];
  readonly onClose: () => void;
  readonly onDone: () => Promise<void>;
}) {
  // Where data would stop, a click is not enough.
  const isInUse = item.state !== 'disabled' && (item.total > 0 || item.others.length > 0);
  return (
    <Dialogue
      title={`Delete ${item.title}`}
      submit="Delete"
      danger
      {...(isInUse && { confirm: { text: item.title, label: `Type ${item.title} to confirm` } })}
      onClose={onClose}
      onSubmit={onDone}
    >
      {item.state !== 'disabled' && <Consequences item={item} items={items} />}
      <Text size="sm">
        Its settings and secrets are deleted and do not come back
        {(item.queued ?? 0) > 0 && ', nor do the events that wait for it'}. Events in Millrace's own store
        stay.
      </Text>
    </Dialogue>
  );
}
