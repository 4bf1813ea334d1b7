import { Alert, List } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { completenessQuery } from '../api/queries.ts';
import { howComplete, isIncomplete } from '../parts/Complete.tsx';
import { words } from '../parts/format.ts';
import { Mark } from '../parts/StatusMark.tsx';

/** Data sets of which something is known to be missing; nothing where there is none. */
export function Incomplete() {
  const missing = (useQuery(completenessQuery()).data ?? []).filter(isIncomplete);
  if (missing.length === 0) return null;
  return (
    <Alert color="yellow" variant="outline" title={<Mark tone="wait">Not everything is here</Mark>}>
      <List size="sm">
        {missing.map((one) => (
          <List.Item key={`${one.connection}/${one.dataset}`}>
            {words(one.dataset)} of{' '}
            <Link to="/connections/$id" params={{ id: one.connection }}>
              {one.connection}
            </Link>
            : {howComplete(one)}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
