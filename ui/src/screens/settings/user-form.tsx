/** Make a user, or change one's role and rules. */
import { Select, TagsInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Role, UserView } from '../../../../src/server/contract.ts';
import { call } from '../../lib/api.ts';
import { Dialogue } from './dialogue.tsx';
import { NewPassword } from './new-password.tsx';

const roleTexts: readonly { readonly value: Role; readonly label: string }[] = [
  { value: 'viewer', label: 'Viewer: searches and looks' },
  { value: 'analyst', label: 'Analyst: exports and saves searches, too' },
  { value: 'operator', label: 'Operator: changes pipelines, too' },
  { value: 'administrator', label: 'Administrator: everything' },
];

export function UserForm({
  user,
  isSelf,
  onClose,
  onDone,
}: {
  /** Undefined: a new one. */
  readonly user: UserView | undefined;
  readonly isSelf: boolean;
  readonly onClose: () => void;
  readonly onDone: (message: string) => void;
}) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>(user?.role ?? 'viewer');
  const [password, setPassword] = useState<string>();
  const [indices, setIndices] = useState<string[]>(user?.indices ?? []);
  const [hiddenFields, setHiddenFields] = useState<string[]>(user?.hiddenFields ?? []);
  const [filter, setFilter] = useState(user?.filter ?? '');
  const save = async (): Promise<void> => {
    const rules = { role, indices: indices.length > 0 ? indices : null, hiddenFields, filter };
    if (user) await call('PUT /api/users/:name', { params: { name: user.name }, body: rules });
    else await call('POST /api/users', { body: { name: name.trim(), password: password!, ...rules } });
    onDone(user ? `${user.name} is changed.` : `${name.trim()} may sign in now.`);
  };
  return (
    <Dialogue
      title={user ? `Change ${user.name}` : 'New user'}
      submit={user ? 'Save' : 'Make the user'}
      disabled={!user && password === undefined}
      onClose={onClose}
      onSubmit={save}
    >
      {!user && (
        <TextInput
          label="Name"
          required
          data-autofocus
          autoComplete="off"
          maxLength={128}
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
      )}
      <Select
        label="Role"
        data={roleTexts}
        allowDeselect={false}
        disabled={isSelf}
        description={isSelf ? 'Nobody changes their own role: another administrator can.' : undefined}
        value={role}
        onChange={(value) => setRole(value as Role)}
      />
      {!user && <NewPassword onChange={setPassword} />}
      <TagsInput
        label="Indices"
        description="Names and patterns such as web-*; none: all of them."
        placeholder={indices.length === 0 ? 'all' : ''}
        value={indices}
        onChange={setIndices}
        acceptValueOnBlur
      />
      <TagsInput
        label="Hidden fields"
        description="Never shown to this user, nor searched."
        value={hiddenFields}
        onChange={setHiddenFields}
        acceptValueOnBlur
      />
      <TextInput
        label="Only events that match"
        description="KQL that every search is narrowed by."
        placeholder="all events"
        classNames={{ input: 'settings-mono' }}
        value={filter}
        onChange={({ currentTarget }) => setFilter(currentTarget.value)}
      />
    </Dialogue>
  );
}
