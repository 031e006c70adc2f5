import fc from 'fast-check';
import { expect, test } from 'vitest';
import { weakness } from './weak-password.ts';

test.each([
  'password',
  'Password1',
  'P@ssw0rd2026!',
  'Welcome123456',
  'qwertyuiop',
  '1qaz2wsx3edc',
  'iloveyou',
  'Dragon2026',
  'aaaaaaaaaaaa',
  'abcabcabcabc',
  '12345678901',
  '210987654321',
  'abcdefghij',
  'Millrace2026',
  'kim.berger',
  'Kim.Berger1!',
])('%s is guessed first', (password) => {
  expect(weakness(password, 'kim.berger')).toBeTypeOf('string');
});

test.each([
  'correct horse battery staple',
  'long enough',
  'a long password',
  'mill wheel at dusk',
  'xK9#vQ2p!mZ7',
  'password of the old mill',
  'kim.berger lives by the river',
])('%s is not', (password) => {
  expect(weakness(password, 'kim.berger')).toBeUndefined();
});

test('a short name of a user may be part of a word', () => {
  expect(weakness('animated otter', 'anim')).toBeUndefined();
  expect(weakness('ananas boat', 'an')).toBeUndefined();
});

test('any text has an answer', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 1024 }),
      fc.string({ maxLength: 128 }),
      (password, user) => {
        weakness(password, user);
      },
    ),
  );
});
