import { useQuery } from '@tanstack/react-query';
import { workersQuery } from '../api/queries.ts';
import { Empty } from '../parts/Empty.tsx';
import { count } from '../parts/format.ts';
import { ListTable } from '../parts/ListTable.tsx';
import { Panel } from '../parts/Panel.tsx';
import { Mark } from '../parts/StatusMark.tsx';
import { When } from '../parts/When.tsx';

/** Who shares the work; nothing where one process does all of it. */
export function Workers() {
  const workers = useQuery(workersQuery).data?.workers ?? [];
  if (workers.length < 2) return null;
  return (
    <Panel title="Workers">
      <ListTable
        label="Workers"
        items={workers}
        keyOf={({ name, started }) => `${name} ${started}`}
        empty={<Empty title="No worker">Nobody works on this database.</Empty>}
        columns={[
          { title: 'Worker', cell: ({ name }) => <span className="mono">{name}</span> },
          {
            title: 'State',
            cell: ({ alive, seen }) =>
              alive ? (
                <Mark tone="good">at work</Mark>
              ) : (
                <>
                  <Mark tone="bad">gone</Mark>, last seen <When at={seen} />
                </>
              ),
          },
          { title: 'Leases', cell: ({ leases }) => count(leases), number: true },
          { title: 'Lost leases', cell: ({ lost_leases: lost }) => count(lost), number: true },
          { title: 'Version', cell: ({ version }) => version },
        ]}
      />
    </Panel>
  );
}
