/** A new password, typed twice. */
import { PasswordInput } from '@mantine/core';
import { useState } from 'react';

const MIN_PASSWORD = 8;

/** `onChange` gets it once it is long enough and the same in both places, otherwise undefined. */
export function NewPassword({ onChange }: { readonly onChange: (password: string | undefined) => void }) {
  const [first, setFirst] = useState('');
  const [again, setAgain] = useState('');
  const tell = (one: string, other: string): void =>
    onChange(one.length >= MIN_PASSWORD && one === other ? one : undefined);
  return (
    <>
      <PasswordInput
        label="New password"
        description={`At least ${MIN_PASSWORD} characters, better 15; a sentence is fine.`}
        required
        autoComplete="new-password"
        value={first}
        error={
          first !== '' && first.length < MIN_PASSWORD
            ? `${MIN_PASSWORD - first.length} more characters are needed`
            : undefined
        }
        onChange={({ currentTarget: { value } }) => {
          setFirst(value);
          tell(value, again);
        }}
      />
      <PasswordInput
        label="The same password again"
        required
        autoComplete="new-password"
        value={again}
        error={again !== '' && again !== first ? 'The two passwords differ' : undefined}
        onChange={({ currentTarget: { value } }) => {
          setAgain(value);
          tell(first, value);
        }}
      />
    </>
  );
}
