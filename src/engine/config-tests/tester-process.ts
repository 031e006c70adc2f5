/** The process that tries configs for a server: see `tester.ts`. It ends when the server does. */
import { type EscapeStyle, useEscapeStyle } from '../../event/field-reference.ts';
import { loadRegistry, sentence } from '../thread.ts';
import { previewFilters } from './preview.ts';
import { runConfigTests } from './run.ts';
import { type TesterAnswer, type TesterRequest, unpackVariables } from './tester-messages.ts';

const [registryUrl = '', escapeStyle] = process.argv.slice(2);
useEscapeStyle(escapeStyle as EscapeStyle);
const registry = loadRegistry(registryUrl);

async function result(request: TesterRequest): Promise<unknown> {
  const variables = unpackVariables(request.variables);
  if (request.kind === 'preview') return previewFilters({ ...request.spec, variables }, await registry);
  const { pipelines } = request;
  return runConfigTests(
    { ...request.spec, variables, ...(pipelines && { pipelines: async () => pipelines }) },
    await registry,
  );
}

process.on('message', (request) => {
  void result(request as TesterRequest)
    .then(
      (value): TesterAnswer => ({ json: JSON.stringify(value) }),
      (error: unknown): TesterAnswer => ({ error: sentence(error) }),
    )
    .then((answer) => process.send!(answer));
});
process.on('disconnect', () => process.exit(0));
