import { Link } from '@tanstack/react-router';
import type { Row, ViewColumn } from '../api/types.ts';
import { Severity } from '../parts/Severity.tsx';
import { When } from '../parts/When.tsx';

/** A value of a row as its column wants it; what leads somewhere is a link. */
export function Cell({ column, row }: { column: ViewColumn; row: Row }) {
  const value = row[column.name];
  if (value === null || value === undefined || value === '') return <span className="tone-quiet">–</span>;
  if (column.name === 'severity') return <Severity level={Number(value)} />;
  if (
    (column.name === 'device' || column.name === 'device_name' || column.name === 'name') &&
    typeof row['device'] === 'string'
  )
    return (
      <Link
        to="/assets/$id"
        params={{ id: row['device'] }}
        search={row['subscription'] === undefined ? {} : { subscription: String(row['subscription']) }}
      >
        {String(value)}
      </Link>
    );
  if (column.name === 'qid')
    return (
      <Link to="/vulnerabilities/$qid" params={{ qid: String(value) }}>
        {String(value)}
      </Link>
    );
  return <PlainValue type={column.type} value={value} />;
}

export function PlainValue({ type, value }: { type: ViewColumn['type']; value: unknown }) {
  if (value === null || value === undefined || value === '') return <span className="tone-quiet">–</span>;
  if (type === 'time') return <When at={value as string} />;
  if (type === 'boolean') return <>{value === true || value === 1 ? 'yes' : 'no'}</>;
  if (type === 'number') return <>{typeof value === 'number' ? String(value) : String(value)}</>;
  if (Array.isArray(value)) return <span title={value.join(', ')}>{value.join(', ')}</span>;
  return <span title={String(value)}>{String(value)}</span>;
}
