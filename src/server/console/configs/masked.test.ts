import { expect, test } from 'vitest';
import { registry } from '../../../plugins/registry.ts';
import { harmlessVariables, maskedText } from './masked.ts';

test('secrets of configs are asterisks of the same length, variables stay', async () => {
  const text = `output { http { url => "http://u:geheim@h/" password => "abc def" headers => { "Authorization" => "Bearer xyz" } } }
output { elasticsearch { password => "\${ES}" } }`;
  const masked = await maskedText('pipeline', text, registry);
  expect(masked).toHaveLength(text.length);
  for (const secret of ['geheim', 'abc def', 'xyz']) expect(masked).not.toContain(secret);
  expect(masked).toContain('${ES}');
  // Broken text is masked, too.
  expect(await maskedText('pipeline', 'output { http { password => "geheim"', registry)).not.toContain(
    'geheim',
  );
});

test('secrets of YAML and JSON are masked by their keys', async () => {
  const masked = await maskedText(
    'custom',
    'password: geheim\n- api_key: "geheim two"\nuser: ada\n{"token": "geheim"}\nsecret: ${KEPT}\n',
    registry,
  );
  expect(masked).not.toContain('geheim');
  expect(masked).toContain('user: ada');
  expect(masked).toContain('secret: ${KEPT}');
});

test('what is tried out gets no secrets, and of the environment only what saved configs name', () => {
  const { environment, keystore } = harmlessVariables(
    {
      environment: { PORT: '1', API_TOKEN: 'geheim', OTHER: 'x' },
      keystore: (name) => (name === 'KEPT' ? 'geheim' : undefined),
    },
    ['input { tcp { port => "${PORT}" } } filter { mutate { add_field => { "a" => "${API_TOKEN:none}" } } }'],
  );
  expect(environment).toEqual({ PORT: '1', API_TOKEN: '<password>' });
  expect(keystore!('KEPT')).toBe('<password>');
  expect(keystore!('NOTHING')).toBeUndefined();
});
