/** A form in a window: sends what was filled in, says what is wrong, closes when it is done. */
import { Alert, Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';

export interface DialogueProps {
  readonly title: string;
  readonly submit: string;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  /** What has to be typed before it is sent, as a click is not enough. */
  readonly confirm?: { readonly text: string; readonly label: string };
  readonly onClose: () => void;
  /** Closes the window, unless it throws or gives `false`. */
  readonly onSubmit: () => Promise<unknown>;
  readonly children: ReactNode;
}

export function Dialogue({
  title,
  submit,
  danger,
  disabled,
  confirm,
  onClose,
  onSubmit,
  children,
}: DialogueProps) {
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      if ((await onSubmit()) !== false) onClose();
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={(event) => void send(event)}>
        <Stack>
          {problem !== undefined && (
            <Alert color="red" role="alert">
              <div {...(problem.includes('\n') && { className: 'settings-problem' })}>{problem}</div>
            </Alert>
          )}
          {children}
          {confirm && (
            <TextInput
              label={confirm.label}
              data-autofocus
              autoComplete="off"
              value={typed}
              onChange={({ currentTarget }) => setTyped(currentTarget.value)}
            />
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button
              type="submit"
              loading={busy}
              disabled={disabled === true || (confirm !== undefined && typed !== confirm.text)}
              {...(danger && { color: 'red.9' })}
            >
              {submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
