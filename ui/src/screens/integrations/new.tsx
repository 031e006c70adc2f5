/** What can be set up: a card for each kind of source and destination. */
import { Anchor, Group, SimpleGrid, Skeleton, Stack, Text, Title } from '@mantine/core';
import { Link, useSearch } from '@tanstack/react-router';
import type { IntegrationCard } from '../../../../src/server/contract.ts';
import { Problem } from '../../lib/problem.tsx';
import { CardIcon } from './icons.tsx';
import './integrations.css';
import { useCatalogue } from './use-items.ts';

export function NewIntegration() {
  const { kind } = useSearch({ strict: false }) as { kind?: IntegrationCard['kind'] };
  const { data, error, refetch } = useCatalogue();
  if (error)
    return <Problem title="What can be added is not known" error={error} retry={() => void refetch()} />;
  const kinds = kind === undefined ? (['source', 'destination'] as const) : [kind];
  return (
    <Stack className="integration-page" gap="md">
      <div>
        <Anchor component={Link} to="/integrations" size="sm">
          Sources and destinations
        </Anchor>
        <Title order={1} size="h3" mt={4}>
          {kind === 'destination'
            ? 'Add a destination'
            : kind === 'source'
              ? 'Add a source'
              : 'Add a source or destination'}
        </Title>
        <Text size="sm" c="dimmed" mt={4}>
          {kind === 'destination'
            ? 'Where should events go? You can choose which sources send there.'
            : 'What sends you events? You are shown what to set there, and see when the first event comes.'}
        </Text>
      </div>
      {!data && (
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} aria-busy="true" aria-label="Loading">
          {[1, 2, 3, 4, 5, 6].map((each) => (
            <Skeleton key={each} height={92} />
          ))}
        </SimpleGrid>
      )}
      {data &&
        kinds.map((each) => (
          <section key={each} aria-label={each === 'source' ? 'Sources' : 'Destinations'}>
            {kinds.length > 1 && (
              <Title order={2} size="h5" mb="xs">
                {each === 'source' ? 'Sources' : 'Destinations'}
              </Title>
            )}
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
              {data.cards
                .filter((card) => card.kind === each)
                .map((card) => (
                  <Link
                    key={card.id}
                    to="/integrations/new/$card"
                    params={{ card: card.id } as never}
                    className="integration-offer"
                  >
                    <Group gap="sm" wrap="nowrap" align="flex-start">
                      <CardIcon card={card.id} size={26} />
                      <div>
                        <Text size="sm" fw={600}>
                          {card.title}
                        </Text>
                        <Text size="xs" c="dimmed">
                          {card.words}
                        </Text>
                      </div>
                    </Group>
                  </Link>
                ))}
            </SimpleGrid>
          </section>
        ))}
    </Stack>
  );
}
