/** A form for a new source or destination. */
import { Anchor, Group, Skeleton, Text, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { Problem } from '../../lib/problem.tsx';
import { newDraft } from './draft.ts';
import { IntegrationForm } from './form.tsx';
import { CardIcon } from './icons.tsx';
import './integrations.css';
import { useCatalogue } from './use-items.ts';

export function AddIntegration() {
  const { card: id } = useParams({ strict: false }) as { card: string };
  const navigate = useNavigate();
  const client = useQueryClient();
  const { data, error, refetch } = useCatalogue();
  const card = data?.cards.find((each) => each.id === id);
  if (error) return <Problem title="The form can not be shown" error={error} retry={() => void refetch()} />;
  if (data && !card)
    return (
      <Problem
        title="There is nothing of this kind to set up"
        error={new Error(`“${id.slice(0, 60)}” is not known`)}
      />
    );
  return (
    <div className="integration-page">
      <Anchor component={Link} to="/integrations/new" search={{ kind: card?.kind } as never} size="sm">
        {card?.kind === 'destination' ? 'Add a destination' : 'Add a source'}
      </Anchor>
      {!data || !card ? (
        <Skeleton height={420} mt="md" role="status" aria-label="Loading" />
      ) : (
        <>
          <Group gap="xs" mt={4}>
            <CardIcon card={card.id} size={26} />
            <Title order={1} size="h3">
              {card.title}
            </Title>
          </Group>
          <Text size="sm" c="dimmed" mt={4} mb="md">
            {card.words}
          </Text>
          <IntegrationForm
            key={card.id}
            {...{ card }}
            items={data.items}
            addresses={data.addresses}
            store={data.store}
            initial={newDraft(card, data.items, data.store)}
            onSaved={(detail) => {
              client.setQueryData(['integration', detail.item.id], detail);
              void client.invalidateQueries({ queryKey: ['integrations'] });
              void navigate({ to: '/integrations/$id', params: { id: detail.item.id } as never });
            }}
          />
        </>
      )}
    </div>
  );
}
