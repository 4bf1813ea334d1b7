import { Button, Menu } from '@mantine/core';
import { useState } from 'react';
import { apiUrl, send } from '../api/client.ts';
import type { Row, View } from '../api/types.ts';
import { count } from '../parts/format.ts';
import { ProblemAlert } from '../parts/ProblemAlert.tsx';
import { useAction } from '../parts/useAction.ts';

interface ExportMenuProps {
  readonly view: View;
  readonly filter: string;
  readonly sort: string;
  readonly columns: readonly string[];
  readonly selected: readonly Row[];
}
type Kind = 'csv' | 'ndjson';
const TYPES = { csv: 'text/csv', ndjson: 'application/x-ndjson' };

/** All rows of the query, made by the server, or those that are chosen. */
export function ExportMenu({ view, filter, sort, columns, selected }: ExportMenuProps) {
  const action = useAction();
  const [copied, setCopied] = useState(false);
  const all = (kind: Kind) => () =>
    void action.run(async () => {
      const url = apiUrl(`/inventory/${view.name}`, { filter, sort, fields: columns.join(',') });
      save(await (await send('GET', url, { accept: TYPES[kind] })).blob(), `${view.name}.${kind}`);
    });
  const chosen = (kind: Kind) => () => {
    const lines = kind === 'csv' ? csvOf(selected, columns) : selected.map((row) => JSON.stringify(row));
    save(new Blob([`${lines.join('\n')}\n`], { type: TYPES[kind] }), `${view.name}.${kind}`);
  };
  const copy = async (): Promise<void> => {
    await navigator.clipboard?.writeText(window.location.href);
    setCopied(true);
  };
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" loading={action.busy}>
            Export
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={all('csv')}>All rows as CSV</Menu.Item>
          <Menu.Item onClick={all('ndjson')}>All rows as NDJSON</Menu.Item>
          <Menu.Item disabled={selected.length === 0} onClick={chosen('csv')}>
            {count(selected.length)} chosen rows as CSV
          </Menu.Item>
          <Menu.Item disabled={selected.length === 0} onClick={chosen('ndjson')}>
            {count(selected.length)} chosen rows as NDJSON
          </Menu.Item>
          <Menu.Item closeMenuOnClick={false} onClick={() => void copy()}>
            {copied ? 'The link is copied' : 'Copy a link to this query'}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ProblemAlert error={action.error} />
    </>
  );
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

/** RFC 4180; a text that a spreadsheet would take for a formula begins with an apostrophe. */
export function csvOf(rows: readonly Row[], columns: readonly string[]): string[] {
  const cell = (value: unknown): string => {
    if (value === null || value === undefined) return '';
    const text = Array.isArray(value) ? value.join(';') : String(value);
    const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns.join(','), ...rows.map((row) => columns.map((name) => cell(row[name])).join(','))];
}
